"""What the statuses of the image matrix mean: the one legend of all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.report import CellStatus

MEANINGS: Mapping[CellStatus, str] = {
    CellStatus.OK: "nodes can pull and run the image offline, by every check that ran",
    CellStatus.FALLBACK: "they can, by the previous-LTSC rule or without a declared Windows build",
    CellStatus.BLOCKED: "the image is there, and an error finding says that nodes cannot pull or run it",
    CellStatus.ABSENT: "the image does not exist",
    CellStatus.PLATFORM_ABSENT: "it has no manifest for the platform",
    CellStatus.BUILD_MISMATCH: "it has no Windows build that the nodes can run",
    CellStatus.UNDETERMINED: "unknown, as something was not observed or not everything fits",
}
ACCEPTED = "accepted by a waiver"


def legend(statuses: Iterable[CellStatus]) -> Iterator[tuple[CellStatus, str]]:
    """The statuses that occur, with their meaning, in the order of the legend."""
    occurring = set(statuses)
    yield from ((status, meaning) for status, meaning in MEANINGS.items() if status in occurring)
