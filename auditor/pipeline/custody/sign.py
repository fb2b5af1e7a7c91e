"""Sign a report: read the files, build the statement and return the envelope."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.collectors.media import FoundFile, file_at, hash_files, list_medium
from auditor.collectors.media.file_hashing import Progress
from auditor.custody.envelope import Envelope, EnvelopeSignature, pae, to_json
from auditor.custody.file_names import as_text, fault_of
from auditor.custody.signing_keys import MAX_KEY, PassphraseNeeded, Private, PublicKey, UnusableKey, load_private, sign
from auditor.custody.statement import (
    EVIDENCE,
    MAX_SUBJECTS,
    PAYLOAD_TYPE,
    REPORT,
    TRANSFER,
    SignedFile,
    Statement,
    about_report,
    sorted_subjects,
    to_payload,
)
from auditor.errors import UsageError
from auditor.pipeline.custody.small_files import read_small
from auditor.pipeline.inputs import is_evidence
from auditor.pipeline.report_inputs import read_report_bytes
from auditor.text import short_hash

PASSPHRASE = "AUDITOR_KEY_PASSPHRASE"  # noqa: S105 - the name of an environment variable
_KEY_HINT = "Name a private key in PEM form."
_LIST_HINT = "Write a list with `auditor manifest DIR`, and sign `--transfer DIR/SHA256SUMS`."


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed statement. `text` is the envelope; `key` is the public key of the signer."""

    text: str
    statement: Statement
    key: PublicKey


def private_key(path: Path, passphrase: Callable[[], bytes]) -> Private:
    """Return the private key in a PEM file. `passphrase` is called only for an encrypted key. Raises UsageError."""
    data = read_small(path, MAX_KEY, _KEY_HINT)
    try:
        try:
            return load_private(data, None)
        except PassphraseNeeded:
            given = passphrase()
            if not given:
                raise UsageError(f"{path}: the passphrase is empty", f"Set {PASSPHRASE}, or type it.") from None
            return load_private(data, given)
    except UnusableKey as error:
        raise UsageError(f"{path}: {error}", error.hint) from error


def sign_report(
    report: Path,
    key: Private,
    evidence: Path | None = None,
    transfers: Sequence[Path] = (),
    output: Path | None = None,
    progress: Progress | None = None,
) -> Signed:
    """Return the signed statement about a report, its evidence and the files of the transfer. Nothing is written.

    `output` is where the caller writes the envelope: this file is not part of the transfer. Raises UsageError.
    """
    document, data = read_report_bytes(report)
    subjects = [SignedFile(_name(report), REPORT, len(data), hashlib.sha256(data).hexdigest())]
    if evidence is not None:
        subjects.append(_evidence(evidence, document, report, progress))
    transferred, links = _transferred(transfers, output, progress)
    subjects += transferred
    _refuse_repeated([*(subject.name for subject in subjects), *links])
    statement = Statement(sorted_subjects(subjects), about_report(document), __version__, links)
    payload = to_payload(statement)
    public = PublicKey(key.public_key(), "the public key")
    signature = EnvelopeSignature(sign(key, pae(PAYLOAD_TYPE, payload)), public.name.rpartition(" ")[2])
    return Signed(to_json(Envelope(PAYLOAD_TYPE, payload, (signature,))), statement, public)


def _name(path: Path) -> str:
    """Return the last part of a path as the user may have written it: `.` and `..` stand for a folder with a name."""
    name = as_text(path.name if path.name not in {"", ".."} else path.resolve().name)
    if why := fault_of(name):
        raise UsageError(f"{path}: it has no name for the statement: {why}", "Name a folder or a file below the root.")
    return name


def _evidence(path: Path, report: dict[str, Any], report_path: Path, progress: Progress | None) -> SignedFile:
    if not is_evidence(path):
        raise UsageError(f"{path}: it is not an evidence file", "`auditor collect` writes evidence.")
    (subject,) = _hashed([(_name(path), file_at(path, _name(path)))], EVIDENCE, progress)
    basis = report.get("evidence_basis")
    stated = basis.get("sha256") if isinstance(basis, dict) else None
    if not stated:
        raise UsageError(f"{report_path}: the report does not state the SHA-256 of its evidence", _AGAIN.format(path=path))
    if stated != subject.sha256:
        raise UsageError(
            f"{path}: it is not the evidence of {report_path}: its SHA-256 is {short_hash(subject.sha256)}…, "
            f"the report states {short_hash(str(stated))}…",
            _AGAIN.format(path=path),
        )
    return subject


_AGAIN = "Audit this evidence again: `auditor audit {path} --format json=report.json`, then sign the new report."


def _transferred(
    paths: Sequence[Path], output: Path | None, progress: Progress | None
) -> tuple[list[SignedFile], dict[str, str]]:
    """Return the subjects and the symbolic links of the transfer."""
    links: dict[str, str] = {}
    found: list[tuple[str, FoundFile]] = []
    roots = [_name(path) for path in paths]
    _refuse_repeated(roots)
    for path, root in zip(paths, roots, strict=True):
        if path.is_dir():
            medium = list_medium(path.resolve(), _marked(output))
            _refuse_unsigned(path, {**medium.others, **medium.unreadable})
            found += [(f"{root}/{as_text(name)}", file) for name, file in medium.files.items()]
            links |= {f"{root}/{as_text(name)}": as_text(target) for name, target in medium.links.items()}
        else:
            found.append((root, file_at(path, root)))
    if len(found) + len(links) > MAX_SUBJECTS - 2:
        raise UsageError(f"the transfer has more than {MAX_SUBJECTS - 2:,} files", _LIST_HINT)
    return _hashed(found, TRANSFER, progress), links


def _marked(output: Path | None) -> frozenset[tuple[int, int]]:
    if output is None or not output.exists():
        return frozenset()
    info = output.stat()
    return frozenset({(info.st_dev, info.st_ino)})


def _refuse_unsigned(folder: Path, others: dict[str, str]) -> None:
    for name, kind in others.items():
        raise UsageError(f"{folder / as_text(name)}: it cannot be signed: {kind}", "Remove it from the transfer.")


def _hashed(files: list[tuple[str, FoundFile]], role: str, progress: Progress | None) -> list[SignedFile]:
    names = {found.path: name for name, found in files}
    if len(names) != len(files):
        raise UsageError("the transfer names a file twice", "Name each folder once, and no file inside a named folder.")
    subjects = []
    for hashed in hash_files((found for _, found in files), progress=progress):
        if hashed.problem:
            raise UsageError(f"{hashed.found.path}: {hashed.problem}", "Sign when no other program writes to the files.")
        name = names[hashed.found.path]
        if why := fault_of(name):
            raise UsageError(f"{hashed.found.path}: its name cannot be signed: {why}", "Rename the file.")
        subjects.append(SignedFile(name, role, hashed.found.info.st_size, hashed.sha256))
    return subjects


def _refuse_repeated(names: list[str]) -> None:
    if len(set(names)) != len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"two files have the same name in the statement: {name}", "Rename one, or put them into folders.")
