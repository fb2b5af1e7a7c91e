"""The overview of the image matrix: one small cell per image and pool, drawn as runs of equal cells.

The cells of a pool are sorted, worst first. So a strip has at most as many runs as there are words, and a strip of 10,000 cells
takes as many bytes as one of ten. `overview.js` finds the image of a cell by the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.text import many
from reports.html.matrix import Column, Matrix, rank, word, word_tone

PITCH = 12  # width and height of a cell in units of the drawing
COLUMNS = 76
_MANY = 1_500  # a pool with more images has smaller cells
_MANY_COLUMNS = 152


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of equal cells, in units of the drawing."""

    tone: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The cells of one pool. `place` is the number of its column; `summary` counts the cells by word."""

    place: int
    column: Column
    columns: int
    width: int
    height: int
    blocks: tuple[Block, ...]
    summary: str


def strips(matrix: Matrix) -> tuple[Strip, ...]:
    """Return one strip for each pool of the matrix."""
    columns = _MANY_COLUMNS if max((column.images for column in matrix.columns), default=0) > _MANY else COLUMNS
    return tuple(_strip(matrix, place, columns) for place in range(len(matrix.columns)))


def _strip(matrix: Matrix, place: int, columns: int) -> Strip:
    words = Counter(min(map(word, row.cells[place]), key=rank) for row in matrix.rows if row.cells[place])
    ordered = sorted(words, key=rank)
    lines = -(-words.total() // columns)
    return Strip(
        place,
        matrix.columns[place],
        columns,
        columns * PITCH,
        lines * PITCH,
        tuple(_blocks([(word_tone(one), words[one]) for one in ordered], columns)),
        f"{many(words.total(), 'image')}: {', '.join(f'{words[one]:,} {one}' for one in ordered)}",
    )


def _blocks(runs: list[tuple[str, int]], columns: int) -> Iterator[Block]:
    """Yield the rectangles of runs that follow each other line by line: a run has up to three."""
    start = 0
    for tone, count in runs:
        end = start + count
        while start < end:
            line, at = divmod(start, columns)
            lines = max(1, (end - start) // columns) if at == 0 else 1
            wide = min(columns - at, end - start)
            yield Block(tone, at * PITCH, line * PITCH, wide * PITCH, lines * PITCH)
            start += wide * lines
