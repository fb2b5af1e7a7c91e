"""Read an uncompressed tar: find its headers by seeking, then hash its files on all cores."""

from __future__ import annotations

import io

from auditor.collectors.archives.expanding import Allowance
from auditor.collectors.archives.hashing import FileSlice, Progress, hash_all
from auditor.collectors.archives.measuring import DocumentLimit, cut_short
from auditor.collectors.tar_index import index
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.findings import Findings
from auditor.oci.tar import EntryKind, Member


def read_tar(file: io.FileIO, size: int, findings: Findings, jobs: int, progress: Progress | None) -> list[Entry]:
    """Return the entries of a tar of `size` bytes, with its files hashed."""
    members, end = index(file)
    if end is not None:
        findings.add_unusable(end)
    path = str(file.name)
    pieces = [
        FileSlice(member.name, path, member.offset, member.size)
        for member in members
        if member.kind is EntryKind.FILE and member.offset + member.size <= size
    ]
    hashed = iter(hash_all(pieces, DocumentLimit(), Allowance(size), jobs, progress))
    return [_entry(member, size) or next(hashed) for member in members]


def _entry(member: Member, size: int) -> Entry | None:
    """Return the entry of a member that is not a complete file; None for a complete file."""
    if member.kind is not EntryKind.FILE:
        return plain_entry(member)
    if member.offset + member.size > size:
        return cut_short(member.name, member.size, max(size - member.offset, 0))
    return None


def plain_entry(member: Member) -> Entry:
    """Return the entry of a member without bytes to read."""
    return Entry(member.name, member.kind, member.size, member.target, defect=member.defect, why=member.why)
