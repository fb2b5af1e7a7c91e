"""The report for a person at a terminal: the verdict first, worst things first, at most 80 columns but for commands."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from auditor.report import Report, Status
from auditor.text import listed, many
from reports.cleaning import clean
from reports.headline import headline, meaning, title
from reports.summary import counted, fixing, steps
from reports.text import outcomes, sections
from reports.text.ink import Ink
from reports.text.layout import WIDTH, heading, wrap

MOST_PASSED = 12
_PARTS = (
    outcomes.findings,
    outcomes.undetermined,
    outcomes.accepted,
    outcomes.known,
    sections.images,
    sections.storage,
    sections.egress,
    sections.trust,
    sections.scope,
    sections.evidence,
    sections.skipped,
)


def render(report: Report, *, colour: bool = False) -> str:
    """The report as text. Nothing that comes from outside can put a control character into it."""
    return "\n".join(_lines(report, Ink(colour))) + "\n"


def _lines(report: Report, ink: Ink) -> Iterator[str]:
    yield from _verdict(report, ink)
    yield from _first(report, ink)
    for part in _PARTS:
        yield from part(report, ink)
    yield from _end(report)


def _verdict(report: Report, ink: Ink) -> Iterator[str]:
    first, *rest = wrap(f"{headline(report)}.")
    word = title(report)
    yield first.replace(word, ink.verdict(word, report.verdict), 1)
    yield from rest
    yield from wrap(meaning(report))
    name = clean(report.plan_name) or "no name"
    folder = outcomes.places_folder(report)
    places = f" Places are relative to {folder}" if folder else ""
    yield from wrap(f"Plan {name}, as of {report.audited_at.isoformat()}, horizon {report.horizon.isoformat()}.{places}")


def _first(report: Report, ink: Ink) -> Iterator[str]:
    chosen = steps(report)
    if not chosen:
        return
    yield from heading("What to do first", ink)
    for number, step in enumerate(chosen, 1):
        first, *rest = wrap(step.about, "", f"{number}. ")
        yield ink.paint(first, "bold")
        yield from rest
        # One line: the whole of it stands with the findings.
        yield from list(wrap(textwrap.shorten(clean(step.advice), WIDTH - 3, placeholder=" …"), "   "))[:1]


def _end(report: Report) -> Iterator[str]:
    statuses = Counter(row.status for row in report.checks)
    checks = ", ".join(f"{statuses[status]} {status.value}" for status in Status if statuses[status])
    passed = listed([row.rule.id for row in report.checks if row.status is Status.PASSED], MOST_PASSED)
    yield ""
    yield f"{title(report)}: {counted(report)}."
    yield from wrap(
        f"{many(report.counts.examined, 'subject')} examined by {many(len(report.checks), 'check')}: {checks or 'none'}."
        f"{passed and f' Passed: {passed}.'}"
    )
    if report.plan_path:
        sha = f" (sha256 {report.plan_sha256[:16]})" if report.plan_sha256 else ""
        yield from wrap(f"{report.plan_path}{sha}, airgap-auditor {report.tool_version}.")
    yield from _fix(report)
    yield "Everything, with every fact, remedy and command: --format html=report.html."


def _fix(report: Report) -> Iterator[str]:
    """What `auditor fix` resolves, and its command on a line of its own."""
    if report.fix_command:
        yield from wrap(f"{fixing(report)} It writes files and runs nothing:")
        yield f"  {clean(report.fix_command)}"
