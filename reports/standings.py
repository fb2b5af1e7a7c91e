"""What the statuses of the image matrix mean: the one legend of all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

MEANINGS: Mapping[str, str] = {
    "ok": "nodes can pull and run the image offline, by every check that ran",
    "fallback": "they can, by the previous-LTSC rule or without a declared Windows build",
    "blocked": "the image is there, and an error finding says that nodes cannot pull or run it",
    "absent": "the image does not exist",
    "platform-absent": "it has no manifest for the platform",
    "build-mismatch": "it has no Windows build that the nodes can run",
    "undetermined": "unknown, as something was not observed or not everything fits",
}
ACCEPTED = "accepted by a waiver"


def legend(statuses: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The statuses that occur, with their meaning, in the order of the legend. One of a later version has none."""
    occurring = set(statuses)
    yield from ((status, meaning) for status, meaning in MEANINGS.items() if status in occurring)
