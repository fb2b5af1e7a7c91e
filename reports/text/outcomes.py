"""Findings, waived findings and what is undetermined, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check import Finding, Remedy, Undetermined
from auditor.report import Report
from reports.cleaning import clean
from reports.quantity import many
from reports.summary import Group, advice, grouped, waived
from reports.text.ink import Ink
from reports.text.layout import heading, more, wrap

MOST_FINDINGS = 10
MOST_UNDETERMINED = 10
MOST_WAIVED = 20
_ITEM = "  "
_BODY = "    "


def findings(report: Report, ink: Ink) -> Iterator[str]:
    """Every active finding by check, worst first; long groups are folded."""
    groups = grouped(report)
    if not groups:
        return
    yield from heading("Findings", ink)
    for number, group in enumerate(groups):
        if number:
            yield ""
        yield from _group(group, ink)


def _group(group: Group, ink: Ink) -> Iterator[str]:
    word = group.severity.value.upper()
    first, *rest = wrap(f"{group.check} ({len(group.findings):,}): {group.title or 'no title'}", "", f"{word} ")
    yield first.replace(word, ink.severity(word, group.severity), 1)
    yield from rest
    shared = next(iter(group.shared_remedies), None)
    for item in group.findings[:MOST_FINDINGS]:
        yield from _finding(item.finding, shared, ink)
    yield from more(len(group.findings) - MOST_FINDINGS, _ITEM)
    if shared:
        yield from _remedy(shared, "For each: ")


def _finding(finding: Finding, shared: Remedy | None, ink: Ink) -> Iterator[str]:
    yield from _subject(str(finding.subject), ink)
    if finding.location:
        yield from wrap(str(finding.location), _BODY, "at ")
    yield from wrap(finding.message, _BODY)
    if finding.remedies and not shared:
        yield from _remedy(finding.remedies[0], "Fix: ")


def _subject(text: str, ink: Ink) -> Iterator[str]:
    yield from (ink.paint(line, "bold") for line in wrap(text, _ITEM, "* "))


def _remedy(remedy: Remedy, label: str) -> Iterator[str]:
    yield from wrap(remedy.text, _BODY, label)
    # A command is for copying, so it is never wrapped, however long.
    yield from (f"{_BODY}  $ {clean(command)}" for command in remedy.commands)


def undetermined(report: Report, ink: Ink) -> Iterator[str]:
    """What could not be decided, by kind, with what to do about each kind."""
    if not report.undetermined:
        return
    yield from heading("Undetermined: no pass without an answer", ink)
    kinds: dict[str, list[Undetermined]] = {}
    for row in report.undetermined:
        kinds.setdefault(row.kind.value, []).append(row)
    for kind, rows in kinds.items():
        first, *rest = wrap(f"{kind} ({len(rows):,}): {advice(kind)}")
        yield first.replace(kind, ink.paint(kind, "bold", "magenta"), 1)
        yield from rest
        for row in rows[:MOST_UNDETERMINED]:
            yield from wrap(f"{row.subject} ({row.check})", _ITEM, "* ")
            yield from wrap(row.detail, _BODY)
        yield from more(len(rows) - MOST_UNDETERMINED, _ITEM)


def accepted(report: Report, ink: Ink) -> Iterator[str]:
    """Findings that a waiver covers: still wrong, but somebody stands for them until a date."""
    items = waived(report)
    if not items:
        return
    yield from heading(f"Waived: {many(len(items), 'finding')} accepted by name", ink)
    for item, waiver in items[:MOST_WAIVED]:
        yield from wrap(f"{item.finding.subject} ({item.severity.value} {item.finding.check})", _ITEM, "* ")
        yield from wrap(f"{waiver.owner}, until {waiver.expires.isoformat()}: {waiver.reason}", _BODY)
    yield from more(len(items) - MOST_WAIVED, _ITEM)
