"""One line per finding, for formats that annotate files. Equal findings of several pools are one entry."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.check import Finding, Remedy, Severity, Undetermined
from auditor.report import JudgedFinding
from auditor.text import short
from reports.cleaning import clean
from reports.folding import UndeterminedGroup, Wording, entries, everybody, questions, who_of
from reports.summary import advice

MOST_TEXT = 1_000


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


def lines_of(findings: Iterable[JudgedFinding]) -> tuple[WordedFindings, ...]:
    """Return the findings as lines, worst severity first, otherwise in report order."""
    groups: dict[tuple[Severity, str], list[JudgedFinding]] = {}
    for item in findings:
        groups.setdefault((item.severity, item.finding.check), []).append(item)
    made = [
        _line(check, severity, wording)
        for (severity, check), found in groups.items()
        for entry in entries(item.finding for item in found)
        for wording in entry.wordings
    ]
    return tuple(sorted(made, key=lambda line: -line.severity.rank))


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
    at = finding.location
    if at is None or not at.file:
        return None
    return FilePosition(posixpath.normpath(clean(at.file).replace("\\", "/")), at.line, at.column if at.line else 0)


def asked(rows: Iterable[Undetermined]) -> Iterator[tuple[UndeterminedGroup, str]]:
    """Yield each undetermined outcome once, with the observation and the advice."""
    for question in questions(rows):
        row = question.first
        pools = everybody([("", pool) for pool in question.pools])
        whom = f" for {pools}" if pools else ""
        detail = f"{row.subject.id}{whom}: {row.detail.rstrip('.')} ({row.kind.value})"
        yield question, f"{shortened(detail)}. {advice(row.kind)}"


def shortened(text: str, most: int = MOST_TEXT) -> str:
    """Return cleaned `text`, cut at the maximum length."""
    return short(clean(text).strip(), most)
