"""The words of the verdict: what was examined, what was not, and what follows. Every format takes them from here.

Only `Report.works_offline_until` decides whether a promise is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from auditor.check import Severity
from auditor.report import Report, ScopeRow, ScopeStatus, Verdict
from auditor.text import many
from reports.summary import counted

STATUS_WORDS = {
    ScopeStatus.EXAMINED: "examined",
    ScopeStatus.NOT_DECLARED: "not declared",
    ScopeStatus.UNDETERMINED: "undetermined",
    ScopeStatus.SWITCHED_OFF: "switched off",
}


def title(report: Report) -> str:
    """The verdict in a few words. `READY` alone stands only where everything was examined."""
    match report.verdict:
        case Verdict.READY:
            return "READY" if report.works_offline_until is not None else "READY for what was examined"
        case Verdict.NOT_READY:
            return "NOT READY"
        case Verdict.UNDETERMINED:
            return "UNDETERMINED"
        case _:
            assert_never(report.verdict)


def headline(report: Report) -> str:
    """The verdict without a full stop: with the counts, or with the areas if it holds only for these."""
    if report.verdict is Verdict.READY and report.works_offline_until is None:
        return f"{title(report)}: {_examined(report)}"
    return f"{title(report)}: {counted(report)}"


def meaning(report: Report) -> str:
    """What the verdict means for the site, in sentences, and what was not examined."""
    return " ".join(_sentences(report))


def unexamined(report: Report) -> tuple[ScopeRow, ...]:
    """The areas that were not examined, or not as a whole."""
    return tuple(row for row in report.scope if not row.is_examined)


def not_examined(report: Report) -> str:
    """The sentence about areas that were not examined; empty if there are none."""
    rows = [f"{row.area.label} ({status(row)})" for row in unexamined(report)]
    return f"Not examined: {', '.join(rows)}." if rows else ""


def status(row: ScopeRow) -> str:
    """The status of an area for people."""
    words = STATUS_WORDS[row.status]
    return f"partly examined; {words}" if row.examined and not row.is_examined else words


def _examined(report: Report) -> str:
    whole = [row.area.label for row in report.scope if row.is_examined]
    parts = [row.area.label for row in report.scope if row.examined]
    if whole:
        return ", ".join(whole)
    return f"parts of {', '.join(parts)}" if parts else "no whole area"


def _sentences(report: Report) -> Iterator[str]:
    if not report.counts.examined:
        yield "Nothing was examined, so nothing is known."
    elif report.verdict is Verdict.READY:
        yield from _of_ready(report)
        return
    elif report.verdict is Verdict.NOT_READY:
        yield _of_not_ready(report)
    else:
        yield "This is not a pass: some questions have no answer."
    yield from filter(None, (not_examined(report),))


def _of_ready(report: Report) -> Iterator[str]:
    if (until := report.works_offline_until) is not None:
        yield f"This environment will work offline until {until.isoformat()}."
        return
    yield from filter(None, (not_examined(report),))
    if faults := len(report.accepted_faults):
        by = "accepted by a waiver, the baseline or the plan's `severity`"
        yield f"{many(faults, 'finding')} {by}: this is no promise that it works."
    if report.ending_early:
        yield f"{many(report.ending_early, 'finding')} about dates before the horizon {report.horizon.isoformat()}."
    counts = counted(report)
    yield f"{counts[:1].upper()}{counts[1:]}."


def _of_not_ready(report: Report) -> str:
    if any(item.is_active and item.severity is Severity.ERROR for item in report.findings):
        return "This environment will not work offline."
    return f"It has findings at or above the severity `{report.fail_on.value}`, which `--fail-on` names."
