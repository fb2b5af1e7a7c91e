"""The problems of one archive, without duplicates and limited in number."""

from __future__ import annotations

from auditor.oci.archive import ArchiveProblem
from auditor.oci.defects import Defect, Unusable
from auditor.text import many, short

MAX_PROBLEMS = 1000
_LONGEST = 300


def legible(text: str) -> str:
    """Return a name or reason from an archive, shortened, with U+FFFD for unprintable characters."""
    head = text[: _LONGEST + 1]
    return short("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in head), _LONGEST)


class Findings:
    """Collect problems. A defect of one entry is listed once, for the first image that showed it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Defect], ArchiveProblem] = {}
        self._more = 0

    def add(self, entry: str, defect: Defect, detail: str, image: str = "") -> None:
        """Record a problem."""
        key = (entry, defect)
        if key in self._found:
            return
        if len(self._found) >= MAX_PROBLEMS:
            self._more += 1
            return
        self._found[key] = ArchiveProblem(legible(entry), defect, legible(detail), legible(image))

    def add_unusable(self, error: Unusable, image: str = "") -> None:
        """Record the problem that an exception describes."""
        self.add(error.entry, error.defect, error.detail, image)

    def __bool__(self) -> bool:
        return bool(self._found)

    def problems(self) -> tuple[ArchiveProblem, ...]:
        """Return all problems in the order in which they were found."""
        found = tuple(self._found.values())
        if not self._more:
            return found
        rest = f"{many(self._more, 'more problem')}; at most {MAX_PROBLEMS:,} are listed"
        return (*found, ArchiveProblem("", Defect.LIMIT, rest))
