"""One certificate chain per client, drawn for a terminal, Linux above Windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.report import Prospect, TrustFileRow, TrustRow, TrustStep
from reports.cleaning import clean
from reports.text.ink import Ink
from reports.text.layout import heading, wrap
from reports.ways import PathOutcomes, about, file_problem, sides, unstated_reason

_COLOURS = {Prospect.VERIFIES: "green", Prospect.FAILS: "red"}


def draw(rows: Iterable[TrustRow], ink: Ink) -> Iterator[str]:
    """Yield the rows of one endpoint by operating system: each path, followed by the outcomes of its clients."""
    for side in sides(rows):
        yield from heading(side.os, ink)
        for way in side.ways:
            yield from _way(way, ink)


def _way(way: PathOutcomes, ink: Ink) -> Iterator[str]:
    yield ""
    for depth, step in enumerate(way.row.steps):
        yield from _step(depth, step)
    for sight in way.sights:
        row = sight.row
        verdict = ink.paint(clean(row.verdict), _COLOURS.get(row.verdict, "magenta"), "bold")
        yield from wrap(f"{sight.who}:", "  ")
        yield f"    {verdict}"
        if reason := unstated_reason(row):
            yield from wrap(reason, "    ", "reason  ")
        if row.symptom and row.symptom != row.reason:
            yield from wrap(row.symptom, "    ", "error  " if row.verdict is Prospect.FAILS else "possible error  ")
        for url in row.dials:
            yield f"    connects to {clean(url)}"  # never wrapped, so that it can be copied


def _step(depth: int, step: TrustStep) -> Iterator[str]:
    indent = "  " + "   " * max(0, depth - 1)
    yield from wrap(step.name, indent, "`- " if depth else "")
    deeper = "  " + "   " * depth
    yield from wrap(about(step), deeper)
    for flaw in step.flaws:
        yield from wrap(flaw, deeper, "! ")


def draw_files(rows: Iterable[TrustFileRow]) -> Iterator[str]:
    """Yield the trust files that could not be used as a whole, each with its hint."""
    for row in rows:
        yield from wrap(f"{row.file}: {file_problem(row)}", "  ", "! ")
        if row.hint:
            yield from wrap(row.hint, "    ", "hint: ")
