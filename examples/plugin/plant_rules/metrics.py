"""A report as metrics in a text file, for the textfile collector of a node exporter, so that new findings raise alerts.

A check that examined a subject has a series for its severity, with 0 if it found nothing. A check that was undetermined or
did not apply has no series, so an alert rule on absent series notices it.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator

from auditor.report import JudgedFinding, Report, Status, Verdict

SUFFIX = ".prom"

Sample = tuple[dict[str, str], float]


def render(report: Report) -> str:
    """Return every family of metrics with its help and its type."""
    plan = {"plan": report.plan_name or report.plan_path}
    day = datetime.datetime.combine(report.audited_at, datetime.time(), datetime.UTC)
    verdicts = [({**plan, "verdict": verdict.value}, float(verdict is report.verdict)) for verdict in Verdict]
    undetermined = Counter(item.check for item in report.undetermined)
    lines = [
        *_family("airgap_verdict", "Whether the plan has this verdict.", verdicts),
        *_family("airgap_findings", "Findings of a check, by severity and standing.", _findings(report, plan)),
        *_family(
            "airgap_undetermined",
            "Subjects that a check could not decide.",
            [({**plan, "check": check}, float(count)) for check, count in sorted(undetermined.items())],
        ),
        *_family("airgap_audited_timestamp_seconds", "The audit date, at midnight UTC.", [(plan, day.timestamp())]),
    ]
    return "\n".join(lines) + "\n"


def _findings(report: Report, plan: dict[str, str]) -> Iterator[Sample]:
    counts = Counter((item.finding.check, item.severity.value, _state(item)) for item in report.findings)
    for row in report.checks:
        if row.status is Status.PASSED:
            counts[row.rule.id, row.severity.value, "active"] += 0
    for (check, severity, state), count in sorted(counts.items()):
        yield {**plan, "check": check, "severity": severity, "state": state}, float(count)


def _state(item: JudgedFinding) -> str:
    if item.waived is not None:
        return "waived"
    return "baselined" if item.baselined else "active"


def _family(name: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        described = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{described}}} {value:.0f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
