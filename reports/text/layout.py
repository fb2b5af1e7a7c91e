"""Lines of limited width: wrapped paragraphs, headings and small tables."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from auditor.text import many, short_digests
from reports.cleaning import clean
from reports.table import columns
from reports.text.ink import Ink

USUAL = 80
_MARGIN = "  "
_width: ContextVar[int] = ContextVar("width", default=USUAL)


def width() -> int:
    """Return the number of columns of a line."""
    return _width.get()


@contextmanager
def wide(columns: int) -> Iterator[None]:
    """Draw with this number of columns inside the block."""
    before = _width.set(columns)
    try:
        yield
    finally:
        _width.reset(before)


def wrap(text: str, indent: str = "", label: str = "", *, hanging: str | None = None) -> Iterator[str]:
    """Return cleaned `text` as lines with `indent`. `label` precedes the first line, and later lines align with its end.

    `hanging` replaces that alignment by an additional indent. Digests are shortened. Only words longer than a line are
    broken, so URLs stay whole.
    """
    first = indent + label
    later = " " * len(first) if hanging is None else indent + hanging
    shown = short_digests(clean(text))
    lines = textwrap.wrap(shown, width(), initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    yield from lines or ([first.rstrip()] if label else [])


def breadth(text: str) -> int:
    """Return the number of columns that cleaned `text` takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def cut(text: str, most: int) -> str:
    """Return cleaned `text` on one line of at most `most` columns; an ellipsis marks the cut at the end."""
    shown = " ".join(short_digests(clean(text)).split())
    if breadth(shown) <= most:
        return shown
    shown = shown[:most]
    while shown and breadth(shown) > most - 1:
        shown = shown[:-1]
    return f"{shown.rstrip()}…" if most > 0 else ""


def cut_start(text: str, most: int) -> str:
    """Return cleaned `text` as `cut` does, but without its beginning: the end of a path says most."""
    shown = clean(text)
    if breadth(shown) <= most:
        return shown
    shown = shown[-most:] if most > 0 else ""
    while shown and breadth(shown) > most - 1:
        shown = shown[1:]
    return f"…{shown}" if most > 0 else ""


def padded(text: str, columns: int) -> str:
    """Return `text` with spaces up to `columns` columns."""
    return text + " " * max(0, columns - breadth(text))


def heading(text: str, ink: Ink) -> Iterator[str]:
    """Return a blank line and the heading of a section."""
    yield ""
    yield f"{ink.paint(f'-- {text} ', 'bold')}{ink.paint('-' * max(0, width() - 4 - len(text)), 'dim')}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], most: int) -> Iterator[str]:
    """Return at most `most` rows as columns of at most `widths` characters, and the number of omitted rows.

    `widths` has one entry less than there are columns: the last column gets the rest of the line.
    """
    room = width() - len(_MARGIN) - len(headers[-1]) - 4 * len(headers)  # for all columns but the last
    fitting = [min(most_wide, max(6, most_wide * room // max(1, sum(widths)))) for most_wide in widths]
    cells = [[_folded(cell, columns) for cell, columns in zip(row, fitting, strict=False)] for row in rows[:most]]
    taken = sum(_breadth(header, [row[place] for row in cells]) for place, header in enumerate(headers[:-1]))
    last = max(8, width() - len(_MARGIN) - taken)
    full = [[*row, _folded(whole[-1], last)] for row, whole in zip(cells, rows, strict=False)]
    yield from (f"{_MARGIN}{line}".rstrip() for line in columns(headers, full))
    yield from more(len(rows) - most, _MARGIN, "row")


def _folded(cell: str, width: int) -> str:
    return "\n".join(textwrap.wrap(clean(cell), width, break_on_hyphens=False))


def _breadth(header: str, cells: Sequence[str]) -> int:
    """Return the width of a column with the gap after it. tabulate adds two spaces to each header."""
    return 2 + max([len(header) + 2, *(len(line) for cell in cells for line in cell.splitlines())])


def more(left_out: int, indent: str, one: str) -> Iterator[str]:
    """Yield a line with the number of omitted entries, if any. `one` is the noun in singular."""
    if left_out > 0:
        yield f"{indent}... and {many(left_out, f'more {one}')}: --format html or json shows all"
