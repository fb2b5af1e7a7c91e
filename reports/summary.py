"""The summary for human readers: the counts, findings in groups, and what to do first."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass

from auditor.check import Kind, Remedy, Severity
from auditor.report import CheckRow, EgressRow, JudgedFinding, Report, Status, Waived
from auditor.text import listed, many
from reports import hosts

MOST_STEPS = 5

_USUAL_PORTS = {("http", 80), ("https", 443)}

# What to do about each kind of undetermined outcome.
KIND_ADVICE = {
    Kind.UNREACHABLE: "Make the source reachable from the machine that collects evidence, then collect again.",
    Kind.DENIED: "Provide credentials with read access, then collect again.",
    Kind.MALFORMED: "Check the response of the source and fix it there, then collect again.",
    Kind.MISSING_EVIDENCE: "Run `auditor collect`, add the missing file to the plan, or fix the cause that the check names.",
    Kind.UNSUPPORTED: "Follow the check's detail, or decide by hand.",
    Kind.BUG: "Report this bug: the auditor failed here.",
}

_MANY = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}


@dataclass(frozen=True, slots=True)
class SummaryGroup:
    """Findings of one check with one severity, in the order of the report. Never empty."""

    check: str
    title: str
    severity: Severity
    findings: tuple[JudgedFinding, ...]

    @property
    def shared_remedies(self) -> tuple[Remedy, ...]:
        """Return the leading remedies that all findings of the group share; empty for a single finding."""
        if len(self.findings) < 2:
            return ()
        ways = zip(*(item.finding.remedies for item in self.findings), strict=False)
        return tuple(way[0] for way in itertools.takewhile(lambda way: len(set(way)) == 1, ways))


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One thing to do first. `about` names the problem; `check` is empty if several checks are concerned."""

    about: str
    advice: str
    check: str = ""
    severity: Severity | None = None


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


def steps(report: Report) -> tuple[FirstStep, ...]:
    """Return at most `MOST_STEPS` steps: the worst severity, largest group first, then what is undetermined."""
    groups = grouped(report)
    worst = [group for group in groups if group.severity is groups[0].severity and group.severity is not Severity.INFO]
    worst.sort(key=lambda group: -len(group.findings))
    unknown = _unknown(report)
    room = MOST_STEPS - len(unknown)
    return (*(_step(group) for group in worst[:room]), *unknown)


def _step(group: SummaryGroup) -> FirstStep:
    first = next((remedy.text for item in group.findings for remedy in item.finding.remedies), "")
    about = f"{group.title or group.check} ({many(len(group.findings), group.severity.value)})"
    return FirstStep(about, first or "See the findings below.", group.check, group.severity)


def _unknown(report: Report) -> list[FirstStep]:
    """Return the two most frequent causes of undetermined checks (hosts and kinds), each with its remedy."""
    found = [
        (row.undetermined, FirstStep(f"{hosts.headline(row)} ({row.undetermined:,} undetermined)", hosts.fix(row)))
        for row in report.hosts
    ]
    kinds = Counter(row.kind for row in hosts.ungrouped(report))
    found += [
        (count, FirstStep(f"{many(count, 'check')} could not be decided ({kind})", advice(kind)))
        for kind, count in kinds.items()
    ]
    return [step for _, step in sorted(found, key=lambda one: -one[0])[:2]]


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
