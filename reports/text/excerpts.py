"""A line of a file below a finding, with a caret under the fault."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report import Excerpt, Location
from reports.cleaning import clean
from reports.text.ink import Ink
from reports.text.layout import breadth, width

_GAP = " | "
_LEAD = 12  # characters shown before the fault if the line does not fit


def drawn(at: Location | None, excerpt: Excerpt | None, indent: str, ink: Ink) -> Iterator[str]:
    """Yield the line of a location with its number, and below it a caret; nothing without an excerpt."""
    if at is None or excerpt is None or not at.line:
        return
    number = str(at.line)
    room = max(20, width() - len(indent) - len(number) - len(_GAP))
    text, start = _window(clean(excerpt.text), excerpt.column, room)
    yield f"{indent}{ink.paint(f'{number}{_GAP}', 'blue')}{text}".rstrip()
    if start:
        marks = max(1, min(breadth(excerpt.text[excerpt.column - 1 :][: excerpt.length]), room - breadth(text[: start - 1])))
        lead = " " * breadth(text[: start - 1])
        yield f"{indent}{ink.paint(' ' * len(number) + _GAP, 'blue')}{lead}{ink.paint('^' * marks, 'red', 'bold')}"


def _window(text: str, column: int, room: int) -> tuple[str, int]:
    """Return the part of a line that fits and contains the column, and the column in it."""
    begin = max(0, min(column - 1 - _LEAD, len(text) - 1)) if column and breadth(text[:column]) > room - _LEAD else 0
    shown = f"…{text[begin + 1 :]}" if begin else text
    while breadth(shown) > room:
        shown = shown[: room - 1] if len(shown) > room else shown[:-2]
        shown = f"{shown.rstrip('…')}…"
    return shown, max(0, column - begin) if column else 0
