"""Findings, waived findings and undetermined outcomes as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from auditor.check import Kind, Remedy, Severity, Subject, Undetermined
from auditor.report import Excerpt, HostRow, Location, Report
from auditor.text import listed, many
from reports import hosts
from reports.cleaning import clean
from reports.folding import MOST_POOLS, FindingGroup, UndeterminedGroup, entries, everybody, questions, who_of
from reports.summary import SummaryGroup, advice, baselined, grouped, since, waived
from reports.text.excerpts import drawn
from reports.text.ink import Ink
from reports.text.layout import heading, more, width, wrap
from reports.text.telling import Telling

# Entries shown per check: errors get more lines than information.
MOST_ENTRIES = {Severity.ERROR: 5, Severity.WARNING: 3, Severity.INFO: 1}
MOST_WORDINGS = 2
MOST_COMMANDS = 5
MOST_NAMED = 4
MOST_QUESTIONS = 5
MOST_HOSTS = 20
MOST_WAIVED = 10
MOST_BASELINED = 10
_ITEM = "  "
_BODY = "    "
_HANGING = "  "
_NONE: Mapping[Location, Excerpt] = MappingProxyType({})


def findings(report: Report, ink: Ink, excerpts: Mapping[Location, Excerpt] = _NONE) -> Iterator[str]:
    """Yield the active findings by check, worst first. Equal findings are shown once, and long groups are cut."""
    groups = grouped(report)
    if not groups:
        return
    yield from heading("Findings", ink)
    folder = places_folder(report)
    for group in groups:
        yield from finding_group(group, folder, ink, excerpts, MOST_ENTRIES[group.severity])


def places_folder(report: Report) -> str:
    """Return the plan's folder with a final slash if it contains every location, else an empty string."""
    folder = report.plan_path[: report.plan_path.rfind("/") + 1]
    places = [item.finding.location for item in report.findings if item.finding.location]
    return folder if all(place.file.startswith(folder) for place in places) else ""


def finding_group(group: SummaryGroup, folder: str, ink: Ink, excerpts: Mapping[Location, Excerpt], most: int) -> Iterator[str]:
    """Yield the findings of one check and severity: at most `most` entries, then the number of the others."""
    word = group.severity.value.upper()
    first, *rest = wrap(f"{group.check} ({len(group.findings):,}): {group.title or 'no title'}", "", f"{word} ")
    yield first.replace(word, ink.severity(word, group.severity), 1)
    yield from rest
    found = entries(item.finding for item in group.findings)
    shown, folded = found[:most], found[most:]
    shared = _shared_remedy(group, shown)
    telling = Telling()
    for entry in shown:
        yield from _entry(entry, folder, telling, ink, excerpts)
        if not shared:
            yield from _own_remedies(entry, group.severity)
    yield from _folded(folded)
    if shared:
        yield from _remedy(shared, "Fix: " if len(group.findings) == 1 else "Fix for each: ", group.severity)


def _shared_remedy(group: SummaryGroup, shown: Sequence[FindingGroup]) -> Remedy | None:
    """Return the first remedy that all findings of the group share, with the commands of the shown findings; else None."""
    ways = [item.finding.remedies[0] if item.finding.remedies else None for item in group.findings]
    first = ways[0]
    if first is None or any(way is None or way.text != first.text for way in ways):
        return None
    commands = [command for entry in shown for finding in entry.findings for command in finding.remedies[0].commands]
    return Remedy(first.kind, first.text, tuple(dict.fromkeys(commands)))


def _entry(entry: FindingGroup, folder: str, telling: Telling, ink: Ink, excerpts: Mapping[Location, Excerpt]) -> Iterator[str]:
    subject, at = entry.first.subject, entry.first.location
    yield from _subject(f"{subject.id}{_of(subject, entry.pools)}", at, folder, ink)
    yield from drawn(at, excerpts.get(at) if at is not None else None, _BODY, ink)
    for number, wording in enumerate(entry.wordings[:MOST_WORDINGS]):
        text = telling.new(wording.first, alone=len(entry.wordings) == 1)
        alike = wording.findings[1:] if text else wording.findings if number or len(wording.findings) > 1 else ()
        same = f"Also affected: {everybody(map(who_of, alike)) or 'others'}." if alike else ""
        # The subject line names the subject already.
        yield from wrap(f"{text.removeprefix(clean(subject.id) + ' ')} {same}".strip(), _BODY)
    hidden = [finding for wording in entry.wordings[MOST_WORDINGS:] for finding in wording.findings]
    if hidden:
        yield from wrap(f"also affected, with other details: {everybody(map(who_of, hidden)) or 'others'}", _BODY, "... ")


def _of(subject: Subject, pools: Sequence[str]) -> str:
    """Return the pools of a subject, or its platform if there are no pools."""
    if pools:
        return f" for {listed(pools, MOST_POOLS)}"
    return f" on {subject.platform}" if subject.platform else ""


def _subject(text: str, place: Location | None, folder: str, ink: Ink) -> Iterator[str]:
    """Yield the subject, with its location on the same line if both fit."""
    lines = list(wrap(text, _ITEM, "* "))
    at = list(wrap(str(place).removeprefix(folder), _BODY, "at ")) if place is not None else []
    if len(at) == 1 and len(lines[-1]) + len(at[0]) - len(_BODY) + 1 <= width():
        *lines, last = lines
        yield from (ink.paint(line, "bold") for line in lines)
        yield f"{ink.paint(last, 'bold')} {ink.link(at[0].lstrip(), place)}"
        return
    yield from (ink.paint(line, "bold") for line in lines)
    yield from (ink.link(line, place) for line in at)


def _own_remedies(entry: FindingGroup, severity: Severity) -> Iterator[str]:
    """Yield the first remedy of each shown wording, each once."""
    told: set[str] = set()
    for wording in entry.wordings[:MOST_WORDINGS]:
        remedy = next(iter(wording.first.remedies), None)
        if remedy and remedy.text not in told:
            told.add(remedy.text)
            alike = all(finding.remedies[:1] == (remedy,) for finding in wording.findings)
            pool = clean(wording.first.subject.pool)
            yield from _remedy(remedy, "Fix: " if alike else f"Fix for {pool} (adapt it for the others): ", severity)


def _remedy(remedy: Remedy, label: str, severity: Severity) -> Iterator[str]:
    """Yield the remedy text, and its commands if the severity is error."""
    yield from wrap(f"{label}{remedy.text}", _BODY, hanging=_HANGING)
    if severity is not Severity.ERROR:
        return
    # Users copy commands, so they are never wrapped.
    yield from (f"{_BODY}{_HANGING}$ {clean(command)}" for command in remedy.commands[:MOST_COMMANDS])
    yield from more(len(remedy.commands) - MOST_COMMANDS, f"{_BODY}{_HANGING}", "command")


def _folded(folded: Sequence[FindingGroup]) -> Iterator[str]:
    """Yield how many findings are not shown, and the first subject names."""
    if not folded:
        return
    count = sum(len(entry.findings) for entry in folded)
    names = list(dict.fromkeys(entry.first.subject.id for entry in folded))
    yield from wrap(f"and {count:,} more: {listed(names, MOST_NAMED)}", _ITEM, "... ")


def undetermined(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the undetermined outcomes by kind, with the advice for each kind."""
    if not report.undetermined:
        return
    yield from heading("Undetermined: not counted as passed", ink)
    for host in report.hosts[:MOST_HOSTS]:
        yield from host_lines(host, ink)
    yield from more(len(report.hosts) - MOST_HOSTS, "", "host")
    kinds: dict[Kind, list[Undetermined]] = {}
    for row in hosts.ungrouped(report):
        kinds.setdefault(row.kind, []).append(row)
    for kind, rows in kinds.items():
        first, *rest = wrap(f"{kind} ({len(rows):,}): {advice(kind)}")
        yield first.replace(kind, ink.paint(kind, "bold", "magenta"), 1)
        yield from rest
        found = questions(rows)
        for question in found[:MOST_QUESTIONS]:
            yield from question_lines(question)
        yield from more(sum(len(question.rows) for question in found[MOST_QUESTIONS:]), _ITEM, "check")


def host_lines(row: HostRow, ink: Ink) -> Iterator[str]:
    """Yield a host that gave no usable answer, with the outcomes that depend on it."""
    first, *rest = wrap(f"{hosts.headline(row)}.", "", "* ")
    yield ink.paint(first, "bold")
    yield from (ink.paint(line, "bold") for line in rest)
    yield from wrap(f"{hosts.effect(row)} {hosts.quoted(row)}", _ITEM)
    yield from wrap(f"Affects: {hosts.named(row)}", _ITEM, hanging=_HANGING)
    yield from wrap(f"Fix: {row.remedy.text}", _ITEM, hanging=_HANGING)
    yield from (f"{_ITEM}{_HANGING}$ {clean(command)}" for command in row.remedy.commands)


def question_lines(question: UndeterminedGroup) -> Iterator[str]:
    """Yield undetermined outcomes of one wording."""
    row = question.first
    times = f", {len(question.rows):,} times" if len(question.rows) > 1 else ""
    yield from wrap(f"{row.subject.id}{_of(row.subject, question.pools)} ({row.check}{times}): {row.detail}", _ITEM, "* ")


def accepted(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the waived findings with owner, date and reason."""
    items = waived(report)
    if not items:
        return
    yield from heading(f"Waived: {many(len(items), 'finding')} accepted by an owner", ink)
    for item, waiver in items[:MOST_WAIVED]:
        what = f"{item.finding.subject} ({item.severity.value} {item.finding.check})"
        yield from wrap(f"{what}: {waiver.owner}, until {waiver.expires.isoformat()}: {waiver.reason}", _ITEM, "* ")
    yield from more(len(items) - MOST_WAIVED, _ITEM, "waived finding")


def known(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the findings that are already in the baseline."""
    found = baselined(report)
    if not found:
        return
    yield from heading(f"Baselined: {many(len(found), 'finding')} already in the baseline", ink)
    yield from wrap(f"They are already in {since(report) or 'the baseline'} and do not count.")
    for item in found[:MOST_BASELINED]:
        where = f" at {item.finding.location}" if item.finding.location else ""
        yield from wrap(f"{item.finding.subject} ({item.severity.value} {item.finding.check}){where}", _ITEM, "* ")
    yield from more(len(found) - MOST_BASELINED, _ITEM, "baselined finding")
