"""The parts of a report that concern one check, image, endpoint, pool or severity, in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.check import Finding, Severity, Subject, Undetermined
from auditor.report import FirstStep, ImageRow, JudgedFinding, Report, When
from auditor.report.concerned import endpoint_of
from auditor.text import format_size, listed, many
from reports import calendar, hosts
from reports.cleaning import clean
from reports.folding import questions
from reports.headline import headline, judgement
from reports.standings import legend
from reports.style import Style
from reports.summary import SummaryGroup, fixing, grouped, weight
from reports.text import outcomes, sections
from reports.text.chain import draw
from reports.text.excerpts import drawn
from reports.text.ink import Ink
from reports.text.layout import heading, table, wide, wrap

MOST_ENTRIES = 200
MOST_IMAGES = 500
MOST_QUESTIONS = 200
_UNNAMED = frozenset({"part", "severity"})
_ITEM = "  "


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that a report can show. `names` are what a reader may call it; `lines` draws it."""

    kind: str
    name: str
    lines: Callable[[Report, Ink, Style], Iterator[str]]


def topics(report: Report) -> tuple[Topic, ...]:
    """Return everything that a report can show in full."""
    checks = dict.fromkeys([row.rule.id for row in report.checks])
    checks |= dict.fromkeys(item.finding.check for item in report.findings)
    endpoints = dict.fromkeys([row.endpoint for row in report.trust])
    endpoints |= dict.fromkeys(filter(None, (endpoint_of(item.finding.subject) for item in report.findings)))
    pools = dict.fromkeys(cell.pool for row in report.images for cell in row.platforms)
    pools |= dict.fromkeys(row.pool for row in report.trust)
    pools |= dict.fromkeys(filter(None, (item.finding.subject.pool for item in report.findings)))
    named = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}
    return (
        *(Topic("severity", word, _severity(severity)) for severity, word in named.items()),
        Topic("severity", "undetermined", lambda report, ink, _style: _undetermined(report.undetermined, report, ink)),
        Topic("part", "steps", _steps),
        Topic("part", "scope", lambda report, ink, _style: sections.scope(report, ink)),
        Topic("part", "waived", lambda report, ink, _style: outcomes.accepted(report, ink)),
        Topic("part", hosts.UNANSWERED, lambda report, ink, _style: _undetermined(report.undetermined, report, ink)),
        *(Topic("check", check, _check(check)) for check in checks),
        *(Topic("pool", pool, _pool(pool)) for pool in pools),
        *(Topic("endpoint", endpoint, _endpoint(endpoint)) for endpoint in endpoints),
        *(Topic("image", row.reference, _image(row)) for row in report.images),
    )


def render(report: Report, chosen: Iterable[Topic], style: Style) -> str:
    """Return the chosen topics, each below a line with its name."""
    ink = Ink(style.colour, style.folder)
    with wide(style.width):
        lines = [clean(f"{report.plan_name or 'no name'} as of {report.audited_at.isoformat()}")]
        for topic in chosen:
            lines += heading(clean(topic.name if topic.kind in _UNNAMED else f"{topic.kind} {topic.name}"), ink)
            lines += topic.lines(report, ink, style)
        lines += ["", *wrap(f"{headline(report)}."), *wrap(judgement(report))]
    return "\n".join(lines) + "\n"


def _findings(items: Iterable[JudgedFinding], report: Report, ink: Ink, style: Style) -> Iterator[str]:
    """Yield findings in full, by check; accepted ones after the others."""
    found = list(items)
    folder = outcomes.places_folder(report)
    for group in grouped(replace(report, findings=tuple(item for item in found if item.is_active))):
        yield from outcomes.finding_group(_with_titles(group, report), folder, ink, style.excerpts, MOST_ENTRIES)
    for item in found:
        if not item.is_active:
            waiver = item.waived
            why = f"waived by {waiver.owner} until {waiver.expires.isoformat()}: {waiver.reason}" if waiver else "baselined"
            yield from wrap(f"{item.severity.value} {item.finding.check}: {item.finding.subject}: {why}", _ITEM, "* ")


def _with_titles(group: SummaryGroup, report: Report) -> SummaryGroup:
    titles = {row.rule.id: row.rule.title for row in report.checks}
    return replace(group, title=group.title or titles.get(group.check, ""))


def _undetermined(rows: Iterable[Undetermined], report: Report, ink: Ink) -> Iterator[str]:
    found = list(rows)
    concerned = {(fault.host, fault.cause.value) for row in found for fault in row.faults}
    for host in report.hosts:
        if (host.host, host.cause) in concerned:
            yield from outcomes.host_lines(host, ink)
    alike = questions(row for row in found if not (row.faults and report.hosts))
    for question in alike[:MOST_QUESTIONS]:
        yield from outcomes.question_lines(question)
    if len(alike) > MOST_QUESTIONS:
        yield f"{_ITEM}... and {many(len(alike) - MOST_QUESTIONS, 'more check')}: --format json has all"


def _about(
    report: Report,
    ink: Ink,
    style: Style,
    concerns: Callable[[Finding | Undetermined], bool],
) -> Iterator[str]:
    """Yield the findings and the undetermined outcomes that concern the topic, or one line if there is nothing."""
    findings = [item for item in report.findings if concerns(item.finding)]
    undetermined = [row for row in report.undetermined if concerns(row)]
    yield from _findings(findings, report, ink, style)
    if undetermined:
        yield ink.paint(f"Undetermined ({len(undetermined):,})", "bold", "magenta")
        yield from _undetermined(undetermined, report, ink)
    if not (findings or undetermined):
        yield "No findings, and nothing is undetermined."


def _severity(severity: Severity) -> Callable[[Report, Ink, Style], Iterator[str]]:
    def lines(report: Report, ink: Ink, style: Style) -> Iterator[str]:
        found = [item for item in report.findings if item.severity is severity and item.is_active]
        yield from _findings(found, report, ink, style) if found else iter(("None.",))

    return lines


def _check(check: str) -> Callable[[Report, Ink, Style], Iterator[str]]:
    def lines(report: Report, ink: Ink, style: Style) -> Iterator[str]:
        for row in report.checks:
            if row.rule.id == check:
                examined = f", {many(row.examined, 'subject')} examined" if row.examined else ""
                reason = f": {row.reason}" if row.reason else ""
                yield from wrap(f"{row.rule.title} ({row.severity.value}): {row.status.value}{examined}{reason}")
        yield from _about(report, ink, style, lambda outcome: outcome.check == check)
        yield f"What it checks, and why: auditor explain {clean(check)}"

    return lines


def _pool(pool: str) -> Callable[[Report, Ink, Style], Iterator[str]]:
    def lines(report: Report, ink: Ink, style: Style) -> Iterator[str]:
        cells = [(row, cell) for row in report.images for cell in row.platforms if cell.pool == pool]
        statuses = Counter(cell.status for _, cell in cells)
        if cells:
            counts = ", ".join(f"{count:,} {status}" for status, count in statuses.most_common())
            yield from wrap(f"{many(len(cells), 'image')}: {counts}")
            bad = [
                [cell.status.value, row.reference, cell.detail or ", ".join(cell.checks)]
                for row, cell in cells
                if not cell.status.runs
            ]
            yield from table(("Status", "Image", "Why"), bad, (15, 48), MOST_IMAGES)
        trust = [row for row in report.trust if row.pool == pool]
        for row in trust:
            yield from wrap(f"{row.client} to {row.endpoint}{row.symptom and ': '}{row.symptom}", _ITEM, f"{row.verdict:<13} ")
        yield from _about(report, ink, style, lambda outcome: _concerns_pool(outcome, pool))

    return lines


def _concerns_pool(outcome: Finding | Undetermined, pool: str) -> bool:
    stated = outcome.facts.get("pools")
    subject = outcome.subject
    is_pool = subject.kind == "pool" and subject.id == pool
    return subject.pool == pool or is_pool or (isinstance(stated, tuple) and pool in stated)


def _endpoint(endpoint: str) -> Callable[[Report, Ink, Style], Iterator[str]]:
    def lines(report: Report, ink: Ink, style: Style) -> Iterator[str]:
        yield from draw((row for row in report.trust if row.endpoint == endpoint), ink)
        for row in report.calendar:
            if endpoint in row.name:
                yield from wrap(f"{calendar.what(row)}: {calendar.STANDINGS[row.standing]}", _ITEM, f"{calendar.ends(row)} ")
        yield from _about(report, ink, style, lambda outcome: _endpoint_named(outcome.subject) == endpoint)

    return lines


def _endpoint_named(subject: Subject) -> str:
    return endpoint_of(subject) or subject.id


def _image(image: ImageRow) -> Callable[[Report, Ink, Style], Iterator[str]]:
    def lines(report: Report, ink: Ink, style: Style) -> Iterator[str]:
        if image.digest:
            yield f"Digest {clean(image.digest)}"
        for cell in image.platforms:
            size = f", {format_size(cell.bytes)}" if cell.bytes is not None else ""
            foreign = f", {many(cell.foreign_layers, 'foreign layer')}" if cell.foreign_layers else ""
            why = f": {cell.detail}" if cell.detail else ""
            yield from wrap(f"{cell.pool} ({cell.platform}{size}{foreign}){why}", _ITEM, f"{cell.status.value:<15} ")
        for status, meaning in legend(cell.status for cell in image.platforms):
            yield from wrap(meaning, _ITEM, f"{status}: ")
        yield from wrap(f"Needed because of {listed(image.why, 6)}.") if image.why else ()
        yield from _about(report, ink, style, lambda outcome: _concerns_image(outcome, image.reference))

    return lines


def _concerns_image(outcome: Finding | Undetermined, reference: str) -> bool:
    stated = (outcome.facts.get("images"), outcome.facts.get("image"), outcome.facts.get("reference"))
    is_stated = any(reference == one or (isinstance(one, tuple) and reference in one) for one in stated)
    return outcome.subject.id == reference or is_stated


def _steps(report: Report, ink: Ink, style: Style) -> Iterator[str]:
    """Yield every step with its remedy, its commands, its objects and the quoted line."""
    for number, step in enumerate(report.first_steps, 1):
        label = f"{number}. "
        when = "while the sources are reachable" if step.when is When.WHILE_CONNECTED else "at any time"
        pools = f" on {listed(step.pools, 6)}" if step.pools else ""
        for line in wrap(f"{step.title}: {weight(step)}{pools}, {when}", "", label):
            yield ink.paint(line, "bold")
        yield from wrap(_objects(step), "   ")
        yield from drawn(step.location, style.excerpts.get(step.location) if step.location else None, "   ", ink)
        yield from wrap(step.reason, "   ")
        yield from wrap(step.action, "   ", "Fix: ")
        yield from (f"     $ {clean(command)}" for command in step.commands)
    if report.fix_command:
        yield from wrap(fixing(report))


def _objects(step: FirstStep) -> str:
    names = [*step.subjects]
    hidden = step.subject_count - len(names)
    at = f" at {step.location}" if step.location is not None else ""
    checks = f" ({', '.join(step.checks)})" if step.checks else ""
    return f"{listed(names) if hidden <= 0 else ', '.join(names) + f' and {hidden:,} more'}{at}{checks}."
