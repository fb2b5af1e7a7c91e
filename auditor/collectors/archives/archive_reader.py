"""Read one archive into its inventory."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from auditor.collectors.archives.expanding import Allowance, compression_of
from auditor.collectors.archives.hashing import FileSlice, Progress, hash_all
from auditor.collectors.archives.measuring import DocumentLimit
from auditor.collectors.archives.regular_files import entry_for, files_below, open_regular, unreadable
from auditor.collectors.archives.streams import read_stream
from auditor.collectors.archives.tars import read_tar
from auditor.evidence.model import Content
from auditor.oci.archive import Defect, Inventory
from auditor.oci.defects import Unusable
from auditor.oci.layouts import interpret
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.findings import Findings
from auditor.oci.unpacked import UnpackedSeen

_FOREIGN = {b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z"}


@dataclass(frozen=True, slots=True)
class ReadArchive:
    """The content of an archive, and its documents by digest: verified indexes, manifests and configs.

    `unpacked` holds the unpacked size that each other blob states.
    """

    inventory: Inventory
    documents: Mapping[str, Content]
    unpacked: Mapping[str, UnpackedSeen]


def read_archive(path: Path, jobs: int = 0, progress: Progress | None = None) -> ReadArchive:
    """Read an archive, file or folder, with `jobs` threads (0: one for each core).

    `progress` receives the bytes done and the total. Faults in the archive become problems of the inventory. Raises
    UnreadableArchive if the operating system refuses.
    """
    try:
        return _read_folder(path, jobs, progress) if path.is_dir() else _read_file(path, jobs, progress)
    except OSError as error:
        raise unreadable(path, error) from error


def _read_file(path: Path, jobs: int, progress: Progress | None) -> ReadArchive:
    findings = Findings()
    # The path is the user's own and may be a link; threads reopen the target file.
    with open_regular(str(path.resolve()), follow=True) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(16)
        file.seek(0)
        compression = compression_of(start)
        entries = _entries(file, size, start, compression, findings, jobs, progress)
    return _understood(entries, size, compression, findings)


def _entries(
    file: io.FileIO, size: int, start: bytes, compression: str, findings: Findings, jobs: int, progress: Progress | None
) -> list[Entry]:
    foreign = next((name for magic, name in _FOREIGN.items() if start.startswith(magic)), "")
    if foreign:
        findings.add("", Defect.UNSUPPORTED, f"is a {foreign} file: only tar, gzip and zstd are read")
        return []
    if compression:
        return read_stream(file, size, compression, findings, progress)
    return read_tar(file, size, findings, jobs, progress)


def _read_folder(path: Path, jobs: int, progress: Progress | None) -> ReadArchive:
    findings = Findings()
    others: list[Entry] = []
    pieces: list[FileSlice] = []
    try:
        for found in files_below(path):
            entry = entry_for(found)
            if entry is None:
                pieces.append(FileSlice(found.name, found.path, 0, found.info.st_size))
            else:
                others.append(entry)
    except Unusable as error:
        findings.add_unusable(error)
    size = sum(piece.size for piece in pieces)
    hashed = hash_all(pieces, DocumentLimit(), Allowance(size), jobs, progress)
    read = _understood([*hashed, *others], size, "", findings)
    largest = max((piece.size for piece in pieces), default=0)
    return ReadArchive(msgspec.structs.replace(read.inventory, is_folder=True, largest=largest), read.documents, read.unpacked)


def _understood(entries: Sequence[Entry], size: int, compression: str, findings: Findings) -> ReadArchive:
    found = interpret(entries, findings.problems())
    inventory = Inventory(found.format, compression, size, len(entries), found.images, dict(found.blobs), found.problems)
    documents = {digest: Content(document.media_type, document.body) for digest, document in found.documents.items()}
    unpacked = {
        entry.digest: entry.stated_size for entry in entries if entry.stated_size is not None and entry.digest in found.blobs
    }
    return ReadArchive(inventory, documents, unpacked)
