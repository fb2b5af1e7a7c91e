"""Check the files of a medium against its custody list. Every file is read once; an interrupted check continues."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.collectors.media import FoundFile, Medium, hash_files, list_medium
from auditor.collectors.media.file_hashing import Progress
from auditor.custody.comparison import Expected, FileDifference, FilesCompared, FileState, hash_difference, size_difference
from auditor.custody.custody_list import JSON_NAME, LIST_NAME, MAX_JSON, StatedMedium, from_json
from auditor.custody.file_names import as_text, fault_of
from auditor.custody.signing_keys import PublicKey
from auditor.custody.statement import EVIDENCE, REPORT, TRANSFER
from auditor.custody.sums import MAX_LIST, MalformedList, from_list
from auditor.errors import UsageError
from auditor.pipeline.custody.journal import Journal
from auditor.pipeline.custody.small_files import exists, read_small
from auditor.pipeline.custody.verify import Locations, verify_envelope

_HINT: Final = "Write a list on the connected side: `auditor manifest DIR`."
_NOTHING: Final = StatedMedium({}, {}, None)


@dataclass(frozen=True, slots=True)
class ReadList:
    """The custody list of a medium: digests by name, the SHA-256 of the list, and what its JSON form adds."""

    path: Path
    digests: Mapping[str, str]
    sha256: str
    stated: StatedMedium
    json_path: Path | None


def read_list(folder: Path, path: Path | None = None) -> ReadList:
    """Return the list of a medium: `path`, or SHA256SUMS in the folder. Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: {'it is not a folder' if exists(folder) else 'there is no such folder'}", _HINT)
    where = path if path is not None else folder / LIST_NAME
    if path is None and not exists(where):
        raise UsageError(f"{folder}: it has no custody list {LIST_NAME}", f"{_HINT[:-1]}, or name one with `--list`.")
    data = read_small(where, MAX_LIST, _HINT)
    try:
        digests = from_list(data)
    except MalformedList as error:
        raise UsageError(f"{where}:{error.line}: {error}", "Name a list of `auditor manifest` or `sha256sum`.") from error
    for name in digests:
        if why := fault_of(name):
            raise UsageError(f"{where}: the name {as_text(name)[:200]!r} is invalid: {why}", "Do not use this list.")
    if not digests:
        raise UsageError(f"{where}: it lists no file", _HINT)
    sha256 = hashlib.sha256(data).hexdigest()
    json_path = where.parent / JSON_NAME
    stated = _stated(json_path, digests, sha256) if exists(json_path) else None
    return ReadList(where, digests, sha256, stated or _NOTHING, json_path if stated is not None else None)


def _stated(path: Path, digests: Mapping[str, str], list_sha256: str) -> StatedMedium | None:
    """Return the JSON form of the list; None if it is another list's, or was changed. The comparison then names the file."""
    data = read_small(path, MAX_JSON, _HINT)
    is_listed = digests.get(JSON_NAME) == hashlib.sha256(data).hexdigest()
    try:
        stated = from_json(data)
    except ValueError:
        return None
    return stated if is_listed or stated.list_sha256 == list_sha256 else None


@dataclass(frozen=True, slots=True)
class ListSignature:
    """Whether a signed statement names a list. `fault` is the reason if not."""

    key: PublicKey
    fault: str = ""


def signed_list(listed: ReadList, statement: Path, key: PublicKey) -> ListSignature:
    """Verify the statement, and that it names this list by its SHA-256. Raises UsageError."""
    verified = verify_envelope(statement, key, Locations(skipped=frozenset({REPORT, EVIDENCE, TRANSFER})))
    if verified.fault or verified.statement is None:
        return ListSignature(key, verified.fault)
    if listed.sha256 not in {file.sha256 for file in verified.statement.of(TRANSFER)}:
        return ListSignature(key, f"The statement is signed, but it does not name {listed.path} with its present content.")
    return ListSignature(key)


@dataclass(frozen=True, slots=True)
class MediumVerified:
    """The result for a medium. `signature` is None if no statement was given: then the list itself is not proven."""

    listed: ReadList
    compared: FilesCompared
    signature: ListSignature | None = None

    @property
    def is_refuted(self) -> bool:
        """Whether something is certainly wrong."""
        return self.compared.is_refuted or bool(self.signature and self.signature.fault)

    @property
    def is_proven(self) -> bool:
        """Whether every file is as listed, and the list is signed if a statement was given."""
        return self.compared.is_proven and not self.is_refuted


def verify_medium(
    folder: Path,
    listed: ReadList,
    *,
    beside: tuple[Path, ...] = (),
    fresh: bool = False,
    jobs: int = 0,
    progress: Progress | None = None,
) -> FilesCompared:
    """Compare a medium with its list. `beside` are files on the medium that no list covers: a signed statement.

    `fresh` reads every file again, also those that an interrupted run has read. Raises UsageError.
    """
    own = [listed.path, *beside, *([listed.json_path] if listed.json_path and JSON_NAME not in listed.digests else [])]
    marks = [path.stat() for path in own]
    medium = list_medium(folder.resolve(), frozenset((info.st_dev, info.st_ino) for info in marks))
    differences = list(_other_kinds(medium, listed))
    with Journal(folder, listed.sha256) as journal:
        if fresh:
            journal.drop()
        else:
            journal.read()
        compared = _compared(medium, listed, differences, journal, jobs, progress)
        if compared.is_proven:
            journal.drop()
    return compared


def _other_kinds(medium: Medium, listed: ReadList) -> Iterator[FileDifference]:
    """Yield links that the list does not state, missing links, special files and what cannot be read."""
    links = listed.stated.links
    for name, target in medium.links.items():
        text, goal = as_text(name), as_text(target)
        if name in listed.digests:
            yield FileDifference(text, FileState.OTHER_KIND, f"it is a symbolic link to {goal}, not a file")
        elif name not in links:
            yield FileDifference(text, FileState.ADDITIONAL, f"a symbolic link to {goal}")
        elif links[name] != goal:
            yield FileDifference(text, FileState.CHANGED, f"the link leads to {goal}, expected {links[name]}")
    for name, kind in medium.others.items():
        state = FileState.OTHER_KIND if name in listed.digests else FileState.ADDITIONAL
        yield FileDifference(as_text(name), state, f"it is {kind}")
    for name, reason in medium.unreadable.items():
        yield FileDifference(as_text(name), FileState.UNREADABLE, reason)
    for name in links:
        if name not in medium.links and name not in medium.files and name not in medium.others:
            yield FileDifference(as_text(name), FileState.MISSING, "a symbolic link")


def _compared(
    medium: Medium,
    listed: ReadList,
    differences: list[FileDifference],
    journal: Journal,
    jobs: int,
    progress: Progress | None,
) -> FilesCompared:
    differences += [FileDifference(as_text(name), FileState.ADDITIONAL) for name in medium.files if name not in listed.digests]
    to_read, resumed = [], 0
    for name, sha256 in listed.digests.items():
        found, expected = medium.files.get(name), Expected(sha256, listed.stated.sizes.get(name))
        if found is None:
            if not _is_named(name, medium):
                differences.append(FileDifference(as_text(name), FileState.MISSING))
        elif difference := size_difference(as_text(name), expected, found.info.st_size):
            differences.append(difference)
        elif known := journal.sha256_of(name, found.info):
            resumed += 1
            differences += filter(None, [hash_difference(as_text(name), expected, known)])
        else:
            to_read.append(found)
    differences += _read(to_read, listed.digests, journal, jobs, progress)
    size = sum(found.info.st_size for found in to_read)
    compared = FilesCompared(len(listed.digests) + len(listed.stated.links), size, tuple(sorted(differences)))
    return replace(compared, resumed=resumed)


def _is_named(name: str, medium: Medium) -> bool:
    """Whether a difference names the file already: it is of another kind, or in a folder that cannot be read."""
    if name in medium.links or name in medium.others:
        return True
    return name in medium.unreadable or any(name.startswith(f"{folder}/") for folder in medium.unreadable)


def _read(
    files: list[FoundFile], digests: Mapping[str, str], journal: Journal, jobs: int, progress: Progress | None
) -> Iterator[FileDifference]:
    def tick(name: str, done: int, total: int) -> None:
        journal.tick()
        if progress is not None:
            progress(name, done, total)

    for hashed in hash_files(files, jobs, tick):
        name = hashed.found.name
        if hashed.problem:
            yield FileDifference(as_text(name), FileState.UNREADABLE, hashed.problem)
            continue
        journal.note(hashed)
        if difference := hash_difference(as_text(name), Expected(digests[name]), hashed.sha256):
            yield difference
