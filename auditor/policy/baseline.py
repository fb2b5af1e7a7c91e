"""The baseline: what an earlier report found does not gate again, and still is shown.

A finding is known by its fingerprint, at the severity that it had or at a lower one: what became worse is new. What a waiver
covered is no part of a baseline, since a waiver that ends must be heard. Where a report has one fingerprint several times,
as many findings are known, and one more is new.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.check import Severity
from auditor.report import BaselineUsed, JudgedFinding
from auditor.report.report_reader import Document, dicts, part, text


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a baseline is, and the fingerprint and severity of every finding that it lets pass."""

    used: BaselineUsed
    known: tuple[tuple[str, Severity], ...]


def baseline_of(document: Document) -> Baseline:
    """The baseline that a report of version 1 is. Raises ValueError for a day or a severity that is none."""
    known = tuple(
        (text(item, "fingerprint"), Severity(text(item, "severity")))
        for item in dicts(document.get("findings"))
        if not item.get("waived")
    )
    day = datetime.date.fromisoformat(text(document, "audited_at"))
    return Baseline(BaselineUsed(text(part(document, "plan"), "name"), day, len(known)), known)


def beside(findings: Iterable[JudgedFinding], baseline: Baseline | None) -> Iterator[JudgedFinding]:
    """The findings, those marked that the baseline has already."""
    left: dict[str, Counter[Severity]] = {}
    for fingerprint, severity in baseline.known if baseline else ():
        left.setdefault(fingerprint, Counter())[severity] += 1
    for item in findings:
        counts = left.get(item.finding.fingerprint) if left else None
        fitting = [severity for severity in counts if severity.at_least(item.severity)] if counts else []
        if counts and fitting:
            lowest = min(fitting, key=lambda severity: severity.rank)
            counts -= Counter([lowest])  # drops the severity at 0
            left[item.finding.fingerprint] = counts
        yield replace(item, baselined=True) if fitting else item
