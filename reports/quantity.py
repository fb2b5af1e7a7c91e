"""Amounts in words: bytes in decimal units, counts with the right ending."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def size(count: int) -> str:
    """Bytes in the unit that leaves the fewest digits: `512 B`, `45.2 MB`, `1.3 GB`. Units are decimal, as on disks."""
    if abs(count) < 1000:
        return f"{count} B"
    value = count / 1000
    for unit in _UNITS[:-1]:
        if abs(value) < 999.95:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def many(count: int, one: str, more: str = "") -> str:
    """`1 error`, `2 errors`, `10,000 images`; `more` where an s is not enough."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
