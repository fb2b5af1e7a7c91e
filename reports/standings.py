"""The legend of the image matrix, shared by all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.report import CellStatus

MEANINGS: Mapping[CellStatus, str] = {
    CellStatus.OK: "nodes can pull and run the image offline, according to every check that ran",
    CellStatus.FALLBACK: "nodes can run the image by the previous-LTSC rule, or the pool declares no Windows build",
    CellStatus.BLOCKED: "the image exists, but an error finding says that nodes cannot pull or run it",
    CellStatus.ABSENT: "the image does not exist",
    CellStatus.PLATFORM_ABSENT: "the image has no manifest for the platform",
    CellStatus.BUILD_MISMATCH: "the image has no Windows build that the nodes can run",
    CellStatus.UNDETERMINED: "unknown: evidence is missing, or not all images fit",
}
ACCEPTED = "accepted by a waiver"
FOREIGN = "foreign layers"  # shown in place of `ok` if the image has them
FOREIGN_MEANING = "nodes can pull and run the image, and its manifest has layers that a node may download from an external host"


def legend(statuses: Iterable[CellStatus]) -> Iterator[tuple[CellStatus, str]]:
    """Return the statuses that occur, with their meaning, in the order of the legend."""
    occurring = set(statuses)
    yield from ((status, meaning) for status, meaning in MEANINGS.items() if status in occurring)
