"""File size limits of media filesystems, and how to split a file that exceeds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from auditor.facts import Fact, table

PART_UNIT: Final = 1024 * 1024


class Filesystem(Fact, frozen=True, kw_only=True):
    """The largest file that a filesystem holds, in bytes, and the error message for a larger one."""

    name: str
    max_file: int
    symptom: str


@dataclass(frozen=True, slots=True)
class ArchiveSplit:
    """How a file is split: `parts` of at most `part` bytes, which are `mebibytes` for `split -b`."""

    parts: int
    part: int

    @property
    def mebibytes(self) -> int:
        """Return the size of a part in MiB, for `split -b 4095M`."""
        return self.part // PART_UNIT


@cache
def filesystem(name: str) -> Filesystem | None:
    """Return the row of a filesystem, or None if the name is empty or not in the facts."""
    return next((row for row in table("filesystems", Filesystem) if row.name == name), None)


def split_plan(size: int, max_file: int) -> ArchiveSplit:
    """Return the fewest parts of whole mebibytes that the filesystem can hold."""
    part = max(PART_UNIT, max_file // PART_UNIT * PART_UNIT)
    return ArchiveSplit(max(1, -(-size // part)), part)
