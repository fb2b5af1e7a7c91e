"""## What it checks
No Windows pool has a version of the distribution or of containerd with a known issue that affects this plan.

## Why it matters
Each of these issues breaks Windows nodes at an air-gapped site: they cannot pull from the internal registry, do not trust its
CA, or do not join the cluster. The issue reports cannot be looked up offline.

## How to fix
Upgrade to a fixed release before the transfer, or follow the remedy of the finding.

## When it cannot tell
The plan names a distribution or a runtime without its version. If it names neither, nothing is checked.

## References
facts/known_issues.yaml, where every issue has its reports.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.facts import table
from auditor.facts.versions import Answer, Versioned
from auditor.oci.windows import split_version
from auditor.plan.model import Plan, Pool, Program
from auditor.site import Requirement, Site
from checks._shared.affected import NOTHING


class KnownIssue(Versioned, frozen=True, kw_only=True):
    """An issue of Windows nodes, and the conditions under which it affects a plan."""

    id: str
    subject: Literal["distribution", "runtime"]
    name: str
    severity: Literal["error", "warning"]
    says: str
    symptom: str
    remedy: str
    needs: Literal["", "registry", "ca"] = ""
    cni: tuple[str, ...] = ()
    since_build: int = 0


def _program(plan: Plan, pool: Pool, issue: KnownIssue) -> Program | None:
    """Return the pool's program that the issue is about, or None if the pool has another one or the plan names none."""
    if issue.subject == "runtime":
        found = pool.runtime
    else:
        cluster = plan.cluster
        found = Program(cluster.distribution.lower(), cluster.version) if cluster is not None else None
    return found if found is not None and found.name == issue.name else None


def _matters(plan: Plan, pool: Pool, issue: KnownIssue) -> bool:
    """Whether the plan meets the conditions of the issue, apart from the version."""
    registry = plan.registry
    has_ca = bool(pool.trust) or (registry is not None and bool(registry.ca))
    given = {"": True, "registry": registry is not None, "ca": has_ca}[issue.needs]
    cni = plan.cluster.cni.lower() if plan.cluster is not None else ""
    build = split_version(pool.platform.os_version)
    return given and (not issue.cni or cni in issue.cni) and (build is not None and build[1] >= issue.since_build)


def affects(issue: KnownIssue, version: str) -> bool | None:
    """Return whether a version has the issue, or None if `version` is not a version."""
    answer = issue.covers(version)
    return None if answer is Answer.UNKNOWN else answer is Answer.YES


def _location(plan: Plan, pool: Pool, issue: KnownIssue) -> Location:
    return plan.where("pools", pool.name, "runtime") if issue.subject == "runtime" else plan.where("cluster", "version")


def _finding(plan: Plan, pool: Pool, issue: KnownIssue, program: Program) -> Finding:
    doubt = {"high": "", "medium": " Not every release was checked.", "low": " This is one report and is not confirmed."}
    return Finding(
        severity=Severity(issue.severity) if issue.confidence != "low" else Severity.WARNING,
        subject=Subject("pool", pool.name, str(pool.platform)),
        message=f"{program} on {pool.name}: {issue.says}. Error on the node: `{issue.symptom}`.{doubt[issue.confidence]}",
        case=issue.id,
        facts={"issue": issue.id, "version": str(program), "source": issue.source},
        location=_location(plan, pool, issue),
        remedies=(Remedy("upgrade", issue.remedy),),
    )


def _outcomes(plan: Plan, pool: Pool) -> Iterator[Finding | Undetermined | None]:
    """Yield one outcome per issue of the pool's programs, or None if the issue does not affect this pool."""
    issues: tuple[KnownIssue, ...] = table("known_issues", KnownIssue)
    for issue in issues:
        program = _program(plan, pool, issue)
        if program is None:
            continue
        affected = affects(issue, program.version) if _matters(plan, pool, issue) else False
        if affected is None:
            detail = f"the plan does not state the version of {program.name} on {pool.name}. In some versions: {issue.says}"
            cells = None if issue.severity == "error" else NOTHING
            yield Undetermined(Subject("pool", pool.name, str(pool.platform)), Kind.MISSING_EVIDENCE, detail, affects=cells)
        else:
            yield _finding(plan, pool, issue, program) if affected else None


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per Windows pool and issue."""
    for pool in site.plan.pools:
        for outcome in _outcomes(site.plan, pool) if pool.is_windows else ():
            yield outcome or PASSED


CHECK = define(
    run,
    title="Version has a known issue on Windows nodes",
    area=Area.DEFAULTS,
    severity=Severity.ERROR,
    requires=(Requirement.WINDOWS_POOLS, Requirement.DEFAULTS),
)
