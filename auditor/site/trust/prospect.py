"""The outcome of a TLS connection without external access."""

from __future__ import annotations

import datetime
import enum


class Prospect(enum.StrEnum):
    """The outcome of a connection without external access."""

    VERIFIES = "verifies"
    FAILS = "fails"
    UNDETERMINED = "undetermined"


def end_of_day(day: datetime.date) -> datetime.datetime:
    """Return the last second of a day in UTC: the moment at which certificates must be valid on that date."""
    return datetime.datetime.combine(day, datetime.time(23, 59, 59), tzinfo=datetime.UTC)
