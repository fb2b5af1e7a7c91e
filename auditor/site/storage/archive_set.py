"""The archives of a site together: their bytes and files, and how both were found."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.sizing.archive_formats import ArchiveFormat
from auditor.sizing.ranged import Amount, together


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file to transfer: an archive, or the largest file in one. At least `low`, likely `likely`, at most `high` bytes."""

    name: str
    low: int
    likely: int
    high: int
    path: str = ""  # of the archive; empty if it is not written yet
    in_folder: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveSet:
    """All archives together, and how their bytes were found.

    `files` are the archives, or the largest file of a folder. `form` is what the tool writes, or None if the facts do not say.
    `spare` counts bytes of blobs that no pool needs; it is known only for archives that were read.
    """

    amount: Amount
    files: tuple[ArchiveFile, ...]
    how: str
    unknown: tuple[str, ...]
    form: ArchiveFormat | None
    is_measured: bool = False
    spare: int = 0


def combined_archives(there: ArchiveSet, to_come: ArchiveSet) -> ArchiveSet:
    """Combine existing archives with those still to be written for the other images."""
    return ArchiveSet(
        amount=together(there.amount, to_come.amount),
        files=(*there.files, *to_come.files),
        how=f"{there.how}, and for the images in none of them {to_come.how}",
        unknown=tuple(dict.fromkeys((*there.unknown, *to_come.unknown))),
        form=to_come.form,
        spare=there.spare,
    )
