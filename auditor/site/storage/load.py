"""The archives of a site together: their bytes, their files, and how both were found."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.sizing.archive_formats import ArchiveFormat
from auditor.sizing.ranged import Amount, together


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """A file that is carried: an archive, or the largest one in a folder. At least `low`, likely `likely`, at most `high`."""

    name: str
    low: int
    likely: int
    high: int
    path: str = ""  # of the archive; empty when nobody has written it yet
    in_folder: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """All archives together, and how their bytes were found.

    `files` has the archives, or of a folder the largest file. `form` is what the tool writes; None where the facts do not say.
    `spare` of the bytes are blobs that no pool needs, which only archives that were read can tell.
    """

    amount: Amount
    files: tuple[CarriedFile, ...]
    how: str
    unknown: tuple[str, ...]
    form: ArchiveFormat | None
    is_measured: bool = False
    spare: int = 0


def both(there: Load, to_come: Load) -> Load:
    """Archives that are there, and those of the other images that are still to be written."""
    return Load(
        amount=together(there.amount, to_come.amount),
        files=(*there.files, *to_come.files),
        how=f"{there.how}, and for the images in none of them {to_come.how}",
        unknown=tuple(dict.fromkeys((*there.unknown, *to_come.unknown))),
        form=to_come.form,
        spare=there.spare,
    )
