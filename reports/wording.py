"""Findings in one line each, for formats that annotate files or list them: what is alike of several pools is one entry."""

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
    """Where a finding is in the user's files; 0 where the line or the column is not known. Slashes are forward ones."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join(map(str, (self.file, *(number for number in (self.line, self.column) if number))))


@dataclass(frozen=True, slots=True)
class WordedFindings:
    """Findings of one check and severity that say the same of one subject at one place. `count` is how many.

    Texts are clean and bounded.
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
    """The findings as lines, worst severity first, otherwise in their order."""
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
    """The place of a finding, its name clean and as repositories write it (no `..` on the way); None where it is at no file."""
    at = finding.location
    if at is None or not at.file:
        return None
    return FilePosition(posixpath.normpath(clean(at.file).replace("\\", "/")), at.line, at.column if at.line else 0)


def asked(rows: Iterable[Undetermined]) -> Iterator[tuple[UndeterminedGroup, str]]:
    """Each question once, with what was seen instead of an answer and what to do about it."""
    for question in questions(rows):
        row = question.first
        pools = everybody([("", pool) for pool in question.pools])
        whom = f" for {pools}" if pools else ""
        detail = f"{row.subject.id}{whom}: {row.detail.rstrip('.')} ({row.kind.value})"
        yield question, f"{shortened(detail)}. {advice(row.kind)}"


def shortened(text: str, most: int = MOST_TEXT) -> str:
    """Cleaned `text`, cut where it is longer than anybody reads."""
    return short(clean(text).strip(), most)
