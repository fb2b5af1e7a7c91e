"""Compare the files of a list or statement with the files that exist."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.text import short_hash


class FileState(enum.StrEnum):
    """What became of a file. `UNREADABLE` is not a proof of anything: the file could not be read."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDITIONAL = "additional"
    OTHER_KIND = "other-kind"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, order=True)
class FileDifference:
    """One file that is not as stated. `detail` says what is different, and can be empty."""

    name: str
    state: FileState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FilesCompared:
    """The result for a set of files. `expected` counts those of the list, `bytes` those that were read or known from a journal.

    `resumed` files were read by an interrupted run and have not changed since.
    """

    expected: int
    bytes: int
    differences: tuple[FileDifference, ...]
    resumed: int = 0

    @property
    def is_proven(self) -> bool:
        """Whether every file was read and is as stated."""
        return not self.differences

    @property
    def is_refuted(self) -> bool:
        """Whether a file is certainly not as stated."""
        return any(one.state is not FileState.UNREADABLE for one in self.differences)

    def count(self, state: FileState) -> int:
        """Return the number of files in this state."""
        return sum(one.state is state for one in self.differences)


@dataclass(frozen=True, slots=True)
class Expected:
    """A file as a list or statement describes it. `size` is None if the list does not state it."""

    sha256: str
    size: int | None = None


def hash_difference(name: str, expected: Expected, sha256: str) -> FileDifference | None:
    """Return the difference of a file that was read, or None if it has the expected SHA-256."""
    if sha256 == expected.sha256:
        return None
    return FileDifference(name, FileState.CHANGED, f"SHA-256 is {short_hash(sha256)}…, expected {short_hash(expected.sha256)}…")


def size_difference(name: str, expected: Expected, size: int) -> FileDifference | None:
    """Return the difference of a file with another size, or None. Such a file need not be read."""
    if expected.size is None or expected.size == size:
        return None
    return FileDifference(name, FileState.CHANGED, f"it has {size:,} bytes, expected {expected.size:,}")
