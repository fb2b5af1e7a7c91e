"""Compare two reports. Findings are matched by fingerprint; if one occurs several times, occurrences are matched in order.

Waived and baselined findings are compared too. A new or ended waiver is a change of the finding's standing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from auditor.check import Severity, Subject
from auditor.evidence.model import Kind
from auditor.report.report_reader import Document, dicts, part, place, subject, text

_Key = TypeVar("_Key", bound=Hashable)
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding of a report. `standing`: counts, waived or baselined; `severity` is None if the report has none."""

    check: str
    severity: Severity | None
    subject: Subject
    message: str
    place: str
    fingerprint: str
    standing: str

    def at_least(self, threshold: Severity) -> bool:
        """Whether it counts at this severity or above. An unknown severity counts as error."""
        return self.standing == COUNTS and (self.severity or Severity.ERROR).at_least(threshold)


@dataclass(frozen=True, slots=True)
class Pair:
    """A finding in both reports whose severity or standing changed."""

    old: ReportedFinding
    new: ReportedFinding


@dataclass(frozen=True, slots=True)
class ReportedUndetermined:
    """An undetermined outcome of a report."""

    check: str
    subject: Subject
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """The status of an image for a pool in each report; empty if a report has no such cell."""

    image: str
    pool: str
    platform: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AreaChange:
    """An area of the scope whose status differs between two reports."""

    area: str
    old: str
    new: str

    @property
    def is_worse(self) -> bool:
        """Whether the area was examined before and no longer is."""
        return self.old == EXAMINED


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """The plan, date, verdict and exit code of a report."""

    plan: str
    audited_at: str
    verdict: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that changed, each part in the order of its report. Egress entries are `host:port`.

    `unchecked` are findings that are missing because their check did not run or decide. They are not proven to be fixed.
    """

    old: ReportSummary
    new: ReportSummary
    appeared: tuple[ReportedFinding, ...]
    gone: tuple[ReportedFinding, ...]
    unchecked: tuple[ReportedFinding, ...]
    changed: tuple[Pair, ...]
    unchanged: int
    asked: tuple[ReportedUndetermined, ...]
    answered: tuple[ReportedUndetermined, ...]
    images_added: tuple[str, ...]
    images_removed: tuple[str, ...]
    cells: tuple[CellChange, ...]
    egress_added: tuple[str, ...]
    egress_removed: tuple[str, ...]
    scope: tuple[AreaChange, ...] = ()

    def worse(self, threshold: Severity) -> tuple[ReportedFinding, ...]:
        """Return the findings that count at the threshold or above now, and did not before."""
        risen = (pair.new for pair in self.changed if not pair.old.at_least(threshold))
        return tuple(entry for entry in (*self.appeared, *risen) if entry.at_least(threshold))


COUNTS, WAIVED, BASELINED = "counts", "waived", "baselined"
EXAMINED = "examined"
_DECIDED = frozenset({"passed", "failed"})


def compare(old: Document, new: Document) -> Difference:
    """Return the differences between two reports of version 1. Malformed parts of a report are ignored."""
    before, after = _entries(old), _entries(new)
    missing, appeared, both = _matched(before, after)
    looked = _Looked(new)
    answered, asked, _ = _matched(_questions(old), _questions(new))
    removed, added, _ = _matched(_images(old), _images(new))
    closed, opened, _ = _matched(_hosts(old), _hosts(new))
    pairs = [Pair(one, other) for one, other in both]
    changed = tuple(pair for pair in pairs if (pair.old.severity, pair.old.standing) != (pair.new.severity, pair.new.standing))
    return Difference(
        _side(old),
        _side(new),
        appeared,
        tuple(entry for entry in missing if looked.at(entry)),
        tuple(entry for entry in missing if not looked.at(entry)),
        changed,
        len(pairs) - len(changed),
        asked,
        answered,
        added,
        removed,
        tuple(_cells(old, new)),
        opened,
        closed,
        tuple(_scope(old, new)),
    )


class _Looked:
    """The subjects that a report decided. A check that was skipped or undetermined decided nothing about a subject."""

    def __init__(self, document: Document) -> None:
        questions = [question for _, question in _questions(document)]
        broken = {question.check for question in questions if question.kind == Kind.BUG}
        rows = dicts(document.get("checks"))
        self._decided = {text(row, "id") for row in rows if text(row, "status") in _DECIDED} - broken
        self._open = {(question.check, question.subject.id) for question in questions}

    def at(self, entry: ReportedFinding) -> bool:
        """Whether the check of a finding decided its subject."""
        return entry.check in self._decided and (entry.check, entry.subject.id) not in self._open


def _side(document: Document) -> ReportSummary:
    code = document.get("exit_code")
    plan = text(part(document, "plan"), "name")
    return ReportSummary(plan, text(document, "audited_at"), text(document, "verdict"), code if isinstance(code, int) else None)


def _matched(
    old: Iterable[tuple[_Key, _Row]], new: Iterable[tuple[_Key, _Row]]
) -> tuple[tuple[_Row, ...], tuple[_Row, ...], list[tuple[_Row, _Row]]]:
    """Return the rows of the old side only, of the new side only, and of both, matched by key in order."""
    left: dict[_Key, list[_Row]] = {}
    for key, row in old:
        left.setdefault(key, []).append(row)
    for rows in left.values():
        rows.reverse()
    appeared, both = [], []
    for key, row in new:
        if left.get(key):
            both.append((left[key].pop(), row))
        else:
            appeared.append(row)
    return tuple(row for rows in left.values() for row in reversed(rows)), tuple(appeared), both


def _entries(document: Document) -> Iterator[tuple[str, ReportedFinding]]:
    for item in dicts(document.get("findings")):
        known = text(item, "severity")
        severity = Severity(known) if known in {*Severity} else None
        standing = WAIVED if item.get("waived") else BASELINED if item.get("baselined") else COUNTS
        fingerprint = text(item, "fingerprint")
        yield (
            fingerprint,
            ReportedFinding(
                text(item, "check"), severity, subject(item), text(item, "message"), place(item), fingerprint, standing
            ),
        )


def _questions(document: Document) -> Iterator[tuple[tuple[str, Subject, str], ReportedUndetermined]]:
    for item in dicts(document.get("undetermined")):
        asked = ReportedUndetermined(text(item, "check"), subject(item), text(item, "kind"), text(item, "detail"))
        yield (asked.check, asked.subject, asked.kind), asked


def _images(document: Document) -> Iterator[tuple[str, str]]:
    names = dict.fromkeys(text(row, "reference") for row in dicts(document.get("images")))
    yield from ((name, name) for name in names)


def _hosts(document: Document) -> Iterator[tuple[str, str]]:
    hosts = dict.fromkeys(f"{text(row, 'host')}:{row.get('port', '')}" for row in dicts(document.get("egress")))
    yield from ((host, host) for host in hosts)


def _statuses(document: Document) -> dict[tuple[str, str, str], str]:
    return {
        (text(row, "reference"), text(cell, "pool"), text(cell, "platform")): text(cell, "status")
        for row in dicts(document.get("images"))
        for cell in dicts(row.get("platforms"))
    }


def _cells(old: Document, new: Document) -> Iterator[CellChange]:
    """Return the cells whose status changed, for images in both reports."""
    before, after = _statuses(old), _statuses(new)
    common = {name for name, _ in _images(old)} & {name for name, _ in _images(new)}
    for key in dict.fromkeys((*after, *before)):
        was, now = before.get(key, ""), after.get(key, "")
        if was != now and key[0] in common:
            yield CellChange(*key, was, now)


def _scope(old: Document, new: Document) -> Iterator[AreaChange]:
    """Return the areas whose status changed, if both reports have a scope. Reports of earlier versions have none."""
    before, after = _areas(old), _areas(new)
    for area, now in after.items():
        if area in before and before[area] != now:
            yield AreaChange(area, before[area], now)


def _areas(document: Document) -> dict[str, str]:
    return {text(row, "area"): text(row, "status") for row in dicts(document.get("scope"))}
