"""The baseline: findings of an earlier report stay visible but do not count.

A finding is in the baseline if the earlier report has its fingerprint with the same or a higher severity. Waived findings of
the earlier report are not in the baseline, because they must count again when the waiver ends. If the earlier report has a
fingerprint N times, N findings are in the baseline and further ones are new.
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
    """A baseline, with the fingerprint and severity of every finding in it."""

    used: BaselineUsed
    known: tuple[tuple[str, Severity], ...]


def baseline_of(document: Document) -> Baseline:
    """Return a report of version 1 as a baseline. Raises ValueError for an invalid date or severity."""
    known = tuple(
        (text(item, "fingerprint"), Severity(text(item, "severity")))
        for item in dicts(document.get("findings"))
        if not item.get("waived")
    )
    day = datetime.date.fromisoformat(text(document, "audited_at"))
    return Baseline(BaselineUsed(text(part(document, "plan"), "name"), day, len(known)), known)


def beside(findings: Iterable[JudgedFinding], baseline: Baseline | None) -> Iterator[JudgedFinding]:
    """Return the findings, with `baselined` set for those in the baseline."""
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
