"""Counts of observations by source and time, for the evidence section of a report."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

MOST_PLACES: Final = 40  # of one kind; further places are merged
OTHER_PLACES: Final = "other places"
_MOST_APART: Final = 10_000  # distinct places that are counted


@dataclass(frozen=True, slots=True)
class Tally:
    """The observations of one kind from one place. All counts are zero if there are no observations.

    `what` is the kind in the plural; `place` is the origin of a URL (`https://quay.io`), or a file; times are in UTC.
    """

    what: str
    place: str
    seen: int
    absent: int
    failed: int
    oldest: datetime.datetime
    newest: datetime.datetime

    @property
    def all(self) -> int:
        """The number of observations."""
        return self.seen + self.absent + self.failed

    def with_other(self, other: Tally) -> Tally:
        """Return both tallies added up, at the place of this one."""
        return replace(
            self,
            seen=self.seen + other.seen,
            absent=self.absent + other.absent,
            failed=self.failed + other.failed,
            oldest=min(self.oldest, other.oldest),
            newest=max(self.newest, other.newest),
        )


def origin(source: str) -> str:
    """Return the origin of an observation: scheme and host of a URL, or else the source itself."""
    scheme, found, rest = source.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if found else source


def tallied(what: str, observed: Iterable[tuple[bool, bool, datetime.datetime, str]]) -> tuple[Tally, ...]:
    """Return the tallies of observations (seen, absent, time, source) of one kind by place, largest first, the rest merged."""
    counts: dict[str, list[int]] = {}
    times: dict[str, tuple[datetime.datetime, datetime.datetime]] = {}
    for seen, absent, at, source in observed:
        place = origin(source)
        if place not in counts:
            if len(counts) >= _MOST_APART:
                place = OTHER_PLACES
            counts.setdefault(place, [0, 0, 0])
            times.setdefault(place, (at, at))
        counts[place][0 if seen else 1 if absent else 2] += 1
        oldest, newest = times[place]
        if not oldest <= at <= newest:
            times[place] = (min(oldest, at), max(newest, at))
    made = (Tally(what, place, seen, absent, failed, *times[place]) for place, (seen, absent, failed) in counts.items())
    tallies = sorted(made, key=lambda one: -one.all)
    return (*tallies[:MOST_PLACES], *_together(tallies[MOST_PLACES:]))


def _together(tallies: list[Tally]) -> tuple[Tally, ...]:
    if not tallies:
        return ()
    whole = replace(tallies[0], place=OTHER_PLACES)
    for tally in tallies[1:]:
        whole = whole.with_other(tally)
    return (whole,)
