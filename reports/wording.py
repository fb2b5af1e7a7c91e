"""One line per finding, for formats that annotate files. Equal findings of several pools are one entry."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.check import Finding, Remedy, Severity, Undetermined
from auditor.report import ImageRow, JudgedFinding, Report
from auditor.text import listed, many, short
from reports.cleaning import clean
from reports.folding import UndeterminedGroup, Wording, entries, everybody, questions, who_of
from reports.summary import advice

MOST_TEXT = 1_000
MOST_SUBJECTS = 4  # that a text with several subjects names


@dataclass(frozen=True, slots=True)
class FilePosition:
    """The location of a finding in the user's files. Line and column are 0 if unknown. Separators are forward slashes."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join(map(str, (self.file, *(number for number in (self.line, self.column) if number))))


@dataclass(frozen=True, slots=True)
class WordedFindings:
    """Findings of one check and severity with the same text about one subject at one location. `count` is their number.

    Texts are cleaned and limited in length.
    """

    check: str
    severity: Severity
    subject: str
    text: str
    fix: str
    place: FilePosition | None
    count: int
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Undetermined outcomes with one reason, and their text. `groups` is never empty."""

    groups: tuple[UndeterminedGroup, ...]
    text: str

    @property
    def first(self) -> Undetermined:
        """The outcome that represents the others."""
        return self.groups[0].first

    @property
    def checks(self) -> str:
        """The check of the outcomes, or the first check and the number of the others."""
        names = tuple(dict.fromkeys(group.first.check for group in self.groups))
        return clean(names[0] if len(names) == 1 else f"{names[0]} and {many(len(names) - 1, 'other')}")

    @property
    def count(self) -> int:
        """The number of outcomes."""
        return sum(len(group.rows) for group in self.groups)

    @property
    def fingerprint(self) -> str:
        """32 hex digits that identify the reason in every run, whichever subjects it has."""
        if len(self.groups) == 1:
            return self.first.fingerprint
        parts = ("undetermined", self.first.kind.value, self.first.detail)
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def lines_of(findings: Iterable[JudgedFinding], *, folded: bool = False) -> tuple[WordedFindings, ...]:
    """Return the findings as lines, worst severity first, otherwise in report order.

    `folded`: infos of one check in one file with the same remedy are one line, because the file is fixed as a whole.
    """
    groups: dict[tuple[Severity, str], list[JudgedFinding]] = {}
    for item in findings:
        groups.setdefault((item.severity, item.finding.check), []).append(item)
    made = [
        _line(check, severity, wording)
        for (severity, check), found in groups.items()
        for entry in entries(item.finding for item in found)
        for wording in entry.wordings
    ]
    made = list(_with_infos_folded(made)) if folded else made
    return tuple(sorted(made, key=lambda line: -line.severity.rank))


def _with_infos_folded(lines: Sequence[WordedFindings]) -> Iterator[WordedFindings]:
    alike: dict[tuple[object, ...], list[WordedFindings]] = {}
    for number, line in enumerate(lines):
        is_own = line.severity is not Severity.INFO or line.place is None
        alike.setdefault((number,) if is_own else (line.check, line.place and line.place.file, line.fix), []).append(line)
    for first, *others in alike.values():
        more = f" The same applies to {many(len(others), 'other entry', 'other entries')} of this file." if others else ""
        yield replace(first, text=first.text + more, count=sum(line.count for line in (first, *others)))


def _line(check: str, severity: Severity, wording: Wording) -> WordedFindings:
    first = wording.first
    who = dict.fromkeys(who_of(finding) for finding in wording.findings)
    others = everybody(one for one in who if one != who_of(first))
    remedy = next(iter(first.remedies), Remedy("", ""))
    return WordedFindings(
        clean(check),
        severity,
        shortened(first.subject.id),
        shortened(first.message) + (f" Also affected: {shortened(others)}." if others else ""),
        shortened(remedy.text),
        place_of(first),
        len(wording.findings),
        tuple(clean(command) for command in remedy.commands),
    )


def place_of(finding: Finding) -> FilePosition | None:
    """Return the location of a finding, with a cleaned path without `..`, or None without a file."""
    return _position(finding)


def places_of(report: Report) -> dict[str, FilePosition]:
    """Return where the user's files name each image, by its reference."""
    found = ((row.reference, _position(row)) for row in report.images)
    return {reference: place for reference, place in found if place is not None}


def place_asked(one: Asked, places: Mapping[str, FilePosition], elsewhere: str) -> FilePosition:
    """Return where a reason is shown: at its own location, where the image is named, or at the file `elsewhere`."""
    row = one.first
    return _position(row) or places.get(row.subject.id) or FilePosition(elsewhere)


def _position(of: Finding | Undetermined | ImageRow) -> FilePosition | None:
    at = of.location
    if at is None or not at.file:
        return None
    return FilePosition(posixpath.normpath(clean(at.file).replace("\\", "/")), at.line, at.column if at.line else 0)


def asked(rows: Iterable[Undetermined], *, by_check: bool = False) -> Iterator[Asked]:
    """Yield each reason once, with its subjects and the advice. `by_check`: once for each check."""
    shared: dict[tuple[str, ...], list[UndeterminedGroup]] = {}
    for question in questions(rows):
        row = question.first
        shared.setdefault((row.kind.value, row.detail, row.check if by_check else ""), []).append(question)
    for alike in shared.values():
        yield Asked(tuple(alike), _of_one(alike[0]) if len(alike) == 1 else _of_several(alike))


def _of_one(question: UndeterminedGroup) -> str:
    row = question.first
    pools = everybody([("", pool) for pool in question.pools])
    whom = f" for {pools}" if pools else ""
    return f"{shortened(f'{row.subject.id}{whom}: {_reason(row)}')}. {advice(row.kind)}"


def _of_several(alike: Sequence[UndeterminedGroup]) -> str:
    """Return one text for questions with one reason: the subjects, the reason, and the checks if there are several."""
    row = alike[0].first
    subjects = tuple(dict.fromkeys(question.first.subject.id for question in alike))
    checks = tuple(dict.fromkeys(question.first.check for question in alike))
    whom = subjects[0] if len(subjects) == 1 else f"{counted(alike)} ({listed(subjects, MOST_SUBJECTS)})"
    of = f" {many(len(checks), 'check')} cannot be decided: {', '.join(checks)}." if len(checks) > 1 else ""
    return f"{shortened(f'{whom}: {_reason(row)}')}.{of} {advice(row.kind)}"


def counted(alike: Sequence[UndeterminedGroup]) -> str:
    """Return the number of subjects: `5 images`."""
    subjects = {question.first.subject.id for question in alike}
    kinds = {question.first.subject.kind for question in alike}
    return many(len(subjects), "image" if kinds == {"image"} else "subject")


def _reason(row: Undetermined) -> str:
    return f"{row.detail.rstrip('.')} ({row.kind.value})"


def shortened(text: str, most: int = MOST_TEXT) -> str:
    """Return cleaned `text`, cut at the maximum length."""
    return short(clean(text).strip(), most)
