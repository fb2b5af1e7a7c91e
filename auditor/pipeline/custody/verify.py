"""Verify a signed statement: its signature, the report, the evidence and the files of the transfer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from auditor.collectors.media import FoundFile, Medium, file_at, hash_files, list_medium
from auditor.collectors.media.file_hashing import Progress
from auditor.custody.comparison import Expected, FileDifference, FilesCompared, FileState, hash_difference, size_difference
from auditor.custody.envelope import MAX_ENVELOPE, Envelope, from_json
from auditor.custody.file_names import as_text
from auditor.custody.signing_keys import MAX_KEY, PublicKey, UnusableKey, load_public
from auditor.custody.statement import (
    EVIDENCE,
    PAYLOAD_TYPE,
    REPORT,
    TRANSFER,
    SignedFile,
    Statement,
    about_report,
    from_payload,
)
from auditor.errors import UsageError
from auditor.pipeline.custody.small_files import exists, is_folder, read_small
from auditor.pipeline.report_inputs import read_report_bytes
from auditor.text import listed

_ENVELOPE_HINT: Final = "Name the file that `auditor sign` wrote."
_KEY_HINT: Final = "Name the public key or the certificate of the signer."


@dataclass(frozen=True, slots=True)
class Locations:
    """Where the signed files are now. Files that are not named are searched beside the envelope, under their signed names.

    `transfers` are paths, or `NAME=PATH` with a name of the statement. `skipped` are roles that are not checked.
    """

    report: Path | None = None
    evidence: Path | None = None
    transfers: Sequence[str] = ()
    skipped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verified:
    """The result. `fault` is the reason if the signature or the statement is not valid; then no file was read.

    `results` maps each role that was checked to its result. `mismatch` is what the statement says differently from the report.
    """

    key: PublicKey
    fault: str = ""
    statement: Statement | None = None
    results: Mapping[str, FilesCompared] | None = None
    mismatch: str = ""

    @property
    def is_refuted(self) -> bool:
        """Whether something is certainly wrong."""
        return bool(self.fault or self.mismatch) or any(one.is_refuted for one in (self.results or {}).values())

    @property
    def is_proven(self) -> bool:
        """Whether all that was checked is as signed."""
        return not self.is_refuted and all(one.is_proven for one in (self.results or {}).values())


def is_envelope(path: Path) -> bool:
    """Whether a file is probably an envelope: a JSON object with a payload."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"payload' in head


def read_public_key(path: Path) -> PublicKey:
    """Return the public key, or the key of the certificate, in a PEM file. Raises UsageError."""
    try:
        return load_public(read_small(path, MAX_KEY, _KEY_HINT))
    except UnusableKey as error:
        raise UsageError(f"{path}: {error}", error.hint) from error


def verify_envelope(path: Path, key: PublicKey, where: Locations, progress: Progress | None = None) -> Verified:
    """Verify the signature, then compare the files. Raises UsageError if the inputs cannot be used."""
    try:
        envelope = from_json(read_small(path, MAX_ENVELOPE, _ENVELOPE_HINT))
    except ValueError as error:
        raise UsageError(f"{path}: it is not a signed statement: {error}", _ENVELOPE_HINT) from error
    if fault := _signature_fault(envelope, key):
        return Verified(key, fault)
    try:
        statement = from_payload(envelope.payload)
    except ValueError as error:
        return Verified(key, f"The signature is valid, but it signs something else: {error}.")
    if where.evidence is not None and not statement.of(EVIDENCE):
        return Verified(key, f"The statement names no evidence file, so {where.evidence} is not signed.", statement)
    folder = path.resolve().parent
    results = {}
    for role, named in ((REPORT, where.report), (EVIDENCE, where.evidence)):
        if role not in where.skipped:
            results[role] = _single(statement.of(role), named, folder, progress)
    if TRANSFER not in where.skipped:
        results[TRANSFER] = _transfer(statement, _roots(statement, where.transfers, folder), path, progress)
    mismatch = ""
    if REPORT in results and results[REPORT].is_proven:
        (subject,) = statement.of(REPORT)
        mismatch = _mismatch(statement.about, where.report or folder / subject.name)
    return Verified(key, "", statement, results, mismatch)


def _signature_fault(envelope: Envelope, key: PublicKey) -> str:
    if not any(key.accepts(one.value, envelope.signed_bytes) for one in envelope.signatures):
        return "No signature was made with this key over this statement: the key is another one, or the statement was changed."
    if envelope.payload_type != PAYLOAD_TYPE:
        return f"The signature is valid, but its payload type is {envelope.payload_type[:80]!r}, not {PAYLOAD_TYPE}."
    return ""


def _single(subjects: tuple[SignedFile, ...], named: Path | None, folder: Path, progress: Progress | None) -> FilesCompared:
    """Compare the report or the evidence. A file that the user names must exist: UsageError."""
    if not subjects:
        return FilesCompared(0, 0, ())
    (subject,) = subjects
    path = named or folder / subject.name
    if named is None and not exists(path):
        return FilesCompared(1, 0, (FileDifference(subject.name, FileState.MISSING, f"it is not in {folder}"),))
    return _read({subject.name: subject}, {subject.name: file_at(path, subject.name)}, (), progress)


def _mismatch(about: Mapping[str, Any], path: Path) -> str:
    """Return how the statement describes the report wrongly; empty if it is right."""
    document, _ = read_report_bytes(path)
    found = about_report(document)
    wrong = [key for key in found if about.get(key) != found[key]]
    if not wrong:
        return ""
    values = [f"{key} is {str(about.get(key))[:60]!r}, in the report {str(found[key])[:60]!r}" for key in wrong]
    return f"The statement describes another report: {listed(values, 3)}."


def _roots(statement: Statement, given: Sequence[str], folder: Path) -> dict[str, Path]:
    """Return the path of each root of the transfer. Raises UsageError if an argument matches no root."""
    roots = {root: folder / root for root in statement.roots}
    named: dict[str, Path] = {}
    rest: list[Path] = []
    for text in given:
        name, equals, after = text.partition("=")
        if equals and name in roots and not exists(Path(text)):
            named[name] = Path(after)
        elif (own := as_text(Path(text).resolve().name)) in roots and own not in named:
            named[own] = Path(text)
        else:
            rest.append(Path(text))
    left = [root for root in roots if root not in named]
    if len(rest) == 1 and len(left) == 1:
        named[left[0]] = rest.pop()
    if rest:
        known = listed(list(roots), 5) if roots else "no file"
        raise UsageError(
            f"--transfer {rest[0]}: the statement names {known}",
            f"Write `--transfer NAME={rest[0]}` with one of these names." if roots else "Leave `--transfer` out.",
        )
    for path in named.values():
        if not exists(path):
            raise UsageError(f"--transfer {path}: there is no such file or folder", "Name the folder of the transfer.")
    return roots | named


def _transfer(statement: Statement, roots: Mapping[str, Path], envelope: Path, progress: Progress | None) -> FilesCompared:
    expected = {subject.name: subject for subject in statement.of(TRANSFER)}
    info = envelope.stat()
    files: dict[str, FoundFile] = {}
    differences: list[FileDifference] = []
    for root, path in roots.items():
        if root in expected:
            if exists(path):
                files[root] = file_at(path, root)
            continue
        medium = list_medium(path.resolve(), frozenset({(info.st_dev, info.st_ino)})) if is_folder(path) else Medium()
        files |= {f"{root}/{as_text(name)}": found for name, found in medium.files.items()}
        differences += _other_kinds(medium, root, expected, statement.links)
    return _read(expected, files, differences, progress, len(statement.links))


def _other_kinds(
    medium: Medium, root: str, expected: Mapping[str, SignedFile], links: Mapping[str, str]
) -> Iterator[FileDifference]:
    """Yield what is not a regular file and not as signed, and missing links."""
    found = {f"{root}/{as_text(name)}": as_text(target) for name, target in medium.links.items()}
    for name, target in found.items():
        if name in expected:
            yield FileDifference(name, FileState.OTHER_KIND, f"it is a symbolic link to {target}, not a file")
        elif name not in links:
            yield FileDifference(name, FileState.ADDITIONAL, f"a symbolic link to {target}")
        elif links[name] != target:
            yield FileDifference(name, FileState.CHANGED, f"the link leads to {target}, expected {links[name]}")
    for short, kind in medium.others.items():
        name = f"{root}/{as_text(short)}"
        yield FileDifference(name, FileState.OTHER_KIND if name in expected else FileState.ADDITIONAL, f"it is {kind}")
    for short, reason in medium.unreadable.items():
        yield FileDifference(f"{root}/{as_text(short)}".rstrip("/"), FileState.UNREADABLE, reason)
    for name in links:
        if name.startswith(f"{root}/") and name not in found:
            yield FileDifference(name, FileState.MISSING, "a symbolic link")


def _read(
    expected: Mapping[str, SignedFile],
    files: Mapping[str, FoundFile],
    before: Sequence[FileDifference],
    progress: Progress | None,
    links: int = 0,
) -> FilesCompared:
    """Hash the files that exist with the expected size, and return all differences."""
    differences = list(before)
    known = {one.name for one in before}
    unreadable = tuple(f"{one.name}{os.sep if os.sep == '/' else '/'}" for one in before if one.state is FileState.UNREADABLE)
    differences += [FileDifference(name, FileState.ADDITIONAL) for name in files if name not in expected]
    to_read = []
    for name, subject in expected.items():
        if name not in files:
            if name not in known and not name.startswith(unreadable):
                differences.append(FileDifference(name, FileState.MISSING))
        elif difference := size_difference(name, _expected(subject), files[name].info.st_size):
            differences.append(difference)
        else:
            to_read.append(files[name]._replace(name=name))
    for hashed in hash_files(to_read, progress=progress):
        name = hashed.found.name
        if hashed.problem:
            differences.append(FileDifference(name, FileState.UNREADABLE, hashed.problem))
        elif found := hash_difference(name, _expected(expected[name]), hashed.sha256):
            differences.append(found)
    size = sum(found.info.st_size for found in to_read)
    return FilesCompared(len(expected) + links, size, tuple(sorted(differences)))


def _expected(subject: SignedFile) -> Expected:
    return Expected(subject.sha256, subject.size)
