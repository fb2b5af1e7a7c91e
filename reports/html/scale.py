"""Scales of drawings: round marks on an axis of bytes, and dates on an axis of time. Positions are in percent of the axis."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.report import StorageStage
from auditor.text import format_size

_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240)
_MOST_DATES = 8
_MOST_SIZES = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on an axis: its position in percent, with two decimals, and its label."""

    at: str
    label: str


def percent(part: float, whole: float) -> str:
    """Return a share as an attribute of a drawing: `33.25%`, at most `100%`."""
    return f"{min(100.0, max(0.0, 100 * part / whole)):.4g}%" if whole > 0 else "0%"


def sizes(stage: StorageStage) -> tuple[Mark, ...]:
    """Return round sizes between zero and the longer of need and capacity, without both ends."""
    whole = max(stage.bytes, stage.capacity or 0)
    if whole <= 0:
        return ()
    step = _round_step(whole)
    return tuple(Mark(percent(at, whole), format_size(at)) for at in range(step, whole, step) if at < whole * 0.93)


def _round_step(whole: int) -> int:
    """Return the smallest step of 1, 2 or 5 times a power of ten that gives at most `_MOST_SIZES` marks."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if whole <= factor * power * _MOST_SIZES:
                return factor * power
        power *= 10


def dates(first: datetime.date, until: datetime.date) -> tuple[Mark, ...]:
    """Return the first days of months between two days, at most `_MOST_DATES`."""
    span = (until - first).days
    months = (until.year - first.year) * 12 + until.month - first.month
    step = next((step for step in _MONTHS if months <= step * _MOST_DATES), months // _MOST_DATES + 1)
    return tuple(Mark(percent((day - first).days, span), f"{day:%Y-%m}") for day in _firsts(first, until, step))


def _firsts(first: datetime.date, until: datetime.date, step: int) -> Iterator[datetime.date]:
    number = first.year * 12 + first.month  # of the month after the first day, from month 0 of year 0
    for month in range(-(-number // step) * step, until.year * 12 + until.month, step):
        if datetime.MINYEAR <= month // 12 <= datetime.MAXYEAR:
            yield datetime.date(month // 12, month % 12 + 1, 1)
