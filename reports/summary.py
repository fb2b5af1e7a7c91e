"""The summary for human readers: the counts, and findings in groups."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from auditor.check import Kind, Remedy, Severity
from auditor.report import CheckRow, EgressRow, FirstStep, JudgedFinding, Report, Status, Waived
from auditor.report.first_steps import KIND_ADVICE
from auditor.text import listed, many

MOST_STEPS = 5  # shown before a reader asks for more

_USUAL_PORTS = {("http", 80), ("https", 443)}

_MANY = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}


@dataclass(frozen=True, slots=True)
class SummaryGroup:
    """Findings of one check with one severity, in the order of the report. Never empty."""

    check: str
    title: str
    severity: Severity
    findings: tuple[JudgedFinding, ...]

    @property
    def is_information(self) -> bool:
        """Whether the findings need no action."""
        return self.severity is Severity.INFO

    @property
    def shared_remedies(self) -> tuple[Remedy, ...]:
        """Return the leading remedies that all findings of the group share; empty for a single finding."""
        if len(self.findings) < 2:
            return ()
        ways = zip(*(item.finding.remedies for item in self.findings), strict=False)
        return tuple(way[0] for way in itertools.takewhile(lambda way: len(set(way)) == 1, ways))


def active(report: Report) -> tuple[JudgedFinding, ...]:
    """Return the findings that count: neither waived nor in the baseline."""
    return tuple(item for item in report.findings if item.is_active)


def shown(report: Report) -> tuple[JudgedFinding, ...]:
    """Return the active findings that the formats for gates have an entry for."""
    return tuple(item for item in active(report) if item.severity.at_least(report.show))


def hidden(report: Report) -> str:
    """Return a sentence about the active findings without an entry; empty if each has one."""
    count = len(active(report)) - len(shown(report))
    return f"{many(count, 'finding')} below {report.show.value} not shown (`--show`)." if count else ""


def waived(report: Report) -> tuple[tuple[JudgedFinding, Waived], ...]:
    """Return pairs of a waived finding and its waiver."""
    return tuple((item, item.waived) for item in report.findings if item.waived is not None)


def baselined(report: Report) -> tuple[JudgedFinding, ...]:
    """Return the findings that are in the baseline and are not waived."""
    return tuple(item for item in report.findings if item.baselined and item.waived is None)


def grouped(report: Report) -> tuple[SummaryGroup, ...]:
    """Return the active findings by severity and check, worst severity first, otherwise in report order."""
    titles = {row.rule.id: row.rule.title for row in report.checks}
    groups: dict[tuple[Severity, str], list[JudgedFinding]] = {}
    for item in active(report):
        groups.setdefault((item.severity, item.finding.check), []).append(item)
    made = [SummaryGroup(check, titles.get(check, ""), severity, tuple(found)) for (severity, check), found in groups.items()]
    return tuple(sorted(made, key=lambda group: -group.severity.rank))


def counted(report: Report) -> str:
    """Return the counts that are not zero (`3 errors, 2 warnings, 1 undetermined`), or `no findings`."""
    counts = report.counts
    parts = [
        many(number, word, more)
        for number, word, more in (
            (counts.error, "error", ""),
            (counts.warning, "warning", ""),
            (counts.info, "info", "info"),
            (counts.undetermined, "undetermined", "undetermined"),
            (counts.waived, "waived", "waived"),
            (counts.baselined, "baselined", "baselined"),
        )
        if number
    ]
    return ", ".join(parts) or "no findings"


def fixable(report: Report) -> tuple[tuple[Severity, int, int], ...]:
    """Return triples (severity, active findings that `auditor fix` resolves, active findings), worst severity first."""
    found = active(report)
    counts = ((severity, [item for item in found if item.severity is severity]) for severity in Severity)
    return tuple((severity, sum(item.fixable for item in items), len(items)) for severity, items in counts)


def fixing(report: Report) -> str:
    """Return one sentence about what `auditor fix` resolves; empty if it resolves nothing."""
    counts = [(fixed, many(count, severity.value, _MANY[severity])) for severity, fixed, count in fixable(report) if fixed]
    parts = [f"{fixed:,} of {of}" for fixed, of in counts]
    return f"`auditor fix` resolves {listed(parts)}." if parts else ""


def weight(step: FirstStep) -> str:
    """Return how many outcomes a step explains: `5 errors, 2 warnings`, `36 undetermined`."""
    numbers = (
        many(step.error, "error"),
        many(step.warning, "warning"),
        many(step.info, "info", "infos"),
        many(step.undetermined, "undetermined", "undetermined"),
    )
    return ", ".join(text for text in numbers if not text.startswith("0 "))


def since(report: Report) -> str:
    """Return a short description of the baseline, or an empty string without one."""
    used = report.baseline
    if used is None:
        return ""
    return f"the report of {used.plan_name or 'no name'} as of {used.audited_at.isoformat()}"


def advice(kind: Kind) -> str:
    """Return what to do about one kind of undetermined outcome."""
    return KIND_ADVICE[kind]


def not_applied(report: Report) -> tuple[tuple[str, tuple[CheckRow, ...]], ...]:
    """Return the checks that did not apply, grouped by reason, in report order."""
    reasons: dict[str, list[CheckRow]] = {}
    for row in report.checks:
        if row.status is Status.NOT_APPLICABLE:
            reasons.setdefault(row.reason or "no reason given", []).append(row)
    return tuple((reason, tuple(rows)) for reason, rows in reasons.items())


def origin(row: EgressRow) -> str:
    """Return the URL that a client would connect to, without the scheme's default port."""
    port = "" if (row.scheme, row.port) in _USUAL_PORTS else f":{row.port}"
    return f"{row.scheme}://{row.host}{port}"
