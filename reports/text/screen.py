"""The report on one screen: findings by check, what to do first, the scope, and the verdict last.

A finding's line is never wrapped. If there are too many checks, those with the most findings are shown, errors before
undetermined outcomes before warnings. A last line per severity counts the others and names the command that shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.check import Severity, Subject, Undetermined
from auditor.report import FirstStep, Location, Report, Verdict
from auditor.text import listed, many
from reports import basis, hosts
from reports.cleaning import clean
from reports.folding import everybody
from reports.headline import headline, judgement, meaning, title, unexamined
from reports.style import PLAIN, Style
from reports.summary import fixing, grouped, weight
from reports.text.ink import Ink, without_codes
from reports.text.layout import breadth, cut, cut_start, padded, wide, width, wrap
from reports.text.outcomes import places_folder

MOST_LINES = 40
FEWEST_ROWS = 8  # rows of findings that are shown even if the other parts fill the screen
UNDETERMINED = "undetermined"
_MOST_STEPS = 4
_MOST_SCOPE = 2
_GAP = "  "
_WORDS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}
_MORE = "More: auditor show CHECK|IMAGE|ENDPOINT|POOL, --format text=full, --format html=report.html"
_ROOMY = 12  # lines: a table that needs no more has the message below each finding
_NARROW = 30  # columns for place and object; in fewer, only the place is shown
_STEP = "   "
_SHOW = "auditor show "
_WIDEST_ID, _WIDEST_PLACE = 28, 28


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table of findings. `severity` is None for undetermined outcomes.

    A row without a name counts the checks that are not shown; `is_more`: others with its severity are. `message` is shown below
    the row if there is room.
    """

    severity: Severity | None
    name: str
    count: int
    place: Location | None
    what: str
    message: str = ""
    is_more: bool = False

    @property
    def word(self) -> str:
        """The severity as a word."""
        return self.severity.value if self.severity is not None else UNDETERMINED


def render(report: Report, style: Style = PLAIN) -> str:
    """Return the screen. Text from external sources cannot add control characters to it."""
    with wide(style.width):
        return "\n".join(_lines(report, Ink(style.colour, style.folder))) + "\n"


def _lines(report: Report, ink: Ink) -> Iterator[str]:
    below = [*_first(report, ink), *_scope(report, ink), *_verdict(report, ink)]
    taken = 2 + sum(max(1, -(-breadth(without_codes(line)) // width())) for line in below)
    yield from _head(report)
    yield from _findings(report, max(FEWEST_ROWS, MOST_LINES - taken), ink)
    yield from below


def _head(report: Report) -> Iterator[str]:
    name = clean(report.plan_name) or "no name"
    folder = places_folder(report)
    places = f", locations in {clean(folder)}" if folder else ""
    yield cut(f"{name} as of {report.audited_at.isoformat()}, horizon {report.horizon.isoformat()}{places}", width())


def _findings(report: Report, most: int, ink: Ink) -> Iterator[str]:
    """Yield at most `most` rows. Information is only counted."""
    rows = [*_rows(report)]
    parts = [[row for row in rows if row.severity is severity] for severity in (Severity.ERROR, None, Severity.WARNING)]
    infos = [row for row in rows if row.severity is Severity.INFO]
    if not rows:
        return
    yield ""
    shown: list[_Row] = []
    for part, room in zip(parts, _rooms([len(part) for part in parts], most - bool(infos)), strict=True):
        kept = part if len(part) <= room else part[: room - 1]
        shown += [*kept, *_rest(part[len(kept) :], is_more=bool(kept))]
    table = [*shown, *_rest(infos, is_more=False)]
    has_room = len(table) + sum(bool(row.message) for row in table) <= min(most, _ROOMY)
    yield from _table(table, places_folder(report), ink, with_messages=has_room)


def _rooms(counts: Sequence[int], most: int) -> list[int]:
    """Return the number of lines for each part. The first parts get as many as they need, and each other part at least one."""
    rooms: list[int] = []
    for at, count in enumerate(counts):
        later = sum(map(bool, counts[at + 1 :]))
        rooms.append(min(count, max(1, most - sum(rooms) - later)))
    return rooms


def _rest(rows: Sequence[_Row], *, is_more: bool) -> list[_Row]:
    """Return the row about rows that are not shown, if any. `is_more`: rows of this severity are above it."""
    if not rows:
        return []
    severity = rows[0].severity
    words = _WORDS[severity] if severity is not None else UNDETERMINED
    count = sum(row.count for row in rows)
    what = f"{'and ' if is_more else ''}{many(len(rows), 'more check' if is_more else 'check')} ({count:,})"
    return [_Row(severity, "", len(rows), None, f"{what}: auditor show {words}", is_more=is_more)]


def _rows(report: Report) -> Iterator[_Row]:
    """Yield a row for each check and severity, the largest first; for undetermined outcomes, one for each host and check."""
    for group in sorted(grouped(report), key=lambda group: (-group.severity.rank, -len(group.findings))):
        findings = [item.finding for item in group.findings]
        first = findings[0]
        same = [finding for finding in findings if finding.subject.id == first.subject.id]
        others = len({finding.subject.id for finding in findings}) - 1
        yield _Row(
            group.severity,
            group.check,
            len(findings),
            first.location,
            _what(first.subject, [finding.subject for finding in same], others),
            first.message,
        )
    for host in report.hosts:
        yield _Row(None, hosts.UNANSWERED, host.undetermined, None, hosts.headline(host))
    checks: dict[str, list[Undetermined]] = {}
    for row in hosts.ungrouped(report):
        checks.setdefault(row.check, []).append(row)
    for check, found in sorted(checks.items(), key=lambda pair: -len(pair[1])):
        first_row = found[0]
        yield _Row(None, check, len(found), first_row.location, f"{first_row.subject.id}: {first_row.detail}")


def _what(first: Subject, same: Sequence[Subject], others: int) -> str:
    """Return the first object with its clients and pools, and the number of other objects."""
    who = everybody([(subject.client, subject.pool) for subject in same], 3)
    on = f" ({who})" if who else ""
    return f"{first.id}{on}{f' and {others:,} more' if others else ''}"


def _table(rows: Sequence[_Row], folder: str, ink: Ink, *, with_messages: bool) -> Iterator[str]:
    named = [row for row in rows if row.name]
    left = max(breadth(row.word) for row in named or rows)
    ids = min(_WIDEST_ID, max((breadth(clean(row.name)) for row in named), default=0))
    counts = max((len(f"{row.count:,}") for row in named), default=0)
    room = width() - left - ids - counts - 4 * len(_GAP)
    places = max((breadth(_place(row, folder)) for row in named), default=0)
    places = min(places, _WIDEST_PLACE, room // 2 if room > _NARROW else room + len(_GAP))
    for row in rows:
        word = "" if row.is_more else row.word
        painted = ink.severity(word, row.severity) if row.severity is not None else ink.paint(word, "bold", "magenta")
        start = f"{painted}{' ' * (left - breadth(word))}{_GAP}"
        if not row.name:
            yield f"{start}{cut(row.what, width() - left - len(_GAP))}"
            continue
        place = cut_start(_place(row, folder), places)
        linked = f"{ink.link(place, row.place)}{' ' * (places - breadth(place))}{_GAP if places else ''}"
        name = padded(cut(row.name, ids), ids)
        what = cut(row.what, room - places) if room > _NARROW or not place else ""
        yield f"{start}{name}{_GAP}{row.count:>{counts},}{_GAP}{linked}{what}".rstrip()
        if with_messages and row.message:
            yield f"{' ' * left}{_GAP}{ink.paint(cut(row.message, width() - left - len(_GAP)), 'dim')}"


def _place(row: _Row, folder: str) -> str:
    return clean(str(row.place or "").removeprefix(folder))


def _first(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the first steps: the fault with its weight and pools, the remedy, and the command."""
    steps = report.first_steps[:_MOST_STEPS]
    if not steps:
        return
    yield ""
    yield ink.paint("Do this first", "bold")
    for number, step in enumerate(steps, 1):
        pools = f" on {listed(step.pools, 3)}" if step.pools else ""
        yield ink.paint(cut(f"{number}. {step.title}: {weight(step)}{pools}", width()), "bold")
        yield from _how(step, report, ink)
    left_out = len(report.first_steps) - len(steps)
    if left_out > 0:
        yield f"{_STEP}and {many(left_out, 'more step')}: auditor show steps"
    if report.fix_command:
        yield from wrap(f"{fixing(report).removesuffix('.')}:")
        yield f"  {clean(report.fix_command)}"


def _how(step: FirstStep, report: Report, ink: Ink) -> Iterator[str]:
    """Yield the remedy, with the command that shows more on the same line, or with its own command on a second line."""
    command = clean(step.commands[0])
    room = width() - len(_STEP)
    if step.commands[0] == report.fix_command:  # it follows the steps
        yield _STEP + cut(step.action, room)
    elif command.startswith(_SHOW) or breadth(command) > room - 2:
        show = f"{_SHOW}{step.checks[0]}" if step.checks else command
        of_host = any(step.title == f"{row.host} {row.what}" for row in report.hosts)  # its title is the reason
        how = step.action if step.severity is not None or of_host else step.reason
        yield f"{_STEP}{cut(how, room - breadth(show) - 1)} {ink.paint(clean(show), 'dim')}"
    else:
        yield _STEP + cut(step.action, room)
        yield f"{_STEP}$ {command}"


def _scope(report: Report, ink: Ink) -> Iterator[str]:
    """Yield which areas were examined and which were not, and a note on the dates of the evidence."""
    lines = []
    if report.scope:
        rest = [row.area.label for row in unexamined(report)]
        whole = f"{len(report.scope) - len(rest)} of {len(report.scope)} areas examined"
        text = f"Scope (auditor show scope): {whole}, not {listed(rest)}." if rest else f"Scope: {whole}."
        lines += _at_most(list(wrap(text)), _MOST_SCOPE)
    lines += [cut(line, width()) for line in filter(None, (basis.timing_line(report), basis.seal_line(report)))]
    if lines:
        yield ""
        yield from lines
    yield ink.paint(cut(_MORE, width()), "dim")


def _at_most(lines: list[str], most: int) -> list[str]:
    return [*lines[: most - 1], cut(f"{lines[most - 1]} …", width())] if len(lines) > most else lines


def _verdict(report: Report, ink: Ink) -> Iterator[str]:
    yield ""
    says = meaning(report) if report.verdict is Verdict.READY else judgement(report)  # a pass names its limits
    lines = [*wrap(f"{headline(report)}."), *wrap(says)]
    word = title(report)
    yield lines[0].replace(word, ink.verdict(word, report.verdict), 1)
    yield from lines[1:]
