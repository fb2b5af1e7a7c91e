"""The verdict as text: what was examined, what was not, and what this means. Every format uses these texts.

Only `Report.works_offline_until` decides whether the text promises that the site works offline.
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
    """Return the verdict in a few words. `READY` alone means that everything was examined."""
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
    """Return the verdict without a full stop, with the counts or, if it covers only some areas, with these areas."""
    if report.verdict is Verdict.READY and report.works_offline_until is None:
        return f"{title(report)}: {_examined(report)}"
    return f"{title(report)}: {counted(report)}"


def meaning(report: Report) -> str:
    """Return what the verdict means for the site, and what was not examined, as sentences."""
    return " ".join(_sentences(report))


def judgement(report: Report) -> str:
    """Return what the verdict means for the site, without the areas that were not examined."""
    left_out = not_examined(report)
    return " ".join(sentence for sentence in _sentences(report) if sentence != left_out)


def unexamined(report: Report) -> tuple[ScopeRow, ...]:
    """Return the areas that were not examined completely."""
    return tuple(row for row in report.scope if not row.is_examined)


def not_examined(report: Report) -> str:
    """Return the sentence about areas that were not examined, or an empty string."""
    rows = [f"{row.area.label} ({status(row)})" for row in unexamined(report)]
    return f"Not examined: {', '.join(rows)}." if rows else ""


def status(row: ScopeRow) -> str:
    """Return the status of an area as text."""
    words = STATUS_WORDS[row.status]
    return f"partly examined; {words}" if row.examined and not row.is_examined else words


def _examined(report: Report) -> str:
    whole = [row.area.label for row in report.scope if row.is_examined]
    parts = [row.area.label for row in report.scope if row.examined]
    if whole:
        return ", ".join(whole)
    return f"parts of {', '.join(parts)}" if parts else "no complete area"


def _sentences(report: Report) -> Iterator[str]:
    if not report.counts.examined:
        yield "Nothing was examined, so the result is unknown."
    elif report.verdict is Verdict.READY:
        yield from _of_ready(report)
        return
    elif report.verdict is Verdict.NOT_READY:
        yield _of_not_ready(report)
    else:
        yield "This is not a pass: some checks could not be decided."
    yield from filter(None, (not_examined(report),))


def _of_ready(report: Report) -> Iterator[str]:
    if (until := report.works_offline_until) is not None:
        yield f"This environment will work offline until {until.isoformat()}."
        return
    yield from filter(None, (not_examined(report),))
    if faults := len(report.accepted_faults):
        by = "accepted by a waiver, the baseline or the plan's `severity`"
        yield f"{many(faults, 'finding')} {by}: the environment may still fail offline."
    if report.ending_early:
        yield f"{many(report.ending_early, 'finding')} about dates before the horizon {report.horizon.isoformat()}."
    counts = counted(report)
    yield f"{counts[:1].upper()}{counts[1:]}."


def _of_not_ready(report: Report) -> str:
    if any(item.is_active and item.severity is Severity.ERROR for item in report.findings):
        return "This environment will not work offline."
    return f"It has findings at or above severity `{report.fail_on.value}`, the threshold of `--fail-on`."
