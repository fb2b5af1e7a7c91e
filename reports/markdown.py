"""Markdown for a comment on a pull request: the verdict, the findings that count, and as many others as fit.

GitHub allows 65,536 characters. The worst come first, and the omitted ones are counted at the end. Untrusted text is escaped:
it cannot add markup or HTML, and mentions no user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.check import Severity
from auditor.report import CalendarRow, HostRow, JudgedFinding, Report, Verdict, Waived
from auditor.text import many
from reports import basis, hosts
from reports import calendar as dates
from reports.cleaning import clean
from reports.headline import headline, meaning, status, unexamined
from reports.summary import baselined, fixing, hidden, shown, waived
from reports.wording import FilePosition, WordedFindings, asked, lines_of, shortened

MOST = 65_536
_ROOM_FOR_THE_END = 1_024
_SIGNS = {Verdict.READY: "☑️", Verdict.NOT_READY: "❌", Verdict.UNDETERMINED: "❔"}
_NAMES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.INFO: "Information"}
_MARKUP = re.compile(r"([\\`*_\[\]|~>$])")
_MENTION = re.compile(r"(?<!\w)@")
_FENCE = re.compile("`+")


Item = tuple[str, int]  # text, and the number of findings or undetermined outcomes that it represents


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading and its items. `folded` items are collapsed."""

    heading: str
    items: tuple[Item, ...]
    folded: bool = False


def render(report: Report) -> str:
    """Return the comment, at most `MOST` bytes and therefore at most as many characters."""
    head = "\n".join(_head(report))
    end = _end(report)
    room = MOST - len(head.encode()) - len(end.encode()) - _ROOM_FOR_THE_END
    parts, left_out = [head], 0
    for section in _sections(report):
        text, used, missing = _fitting(section, room)
        room -= used
        left_out += missing
        if text:
            parts.append(text)
    if left_out:
        parts.append(
            f"**Omitted because of GitHub's size limit: {many(left_out, 'finding or question', 'findings and questions')}.**"
        )
    return "\n\n".join([*parts, end]) + "\n"


def _head(report: Report) -> Iterator[str]:
    sign = "✅" if report.works_offline_until is not None else _SIGNS[report.verdict]
    yield f"## {sign} {headline(report)}"
    yield ""
    days = f"as of {report.audited_at.isoformat()}, horizon {report.horizon.isoformat()}"
    yield f"{meaning(report)} Plan {code(report.plan_name[:200])}, {days}."


def _end(report: Report) -> str:
    by = f"{many(len(report.checks), 'check')}, airgap-auditor {code(report.tool_version[:40])}"
    used = basis.summary_line(report)
    return f"{many(report.counts.examined, 'subject')} examined by {by}." + (f"\n\n{escaped(used)}" if used else "")


def _fitting(section: MarkdownSection, room: int) -> tuple[str, int, int]:
    """Return the part of a section that fits, its size in bytes, and the number of omitted items."""
    opening, closing = (f"<details><summary>{section.heading}</summary>\n\n", "\n\n</details>") if section.folded else ("", "")
    opening = opening or f"### {section.heading}\n\n"
    used = len(f"{opening}{closing}\n\n".encode())
    shown: list[str] = []
    for text, _ in section.items:
        needs = len(text.encode()) + 1
        if used + needs > room:
            break
        used += needs
        shown.append(text)
    missing = sum(count for _, count in section.items[len(shown) :])
    body = "\n".join(shown)
    return (f"{opening}{body}{closing}", used, missing) if shown else ("", 0, missing)


def _sections(report: Report) -> Iterator[MarkdownSection]:
    found = lines_of(shown(report), folded=True)
    for severity in Severity:
        lines = [line for line in found if line.severity is severity]
        yield from _section(_NAMES[severity], _items(lines), folded=severity is Severity.INFO)
    if left := hidden(report):
        yield MarkdownSection("Not shown", ((f"- {left}", 0),), folded=False)
    yield from _section("Hosts without a usable answer", [(_host(row), row.undetermined) for row in report.hosts])
    questions = [(f"- {code(one.checks)}: {escaped(one.text)}", one.count) for one in asked(hosts.ungrouped(report))]
    if report.fix_command:
        yield MarkdownSection("Fix", (((f"- {fixing(report)} Run {code(report.fix_command)}."), 1),), folded=False)
    yield from _section("Undetermined: not counted as passed", questions)
    yield from _calendar(report)
    yield from _left_open(report)
    yield from _section("Baselined: already in the baseline", _items(lines_of(baselined(report)), mixed=True), folded=True)
    yield from _section("Waived", [(_accepted(item, by), 1) for item, by in waived(report)], folded=True)


def _calendar(report: Report) -> Iterator[MarkdownSection]:
    """Return the section of everything that ends, as a table."""
    if not report.calendar:
        return
    head = f"{dates.summary(report)}\n\n| {' | '.join(dates.HEADERS)} |\n|{'---|' * len(dates.HEADERS)}"
    rows = [(_dated(row), 0) for row in report.calendar]
    yield MarkdownSection(f"Calendar ({len(report.calendar)})", ((head, 0), *rows), folded=True)


def _dated(row: CalendarRow) -> str:
    cells = (dates.ends(row), escaped(shortened(dates.what(row))), dates.STANDINGS[row.standing], dates.RENEWALS[row.renewal])
    return f"| {' | '.join(cells)} |"


def _left_open(report: Report) -> Iterator[MarkdownSection]:
    """Return the section of areas that were not examined, with the missing plan keys. They are not outcomes."""
    rows = [(f"- {row.area.label} ({status(row)}): {escaped(shortened(row.hint))}", 0) for row in unexamined(report)]
    if rows:
        yield MarkdownSection(f"Not examined ({len(rows)})", tuple(rows), folded=True)


def _section(heading: str, items: list[Item], *, folded: bool = False) -> Iterator[MarkdownSection]:
    if items:
        yield MarkdownSection(f"{heading} ({sum(count for _, count in items):,})", tuple(items), folded)


def _items(lines: Iterable[WordedFindings], *, mixed: bool = False) -> list[Item]:
    """Return the lines as items. If severities are `mixed`, each item states its severity."""
    return [(f"- {f'{line.severity.value} ' if mixed else ''}{_item(line)}", line.count) for line in lines]


def _host(row: HostRow) -> str:
    text = f"{hosts.headline(row)}. {hosts.effect(row)} {hosts.quoted(row)} Affects: {hosts.named(row)}"
    commands = "".join(f" {code(command)}" for command in row.remedy.commands)
    return f"- {escaped(shortened(text))} *Fix:* {escaped(shortened(row.remedy.text))}{commands}"


def _accepted(item: JudgedFinding, by: Waived) -> str:
    what = f"{code(item.finding.check)} {code(shortened(str(item.finding.subject)))}"
    return f"- {what}: {escaped(shortened(by.owner))}, until {by.expires.isoformat()}: {escaped(shortened(by.reason))}"


def _item(line: WordedFindings) -> str:
    fix = f" *Fix:* {escaped(line.fix)}" if line.fix else ""
    return f"{code(line.check)}{_at(line.place)}: {escaped(line.text)}{fix}"


def _at(place: FilePosition | None) -> str:
    return f" at {code(str(place))}" if place is not None else ""


def escaped(text: str) -> str:
    """Return `text` on one line, escaped: no markup, no HTML, and no mention of a user by @."""
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MENTION.sub("@<!-- -->", _MARKUP.sub(r"\\\1", text))


def code(text: str) -> str:
    """Return `text` as a code span, even if it contains backticks."""
    text = clean(text).strip() or " "
    fence = "`" * (max((len(run) for run in _FENCE.findall(text)), default=0) + 1)
    space = " " if "`" in (text[0], text[-1]) else ""
    return f"{fence}{space}{text}{space}{fence}"
