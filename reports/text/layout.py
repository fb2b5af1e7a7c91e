"""Lines of at most 80 columns: wrapped paragraphs, headings and small tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from reports.cleaning import clean
from reports.quantity import many
from reports.text.ink import Ink

WIDTH = 80


def wrap(text: str, indent: str = "", label: str = "") -> Iterator[str]:
    """Cleaned `text` in lines behind `indent`; `label` stands before the first line and the rest aligns with it.

    Only words longer than a line are broken: a digest or a URL may lie anywhere in a message.
    """
    first = indent + label
    lines = textwrap.wrap(clean(text), WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False)
    yield from lines or ([first.rstrip()] if label else [])


def heading(text: str, ink: Ink) -> Iterator[str]:
    """A blank line, and the name of a section with a rule under it."""
    yield ""
    yield ink.paint(text, "bold")
    yield ink.paint("-" * len(text), "dim")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], most: int) -> Iterator[str]:
    """At most `most` rows as columns of at most `widths` characters, and how many more there are."""
    # Wrapped here and not by tabulate, which takes a cell such as 10,000 for a number while it wraps.
    cells = [
        ["\n".join(textwrap.wrap(clean(cell), width)) for cell, width in zip(row, widths, strict=True)] for row in rows[:most]
    ]
    for line in tabulate(cells, headers, "simple", disable_numparse=True).splitlines():
        yield f"  {line}".rstrip()
    yield from more(len(rows) - most, "  ")


def more(left_out: int, indent: str) -> Iterator[str]:
    """The line that says how many of the same are not shown, if any."""
    if left_out > 0:
        yield f"{indent}... and {many(left_out, 'more', 'more')} of the same: use --format json or html"
