"""How long public CAs issue TLS server certificates: `facts/public_lifetimes.yaml`."""

from __future__ import annotations

import datetime

from auditor.facts import Fact, remembered, table


class PublicLifetime(Fact, frozen=True, kw_only=True):
    """The most days of validity of a public TLS server certificate that is issued from a day on (ISO date)."""

    issued_from: str
    days: int


@remembered
def _rows() -> tuple[PublicLifetime, ...]:
    return table("public_lifetimes", PublicLifetime)


def longest_public(issued: datetime.date) -> int:
    """Return the most days for which a public CA may issue a certificate on a day."""
    rows = sorted(_rows(), key=lambda row: row.issued_from)
    return next((row.days for row in reversed(rows) if row.issued_from <= issued.isoformat()), rows[0].days)


def shorter_later(issued: datetime.date) -> tuple[tuple[datetime.date, int], ...]:
    """Return the limits that apply later than a day: the first day and the days of validity."""
    rows = sorted(_rows(), key=lambda row: row.issued_from)
    later = (row for row in rows if row.issued_from > issued.isoformat())
    return tuple((datetime.date.fromisoformat(row.issued_from), row.days) for row in later)
