"""From outcomes to a report. Only this module applies waivers, severities and the threshold, and sets the exit code."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from auditor import __version__
from auditor.check import Finding, Rule, Severity, Undetermined
from auditor.engine import CheckResult, Outcomes
from auditor.facts import basis as basis_of_facts
from auditor.plan.areas import Area
from auditor.plan.model import Plan, Waiver
from auditor.plan.programs import planned_programs
from auditor.policy.baseline import Baseline, beside
from auditor.policy.coverage import uncovered
from auditor.policy.covering import WaiverIndex
from auditor.policy.evidence_age import Basis, evidence_basis, stale_findings
from auditor.policy.exit_codes import EXIT_NOT_READY, EXIT_READY, EXIT_UNDETERMINED
from auditor.policy.guarded import Sections
from auditor.policy.input_places import input_path, placed, plan_path
from auditor.policy.rules import (
    EVIDENCE_STALE,
    PLAN_UNEXAMINED,
    POLICY_RULES,
    SCOPE_REQUIRED,
    VERSION_NOT_COVERED,
    WAIVER_UNUSED,
)
from auditor.policy.scope import scope_of, unmet
from auditor.policy.stated_facts import with_stated_facts
from auditor.policy.unanswered_hosts import host_rows
from auditor.policy.unexamined import unexamined_findings
from auditor.policy.waivers import can_tell, unused_findings, waiver_findings
from auditor.redaction import redact_deep
from auditor.report import CheckRow, Counts, EvidenceBasis, JudgedFinding, Report, ScopeRow, Status, Verdict
from auditor.report.declared import declared_site
from auditor.report.image_matrix import image_rows
from auditor.report.sections import (
    calendar_rows,
    egress_rows,
    evidence_rows,
    root_list_rows,
    storage_stages,
    trust_file_rows,
    trust_rows,
)
from auditor.text import in_brackets, short

SHOWN_REASON = 120


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings of a verdict. `fail_on`: the severity that makes a site not ready; `strict`: undetermined counts as not ready.

    Findings in `baseline` do not count. `require` names areas that must be examined, in addition to those of the plan.
    `show` is the least severity of entries in the formats for gates; it does not change the verdict.
    """

    fail_on: Severity = Severity.ERROR
    strict: bool = False
    waivers: tuple[Waiver, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    baseline: Baseline | None = None
    require: frozenset[Area] = frozenset()
    show: Severity = Severity.INFO


_UNDECIDED_RULES = (SCOPE_REQUIRED, VERSION_NOT_COVERED)  # their outcomes are undetermined, never findings


def judge(outcomes: Outcomes, policy: Policy, today: datetime.date, basis: Basis | None = None) -> Report:
    """Return the report for outcomes as of `today`. `basis` is the evidence that they used; without it, no age is reported.

    Secrets are redacted first, so fingerprints, waivers and all sections use the redacted text.
    """
    clean: dict[object, object] = {}
    outcomes = replace(outcomes, results=redact_deep(outcomes.results, clean))
    return redact_deep(_judged_report(outcomes, policy, today, basis), clean)


def _judged_report(outcomes: Outcomes, policy: Policy, today: datetime.date, basis: Basis | None) -> Report:
    site = outcomes.site
    # Build the sections first, because they may read evidence that no selected check has read.
    sections = Sections()
    checks = [result.check for result in outcomes.results]
    egress = sections.made("egress", lambda: egress_rows(site, today, checks))
    storage = sections.made("storage", lambda: tuple(storage_stages(site).items()))
    trust = sections.made("trust", lambda: trust_rows(site, today))
    trust_files = sections.made("trust files", lambda: trust_file_rows(site))
    calendar = sections.made("calendar", lambda: calendar_rows(site, today, policy.waivers))
    sections.made("copies", lambda: (bool(site.copies),))
    used = evidence_basis(basis, site.plan, today) if basis is not None else EvidenceBasis()
    known = frozenset(result.check.id for result in outcomes.results) | {rule.id for rule in POLICY_RULES}
    own = (*waiver_findings(policy.waivers, known, today), *unexamined_findings(site), *stale_findings(used, site.plan))
    told = can_tell(policy.waivers, _decided(outcomes), today)
    judged, unused = _all_judged(_found_in(outcomes, own), told, policy, today)
    own = (*own, *unused)
    findings = tuple(beside(_ordered(judged), policy.baseline))
    scope = scope_of(outcomes, findings, policy.require | site.plan.require, today)
    beyond = tuple(uncovered(site.plan))
    said = (*_each_once(item for result in outcomes.results for item in result.undetermined), *beyond, *unmet(scope))
    images = sections.made("images", lambda: image_rows(site, findings, said, checks, today))
    evidence = sections.made("evidence", lambda: evidence_rows(site))
    hosts = sections.made("hosts", lambda: host_rows(site.plan, said))
    undetermined = (*said, *sections.failed)
    examined = sum(result.examined for result in outcomes.results)
    verdict, exit_code = _verdict(findings, undetermined, examined, policy)
    return Report(
        tool_version=__version__,
        plan_name=site.plan.name,
        plan_path=plan_path(site.plan),
        plan_sha256=site.plan.sha256,
        audited_at=today,
        horizon=site.plan.horizon_from(today),
        verdict=verdict,
        exit_code=exit_code,
        counts=_counts(findings, undetermined, examined),
        checks=_check_rows(outcomes, policy, own, len(told), used, beyond, scope),
        findings=findings,
        undetermined=undetermined,
        images=images,
        egress=egress,
        storage=dict(storage),
        trust=trust,
        fail_on=policy.fail_on,
        show=policy.show,
        baseline=policy.baseline.used if policy.baseline else None,
        evidence=evidence,
        scope=scope,
        hosts=hosts,
        basis=used,
        facts=basis_of_facts(),
        calendar=calendar,
        declared=declared_site(site.plan),
        list_path="" if plan_path(site.plan) else input_path(site.plan),
        trust_files=trust_files,
        root_lists=root_list_rows(today) if trust else (),
    )


def _found_in(outcomes: Outcomes, own: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings of the checks and of the policy itself, each at the user's file."""
    every = (*(finding for result in outcomes.results for finding in result.findings), *own)
    return tuple(placed(outcomes.site.plan, with_stated_facts(every)))


def _all_judged(
    found: Iterable[Finding], told: tuple[Waiver, ...], policy: Policy, today: datetime.date
) -> tuple[list[JudgedFinding], tuple[Finding, ...]]:
    """Return the judged findings, and those about waivers that covered none of them."""
    waivers = WaiverIndex(policy.waivers, today)
    judged = [_judged(finding, policy, waivers) for finding in found]
    unused = tuple(unused_findings(told, waivers.used))
    judged.extend(_judged(finding, policy, waivers) for finding in unused)
    return judged, unused


def _check_rows(
    outcomes: Outcomes,
    policy: Policy,
    own: tuple[Finding, ...],
    examined_waivers: int,
    used: EvidenceBasis,
    beyond: tuple[Undetermined, ...],
    scope: tuple[ScopeRow, ...],
) -> tuple[CheckRow, ...]:
    """Return a row per check and per rule of the policy. `own` are the findings of these rules."""
    return (
        *(_row(result, policy) for result in outcomes.results),
        *(_policy_row(rule, own, policy, examined_waivers, used) for rule in POLICY_RULES if rule not in _UNDECIDED_RULES),
        _coverage_row(outcomes.site.plan, beyond, policy),
        _scope_row(scope, policy),
    )


def _judged(finding: Finding, policy: Policy, waivers: WaiverIndex) -> JudgedFinding:
    severity = policy.severities.get(finding.check, finding.severity)
    return JudgedFinding(finding, severity, waivers.covering(finding))


def _ordered(findings: Iterable[JudgedFinding]) -> tuple[JudgedFinding, ...]:
    """Sort the findings, worst first; within a severity in the order of the catalogue and of the user's files."""
    return tuple(sorted(findings, key=lambda judged: -judged.severity.rank))


def _verdict(
    findings: tuple[JudgedFinding, ...], undetermined: tuple[Undetermined, ...], examined: int, policy: Policy
) -> tuple[Verdict, int]:
    if any(judged.is_active and judged.severity.at_least(policy.fail_on) for judged in findings):
        return Verdict.NOT_READY, EXIT_NOT_READY
    if undetermined or not examined:
        return Verdict.UNDETERMINED, EXIT_NOT_READY if policy.strict else EXIT_UNDETERMINED
    return Verdict.READY, EXIT_READY


def _each_once(items: Iterable[Undetermined]) -> tuple[Undetermined, ...]:
    """Return the undetermined outcomes in order. If several checks share a cause, only the first check's outcome is kept."""
    causes: set[str] = set()
    kept = []
    for item in items:
        if item.cause and item.cause in causes:
            continue
        causes.add(item.cause)
        kept.append(item)
    return tuple(kept)


def _counts(findings: tuple[JudgedFinding, ...], undetermined: tuple[Undetermined, ...], examined: int) -> Counts:
    by_severity = dict.fromkeys(Severity, 0)
    waived = baselined = 0
    for judged in findings:
        if judged.waived is not None:
            waived += 1
        elif judged.baselined:
            baselined += 1
        else:
            by_severity[judged.severity] += 1
    return Counts(
        error=by_severity[Severity.ERROR],
        warning=by_severity[Severity.WARNING],
        info=by_severity[Severity.INFO],
        undetermined=len(undetermined),
        waived=waived,
        examined=examined,
        baselined=baselined,
    )


def _row(result: CheckResult, policy: Policy) -> CheckRow:
    severity = policy.severities.get(result.check.id, result.check.severity)
    if result.findings:
        return CheckRow(result.check, severity, Status.FAILED, result.examined, _why_undetermined(result))
    if result.undetermined:
        return CheckRow(result.check, severity, Status.UNDETERMINED, result.examined, _why_undetermined(result))
    if result.not_applicable:
        return CheckRow(result.check, severity, Status.NOT_APPLICABLE, 0, result.not_applicable)
    return CheckRow(result.check, severity, Status.PASSED, result.examined)


def _why_undetermined(result: CheckResult) -> str:
    if not result.undetermined:
        return ""
    return short(result.undetermined[0].detail, SHOWN_REASON) + in_brackets(len(result.undetermined))


def _decided(outcomes: Outcomes) -> frozenset[str]:
    """Return the checks that decided every subject. The policy's own rules always do."""
    ran = {result.check.id for result in outcomes.results if not result.not_applicable and not result.undetermined}
    return frozenset(ran | {rule.id for rule in POLICY_RULES if rule is not WAIVER_UNUSED})


def _policy_row(rule: Rule, own: tuple[Finding, ...], policy: Policy, told: int, used: EvidenceBasis) -> CheckRow:
    severity = policy.severities.get(rule.id, rule.severity)
    found = sum(finding.check == rule.id for finding in own)
    if found:
        return CheckRow(rule, severity, Status.FAILED, found)
    if rule is PLAN_UNEXAMINED:
        return CheckRow(rule, severity, Status.NOT_APPLICABLE, 0, "every setting of the plan is checked")
    if rule is EVIDENCE_STALE:
        changing = sum(row.can_change for row in used.ages)
        if not changing:
            return CheckRow(rule, severity, Status.NOT_APPLICABLE, 0, "no evidence that can change was used")
        return CheckRow(rule, severity, Status.PASSED, changing)
    if not policy.waivers:
        return CheckRow(rule, severity, Status.NOT_APPLICABLE, 0, "there are no waivers")
    if rule is WAIVER_UNUSED and not told:
        return CheckRow(rule, severity, Status.NOT_APPLICABLE, 0, "no waiver names a check that decided every subject")
    return CheckRow(rule, severity, Status.PASSED, told if rule is WAIVER_UNUSED else len(policy.waivers))


def _coverage_row(plan: Plan, beyond: tuple[Undetermined, ...], policy: Policy) -> CheckRow:
    severity = policy.severities.get(VERSION_NOT_COVERED.id, VERSION_NOT_COVERED.severity)
    stated = sum(bool(program.version) for program in planned_programs(plan))
    if beyond:
        return CheckRow(VERSION_NOT_COVERED, severity, Status.UNDETERMINED, stated, short(beyond[0].detail, SHOWN_REASON))
    if not stated:
        return CheckRow(VERSION_NOT_COVERED, severity, Status.NOT_APPLICABLE, 0, "the plan states no version")
    return CheckRow(VERSION_NOT_COVERED, severity, Status.PASSED, stated)


def _scope_row(scope: tuple[ScopeRow, ...], policy: Policy) -> CheckRow:
    severity = policy.severities.get(SCOPE_REQUIRED.id, SCOPE_REQUIRED.severity)
    required = [row for row in scope if row.is_required]
    lacking = [row.area.value for row in required if not row.is_examined]
    if not required:
        return CheckRow(SCOPE_REQUIRED, severity, Status.NOT_APPLICABLE, 0, "no area is required")
    if lacking:
        examined = len(required) - len(lacking)
        return CheckRow(SCOPE_REQUIRED, severity, Status.UNDETERMINED, examined, f"not examined: {', '.join(lacking)}")
    return CheckRow(SCOPE_REQUIRED, severity, Status.PASSED, len(required))
