"""The whole report as text: verdict first, worst findings first. Only commands and paths exceed the width."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from auditor.report import Report, Status
from auditor.text import listed, many, short_hash
from reports import basis
from reports.cleaning import clean
from reports.headline import headline, meaning, title
from reports.style import PLAIN, Style
from reports.summary import MOST_STEPS, counted, fixing, weight
from reports.text import outcomes, sections
from reports.text.ink import Ink
from reports.text.layout import heading, wide, width, wrap

MOST_PASSED = 12
_PARTS = (
    outcomes.undetermined,
    outcomes.accepted,
    outcomes.known,
    sections.images,
    sections.storage,
    sections.egress,
    sections.trust,
    sections.calendar,
    sections.scope,
    sections.evidence,
    sections.skipped,
)


def render(report: Report, style: Style = PLAIN) -> str:
    """Return the report as text. Text from external sources cannot add control characters to it."""
    with wide(style.width):
        return "\n".join(_lines(report, Ink(style.colour, style.folder), style)) + "\n"


def _lines(report: Report, ink: Ink, style: Style) -> Iterator[str]:
    yield from _verdict(report, ink)
    yield from _first(report, ink)
    yield from outcomes.findings(report, ink, style.excerpts)
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
    places = f" Locations are relative to {folder}" if folder else ""
    yield from wrap(f"Plan {name}, as of {report.audited_at.isoformat()}, horizon {report.horizon.isoformat()}.{places}")


def _first(report: Report, ink: Ink) -> Iterator[str]:
    chosen = report.first_steps[:MOST_STEPS]
    if not chosen:
        return
    yield from heading("What to do first", ink)
    for number, step in enumerate(chosen, 1):
        first, *rest = wrap(f"{step.title} ({weight(step)})", "", f"{number}. ")
        yield ink.paint(first, "bold")
        yield from rest
        # One line: the findings below show the full remedy.
        yield from list(wrap(textwrap.shorten(clean(step.action), width() - 3, placeholder=" …"), "   "))[:1]


def _end(report: Report) -> Iterator[str]:
    statuses = Counter(row.status for row in report.checks)
    checks = ", ".join(f"{statuses[status]} {status.value}" for status in Status if statuses[status])
    passed = listed([row.rule.id for row in report.checks if row.status is Status.PASSED], MOST_PASSED)
    yield ""
    yield from wrap(f"{title(report)}: {counted(report)}.")
    yield from wrap(
        f"{many(report.counts.examined, 'subject')} examined by {many(len(report.checks), 'check')}: {checks or 'none'}."
        f"{passed and f' Passed: {passed}.'}"
    )
    if report.plan_path:
        sha = f" (SHA-256 {short_hash(report.plan_sha256)})" if report.plan_sha256 else ""
        yield from wrap(f"{report.plan_path}{sha}, airgap-auditor {report.tool_version}.")
    if line := basis.facts_line(report):
        yield from wrap(line)
    yield from _fix(report)
    yield from wrap("For all facts, remedies and commands: --format html=report.html.")


def _fix(report: Report) -> Iterator[str]:
    """Yield what `auditor fix` resolves, and its command on its own line."""
    if report.fix_command:
        yield from wrap(f"{fixing(report)} It writes files and does not run them:")
        yield f"  {clean(report.fix_command)}"
