"""Lines of at most 80 columns: wrapped paragraphs, headings and small tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from auditor.text import many, short_digests
from reports.cleaning import clean
from reports.table import columns
from reports.text.ink import Ink

WIDTH = 80
_MARGIN = "  "


def wrap(text: str, indent: str = "", label: str = "", *, hanging: str | None = None) -> Iterator[str]:
    """Return cleaned `text` as lines with `indent`. `label` precedes the first line, and later lines align with its end.

    `hanging` replaces that alignment by an additional indent. Digests are shortened. Only words longer than a line are
    broken, so URLs stay whole.
    """
    first = indent + label
    later = " " * len(first) if hanging is None else indent + hanging
    shown = short_digests(clean(text))
    lines = textwrap.wrap(shown, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    yield from lines or ([first.rstrip()] if label else [])


def heading(text: str, ink: Ink) -> Iterator[str]:
    """Return a blank line and the heading of a section."""
    yield ""
    yield f"{ink.paint(f'-- {text} ', 'bold')}{ink.paint('-' * max(0, WIDTH - 4 - len(text)), 'dim')}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], most: int) -> Iterator[str]:
    """Return at most `most` rows as columns of at most `widths` characters, and the number of omitted rows.

    `widths` has one entry less than there are columns: the last column gets the rest of the line.
    """
    cells = [[_folded(cell, width) for cell, width in zip(row, widths, strict=False)] for row in rows[:most]]
    taken = sum(_breadth(header, [row[place] for row in cells]) for place, header in enumerate(headers[:-1]))
    last = WIDTH - len(_MARGIN) - taken
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
