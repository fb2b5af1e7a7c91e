"""The section `calendar` for readers: the words for kinds and standings, and the scale of the timeline."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.report import CalendarRow, DateStanding, Renewal, Report
from auditor.text import many

SCALE = 1000  # length of the timeline
KINDS: Mapping[str, str] = {
    "crl": "CRL",
    "cluster-certificates": "cluster certificates",
    "cluster-ca": "cluster CA",
    "deployed-certificate": "deployed certificate",
    "signing-root": "signing root",
    "token": "registry token",
    "windows-support": "Windows support",
    "kubernetes-support": "Kubernetes support",
}
STANDINGS: Mapping[DateStanding, str] = {
    DateStanding.ENDED: "ended",
    DateStanding.BEFORE_HORIZON: "before the horizon",
    DateStanding.RENEWED: "renewed",
    DateStanding.AFTER_HORIZON: "after the horizon",
}
RENEWALS: Mapping[Renewal, str] = {
    Renewal.AUTOMATIC: "automatic",
    Renewal.MANUAL: "by a person",
    Renewal.UNDECLARED: "not declared",
    Renewal.NONE: "none",
}
HEADERS = ("Ends", "What", "Standing", "Renewal")


def what(row: CalendarRow) -> str:
    """Return what ends: its kind and its name."""
    return f"{KINDS.get(row.kind.value, row.kind.value)} {row.name}"


def ends(row: CalendarRow) -> str:
    """Return the date, marked if it follows from an assumption."""
    return f"{row.ends.isoformat()}{' (assumed)' if row.basis.value == 'assumed' else ''}"


def left(row: CalendarRow) -> str:
    """Return the time between the audit date and the end."""
    if row.days < 0:
        return f"{many(-row.days, 'day')} ago"
    return f"in {many(row.days, 'day')}" if row.days else "today"


def summary(report: Report) -> str:
    """Return how many entries end before the horizon without a declared automatic renewal."""
    count = sum(row.standing in {DateStanding.ENDED, DateStanding.BEFORE_HORIZON} for row in report.calendar)
    verb = "ends" if count == 1 else "end"
    return f"{count:,} of {many(len(report.calendar), 'date')} {verb} before the horizon {report.horizon.isoformat()}."


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """A row of the timeline: the length of its bar, in thousandths of the scale."""

    row: CalendarRow
    length: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rows on one scale, from the audit date to `until`. `horizon` is its position in thousandths."""

    marks: tuple[TimelineMark, ...]
    horizon: int
    until: datetime.date


def timeline(report: Report) -> Timeline:
    """Return the rows on a scale that ends half a span after the horizon. Later ends reach the edge."""
    span = max(1, (report.horizon - report.audited_at).days)
    whole = span * 3 // 2 or 1
    marks = tuple(TimelineMark(row, min(SCALE, max(0, row.days) * SCALE // whole)) for row in report.calendar)
    most = (datetime.date.max - report.audited_at).days
    until = report.audited_at + datetime.timedelta(days=min(whole, most))
    return Timeline(marks, min(SCALE, span * SCALE // whole), until)
