"""A tar that lies there uncompressed: its headers are found by seeking, then its files are hashed on all cores."""

from __future__ import annotations

import io
import os

from auditor.collectors.archives.expanding import Allowance
from auditor.collectors.archives.hashing import Piece, Progress, hash_all
from auditor.collectors.archives.headers import Member, walk
from auditor.collectors.archives.measuring import Budget, cut_short
from auditor.oci.layouts.entries import Entry, EntryKind
from auditor.oci.layouts.findings import Findings, Unusable

_HAS_PREAD = hasattr(os, "pread")  # one call instead of two; Windows has none


class SeekingSource:
    """The bytes of an open file. Only what is asked for is read."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._handle = file.fileno()
        self.position = 0

    def read(self, count: int) -> bytes:
        """See `Source`."""
        data = self._read(count, self.position)
        while len(data) < count and (more := self._read(count - len(data), self.position + len(data))):
            data += more
        self.position += len(data)
        return data

    def skip_to(self, position: int) -> None:
        """See `Source`."""
        self.position = position

    def _read(self, count: int, position: int) -> bytes:
        if _HAS_PREAD:
            return os.pread(self._handle, count, position)
        self._file.seek(position)
        return self._file.read(count)


def index(file: io.FileIO, findings: Findings) -> list[Member]:
    """The entries of a tar, without reading any of their data."""
    members: list[Member] = []
    try:
        members.extend(walk(SeekingSource(file)))
    except Unusable as error:
        findings.add_unusable(error)
    return members


def read_tar(file: io.FileIO, size: int, findings: Findings, jobs: int, progress: Progress | None) -> list[Entry]:
    """The entries of a tar of `size` bytes, its files hashed."""
    members = index(file, findings)
    path = str(file.name)
    pieces = [
        Piece(member.name, path, member.offset, member.size)
        for member in members
        if member.kind is EntryKind.FILE and member.offset + member.size <= size
    ]
    hashed = iter(hash_all(pieces, Budget(), Allowance(size), jobs, progress))
    return [_entry(member, size) or next(hashed) for member in members]


def _entry(member: Member, size: int) -> Entry | None:
    """The entry of a member that is no whole file; None for one that is."""
    if member.kind is not EntryKind.FILE:
        return plain_entry(member)
    if member.offset + member.size > size:
        return cut_short(member.name, member.size, max(size - member.offset, 0))
    return None


def plain_entry(member: Member) -> Entry:
    """The entry of what has no bytes to read."""
    return Entry(member.name, member.kind, member.size, member.target, defect=member.defect, why=member.why)
