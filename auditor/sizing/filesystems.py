"""What filesystems of media cannot hold, and how a file is cut so that they can."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from auditor.facts import Fact, table

PART_UNIT: Final = 1024 * 1024


class Filesystem(Fact, frozen=True, kw_only=True):
    """The largest file that a filesystem holds, in bytes, and what somebody sees who copies a larger one."""

    name: str
    max_file: int
    symptom: str


@dataclass(frozen=True, slots=True)
class Split:
    """How a file is cut: `parts` of at most `part` bytes, which are `mebibytes` for `split -b`."""

    parts: int
    part: int

    @property
    def mebibytes(self) -> int:
        """The size of a part as `split -b 4095M` wants it."""
        return self.part // PART_UNIT


@cache
def filesystem(name: str) -> Filesystem | None:
    """The row of a filesystem; None when the facts have none, or none is named."""
    return next((row for row in table("filesystems", Filesystem) if row.name == name), None)


def split_plan(size: int, max_file: int) -> Split:
    """The fewest parts of whole mebibytes that the filesystem holds."""
    part = max(PART_UNIT, max_file // PART_UNIT * PART_UNIT)
    return Split(max(1, -(-size // part)), part)
