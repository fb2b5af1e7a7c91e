"""## What it checks
No Windows pool has a version of the distribution or of containerd with a known issue that affects this plan. A pass means:
no known issue as of the date of the facts (`auditor facts`), for a version that the facts cover.

## Why it matters
Each of these issues breaks Windows nodes at an air-gapped site: they cannot pull from the internal registry, do not trust its
CA, or do not join the cluster. The issue reports cannot be looked up offline.

## How to fix
Upgrade to a fixed release before the transfer, or follow the remedy of the finding.

## When it is undetermined
The plan names a distribution or a runtime without its version, or with a version that is newer than the facts. If it names
neither, nothing is checked.

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
from auditor.facts.lookup import Gap, GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.needs.default_facts import cnis_of, distribution_named
from auditor.oci.windows import split_version
from auditor.plan.model import Cluster, Plan, Pool, Program
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


def _programs(plan: Plan, pool: Pool) -> Iterator[tuple[str, Program]]:
    """Yield the programs of a pool whose version may have an issue, each with the key of the plan that names it."""
    if pool.runtime is not None:
        yield "runtime", pool.runtime
    if plan.cluster is not None:
        yield "distribution", Program(plan.cluster.distribution.lower(), plan.cluster.version)


def _matters(plan: Plan, pool: Pool, issue: KnownIssue) -> bool:
    """Return whether the plan meets the conditions of the issue, apart from the version."""
    registry = plan.registry
    has_ca = bool(pool.trust) or (registry is not None and bool(registry.ca))
    given = {"": True, "registry": registry is not None, "ca": has_ca}[issue.needs]
    build = split_version(pool.platform.os_version)
    is_with = not issue.cni or not _cnis(plan.cluster).isdisjoint(issue.cni)
    return given and is_with and (build is not None and build[1] >= issue.since_build)


def _cnis(cluster: Cluster | None) -> frozenset[str]:
    """Return the network plug-ins of the cluster: those of the plan, or the default of the distribution."""
    if cluster is None:
        return frozenset()
    distribution = distribution_named(cluster.distribution)
    named = cnis_of(cluster.cni, distribution) if distribution is not None else (cluster.cni.lower(),)
    return frozenset(named)


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
    for subject, program in _programs(plan, pool):
        own = tuple(issue for issue in issues if (issue.subject, issue.name) == (subject, program.name))
        if not own:
            continue
        found = rows_at(own, program.version, program.name)
        unknown = found.gap if found.gap is not None and found.gap.kind is not GapKind.UNCOVERED else None
        possible = [issue for issue in found.rows if _matters(plan, pool, issue)]
        yield from (None for issue in own if issue not in possible and unknown is None)
        if unknown is not None:
            yield from _unknown(pool, program, possible, unknown)
        else:
            yield from (_finding(plan, pool, issue, program) for issue in possible)


def _unknown(pool: Pool, program: Program, possible: list[KnownIssue], gap: Gap) -> Iterator[Undetermined]:
    """Yield what is unknown about a version that the facts cannot place: each issue that it may have, or that none is known."""
    subject = Subject("pool", pool.name, str(pool.platform))
    kind = Kind.MISSING_EVIDENCE if gap.missing else Kind.UNSUPPORTED
    for issue in possible:
        detail = f"{gap.why}. In some versions of {program.name} on {pool.name}: {issue.says}"
        yield Undetermined(subject, kind, detail, affects=None if issue.severity == "error" else NOTHING)
    if not possible and gap.is_outside:
        detail = f"{gap.why}. {pool.name} has no known issue, but this version was not checked"
        yield Undetermined(subject, kind, detail, affects=NOTHING)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per Windows pool and issue."""
    for pool in site.plan.pools:
        for outcome in _outcomes(site.plan, pool) if pool.is_windows else ():
            yield outcome or PASSED


CHECK = define(
    run,
    title="Version has a known issue on Windows nodes",
    holds="No version has a known issue on Windows nodes",
    area=Area.DEFAULTS,
    severity=Severity.ERROR,
    requires=(Requirement.WINDOWS_POOLS, Requirement.DEFAULTS),
)
