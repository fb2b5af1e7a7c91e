"""One chain as each client sees it: a picture for a terminal, Linux above Windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.report import TrustRow, TrustStep
from reports.cleaning import clean
from reports.folding import everybody
from reports.text.ink import Ink
from reports.text.layout import heading, wrap

_SYSTEMS = {"linux": "Linux", "windows": "Windows"}
_COLOURS = {"verifies": "green", "fails": "red"}


def draw(rows: Iterable[TrustRow], ink: Ink) -> Iterator[str]:
    """The rows of one endpoint by operating system; clients that see the same share a picture."""
    sides: dict[str, dict[object, list[TrustRow]]] = {}
    for row in rows:
        alike = (row.verdict, row.steps, row.dials, row.symptom)
        sides.setdefault(row.os, {}).setdefault(alike, []).append(row)
    for os, pictures in sorted(sides.items()):
        yield from heading(_SYSTEMS.get(os, os), ink)
        for same in pictures.values():
            yield from _picture(same, ink)


def _picture(rows: list[TrustRow], ink: Ink) -> Iterator[str]:
    first = rows[0]
    yield ""
    yield from wrap(everybody(((row.client, row.pool) for row in rows), most=None))
    yield f"  {ink.paint(clean(first.verdict), _COLOURS.get(first.verdict, 'magenta'), 'bold')}"
    for depth, step in enumerate(first.steps):
        yield from _step(depth, step)
    if first.symptom:
        yield from wrap(first.symptom, "  ", "says  " if first.verdict == "fails" else "might say  ")
    for url in first.dials:
        yield f"  dials {clean(url)}"  # in one piece, to be copied


def _step(depth: int, step: TrustStep) -> Iterator[str]:
    indent = "  " + "   " * max(0, depth - 1)
    yield from wrap(step.name, indent, "`- " if depth else "")
    deeper = "  " + "   " * depth
    about = ", ".join(filter(None, (step.origin, step.key, step.until and f"until {step.until[:10]}")))
    yield from wrap(about, deeper)
    for flaw in step.flaws:
        yield from wrap(flaw, deeper, "! ")
