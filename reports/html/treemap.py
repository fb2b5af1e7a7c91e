"""Amounts as areas: nearly square rectangles that fill a plane.

The squarified layout of Bruls, Huizing and van Wijk (Squarified Treemaps, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.report import StorageItem

WIDTH, HEIGHT = 1000, 320
_LABEL = 8.0  # width of a letter in units
_LINE = 16  # height of a line in units


@dataclass(frozen=True, slots=True)
class Tile:
    """One amount, with position and size in units of the plane. `label` is the part of its name that fits, possibly empty."""

    name: str
    bytes: int
    x: float
    y: float
    width: float
    height: float
    label: str


def treemap(items: Sequence[StorageItem]) -> tuple[Tile, ...]:
    """Return the tiles of all items with bytes, largest first. Areas are proportional to bytes."""
    left = sorted((item for item in items if item.bytes > 0), key=lambda item: -item.bytes)
    whole = sum(item.bytes for item in left)
    tiles: list[Tile] = []
    x, y, width, height = 0.0, 0.0, float(WIDTH), float(HEIGHT)
    while left and min(width, height) > 0:  # the remaining amount may be too small for a visible tile
        scale = width * height / whole  # share of the remainder, so rounding errors do not add up
        short = min(width, height)
        row = _row([item.bytes * scale for item in left], short)
        taken, left = left[:row], left[row:]
        area = sum(item.bytes for item in taken)
        thick = area * scale / short
        along = 0.0
        for item in taken:
            length = short * item.bytes / area
            box = (x, y + along, thick, length) if width >= height else (x + along, y, length, thick)
            tiles.append(_tile(item, box))
            along += length
        whole -= area
        x, y, width, height = (
            (x + thick, y, width - thick, height) if width >= height else (x, y + thick, width, height - thick)
        )
    return tuple(tiles)


def _row(areas: Sequence[float], short: float) -> int:
    """Return how many areas to place along the short side: add areas while the worst aspect ratio improves."""
    best, count, total = float("inf"), 0, 0.0
    for area in areas:
        total += area
        thick = total / short
        worst = max(_longness(areas[0] / thick, thick), _longness(area / thick, thick))
        if worst > best:
            break
        best, count = worst, count + 1
    return max(count, 1)


def _longness(one: float, other: float) -> float:
    """Return the aspect ratio: 1 for a square, more for other rectangles."""
    small, large = sorted((one, other))
    return large / small if small > 0 else float("inf")


def _tile(item: StorageItem, box: tuple[float, float, float, float]) -> Tile:
    x, y, width, height = (round(value, 2) for value in box)
    letters = int((width - 12) / _LABEL) if height >= _LINE + 8 else 0
    name = item.name
    if letters < len(name):
        name = f"…{name[-(letters - 1) :]}" if letters >= 8 else ""  # the end of a name distinguishes images
    return Tile(item.name, item.bytes, x, y, width, height, name)
