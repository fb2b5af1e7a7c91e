"""The problems of one archive, each once, and never more than anybody reads."""

from __future__ import annotations

from auditor.oci.archive import ArchiveProblem
from auditor.oci.defects import Defect, Unusable
from auditor.text import many, short

MAX_PROBLEMS = 1000
_LONGEST = 300


def legible(text: str) -> str:
    """Return a name or a reason of an archive, cut, with U+FFFD for characters that are not printable."""
    head = text[: _LONGEST + 1]
    return short("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in head), _LONGEST)


class Findings:
    """Collects problems. The same defect of one entry counts once, for the image that showed it first."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Defect], ArchiveProblem] = {}
        self._more = 0

    def add(self, entry: str, defect: Defect, detail: str, image: str = "") -> None:
        """Note a problem."""
        key = (entry, defect)
        if key in self._found:
            return
        if len(self._found) >= MAX_PROBLEMS:
            self._more += 1
            return
        self._found[key] = ArchiveProblem(legible(entry), defect, legible(detail), legible(image))

    def add_unusable(self, error: Unusable, image: str = "") -> None:
        """Note what was raised."""
        self.add(error.entry, error.defect, error.detail, image)

    def __bool__(self) -> bool:
        return bool(self._found)

    def problems(self) -> tuple[ArchiveProblem, ...]:
        """All of them, in the order in which they were found."""
        found = tuple(self._found.values())
        if not self._more:
            return found
        rest = f"{many(self._more, 'more problem')}; at most {MAX_PROBLEMS:,} are listed"
        return (*found, ArchiveProblem("", Defect.LIMIT, rest))
