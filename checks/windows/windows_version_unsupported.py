"""## What it checks
Microsoft supports the Windows release of every Windows pool until the plan's horizon. The cluster's Kubernetes release lists
it as a supported node OS.

## Why it matters
After the end of support, there are no fixes for the host and no base images with fixes. Kubernetes does not test Windows
releases that it does not list, and does not fix their faults.

## How to fix
Plan another Windows release for the pool, an earlier horizon, or a Kubernetes release that lists the Windows release.

## When it is undetermined
The facts do not cover the Windows release, its end of support, or the Windows releases of the cluster's version. The first
Kubernetes release that lists Windows Server 2025 is not confirmed.

## References
facts/windows_builds.yaml; facts/windows_kubernetes.yaml; Microsoft's release information; Kubernetes documentation, "Windows
containers in Kubernetes".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts import table
from auditor.facts.lookup import rows_at
from auditor.facts.versions import Versioned, parse_version
from auditor.needs.default_facts import distribution_named
from auditor.oci.windows import WindowsRelease, release_of, split_version
from auditor.plan.model import Cluster, Plan, Pool
from auditor.site import Requirement, Site


class WindowsKubernetes(Versioned, frozen=True, kw_only=True):
    """The Kubernetes releases that list a Windows build for nodes."""

    build: int


def _subject(pool: Pool) -> Subject:
    return Subject("pool", pool.name, str(pool.platform))


def _undetermined(pool: Pool, detail: str) -> Undetermined:
    return Undetermined(_subject(pool), Kind.UNSUPPORTED, detail)


def _finding(plan: Plan, pool: Pool, case: str, message: str, remedy: str) -> Finding:
    return Finding(
        subject=_subject(pool),
        message=message,
        case=case,
        facts={"host": pool.platform.os_version, "nodes": pool.nodes},
        location=plan.where("pools", pool.name, "platform"),
        remedies=(Remedy("upgrade", remedy),),
    )


def _support(plan: Plan, pool: Pool, release: WindowsRelease, horizon: datetime.date) -> Finding | Undetermined | None:
    """Return the outcome for Microsoft's support, or None if it lasts until the horizon."""
    if release.support_ends is None:
        return _undetermined(pool, f"the facts do not state when Microsoft's support for {release.product} ends")
    if release.support_ends >= horizon:
        return None
    mainstream = release.mainstream_ends
    said = f" Mainstream support, with fixes other than security fixes, ends on {mainstream}." if mainstream else ""
    doubt = "" if release.confidence == "high" else " Microsoft's pages differ by a day or two."
    message = (
        f"{pool.name} runs {release.product}. Its support ends on {release.support_ends}, before the horizon {horizon}. "
        f"After that, there are no fixes and no fixed base images.{said}{doubt}"
    )
    return _finding(plan, pool, "support", message, f"Plan a later Windows release for {pool.name}, or an earlier horizon.")


def _listing(plan: Plan, cluster: Cluster, pool: Pool, release: WindowsRelease) -> Finding | Undetermined | None:
    """Return the outcome for Kubernetes support, or None if Kubernetes lists the Windows release."""
    named = distribution_named(cluster.distribution)
    version = parse_version(cluster.version)
    rows: tuple[WindowsKubernetes, ...] = table("windows_kubernetes", WindowsKubernetes)
    name = f"{cluster.distribution} {cluster.version}"
    if named is None or named.numbering != "kubernetes" or version is None:
        return _undetermined(pool, f"the facts do not state which Windows releases {name} supports")
    found = rows_at(rows, cluster.version, "kubernetes")
    if found.gap is not None:
        return _undetermined(pool, f"it is unknown which Windows releases {name} supports: {found.gap.why}")
    own = [row for row in rows if row.build == release.build]
    if any(row in found.rows for row in own):
        return None
    confident = own and all(row.confidence != "low" for row in own)
    doubt = "" if confident else " The first and last release that list it are not confirmed."
    message = (
        f"{pool.name} runs {release.product}, which the documentation of Kubernetes {version.branch} does not list for "
        f"nodes. It may work, but Kubernetes does not test it.{doubt}"
    )
    return _finding(
        plan,
        pool,
        "kubernetes",
        message,
        f"Plan a Windows release that Kubernetes {version.branch} lists, or replace {name}.",
    )


def _outcomes(plan: Plan, pool: Pool, horizon: datetime.date) -> Iterator[Finding | Undetermined]:
    split = split_version(pool.platform.os_version)
    release = release_of(split[1]) if split else None
    if release is None:
        yield _undetermined(pool, f"the facts have no Windows release with the build {pool.platform.os_version}")
        return
    if (outcome := _support(plan, pool, release, horizon)) is not None:
        yield outcome
    if plan.cluster is not None and (outcome := _listing(plan, plan.cluster, pool, release)) is not None:
        yield outcome


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield at most two outcomes per Windows pool: Microsoft's support and the Kubernetes list."""
    for pool in site.plan.pools:
        if pool.is_windows:
            outcomes = list(_outcomes(site.plan, pool, site.plan.horizon_from(today)))
            yield from outcomes
            if not outcomes:
                yield PASSED


CHECK = define(
    run,
    title="Windows release is not supported",
    holds="Windows releases are supported",
    area=Area.CALENDAR,
    severity=Severity.WARNING,
    requires=(Requirement.WINDOWS_POOLS,),
)
