"""The severity and the remedy of something that ends before the horizon: one rule for every check of the calendar."""

from __future__ import annotations

import datetime

from auditor.check import Severity
from auditor.plan.model import Plan
from auditor.site.calendar.calendar_entries import Renewal


def ending(plan: Plan, renewal: Renewal, *, is_sure: bool = True) -> Severity | None:
    """Return the severity of an end before the horizon, or None if a declared program renews it.

    Without a declared renewal it is an error if the plan declares a horizon. It is a warning for the default horizon, or if the
    date is not certain. A declared manual renewal is a date to keep: info.
    """
    match renewal:
        case Renewal.AUTOMATIC:
            return None
        case Renewal.MANUAL:
            return Severity.INFO
        case _:
            return Severity.ERROR if plan.horizon is not None and is_sure else Severity.WARNING


def before(horizon: datetime.date) -> str:
    """Return the clause about the horizon."""
    return f"before the horizon {horizon.isoformat()}"


def kept(renewal: Renewal) -> str:
    """Return the sentence about a declared manual renewal, with a leading space, or an empty string."""
    return " The plan declares that a person renews it." if renewal is Renewal.MANUAL else ""
