"""## What it checks
The Windows release of every Windows pool is supported by Microsoft until the plan's horizon, and is one that the cluster's
release of Kubernetes lists for nodes.

## Why it matters
Without support there are no fixes, and no base images with fixes either: what is carried in stays as it is. A Windows release
that Kubernetes does not list is not tested with it; nobody mends what does not work.

## How to fix
Plan another Windows release for the pool, or an earlier horizon; or the release of Kubernetes that lists it.

## When it cannot tell
When the facts do not know the Windows release, or when Microsoft ends it (Annual Channel); or which Windows releases the
cluster's version lists. Which release of Kubernetes was the first to list Windows Server 2025 is not confirmed.

## References
facts/windows_builds.yaml; facts/windows_kubernetes.yaml; Microsoft's release information; Kubernetes documentation, "Windows
containers in Kubernetes".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts import table
from auditor.facts.versions import Versioned, parse_version
from auditor.needs.default_facts import distribution_named
from auditor.oci.windows import WindowsRelease, release_of, split_version
from auditor.plan.model import Cluster, Plan, Pool
from auditor.site import Requirement, Site

ID = "windows-version-unsupported"


class WindowsKubernetes(Versioned, frozen=True, kw_only=True):
    """The releases of Kubernetes that list a Windows build for nodes."""

    build: int


def _subject(pool: Pool) -> Subject:
    return Subject("pool", pool.name, str(pool.platform))


def _undetermined(pool: Pool, detail: str) -> Undetermined:
    return Undetermined(ID, _subject(pool), Kind.UNSUPPORTED, detail)


def _finding(plan: Plan, pool: Pool, case: str, message: str, remedy: str) -> Finding:
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=_subject(pool),
        message=message,
        case=case,
        facts={"host": pool.platform.os_version, "nodes": pool.nodes},
        location=plan.where("pools", pool.name, "platform"),
        remedies=(Remedy("upgrade", remedy),),
    )


def _support(plan: Plan, pool: Pool, release: WindowsRelease, horizon: datetime.date) -> Finding | Undetermined | None:
    """What Microsoft's support comes to; None when it lasts until the horizon."""
    if release.support_ends is None:
        return _undetermined(pool, f"the facts do not say when Microsoft's support of {release.product} ends")
    if release.support_ends >= horizon:
        return None
    mainstream = release.mainstream_ends
    said = f" Mainstream support, with other than security fixes, ends on {mainstream}." if mainstream else ""
    doubt = "" if release.confidence == "high" else " Microsoft's own pages differ by a day or two."
    message = (
        f"{pool.name} runs {release.product}, whose support ends on {release.support_ends}, before the horizon {horizon}: "
        f"no fixes from then on, and no base images with fixes.{said}{doubt}"
    )
    return _finding(plan, pool, "support", message, f"Plan a later Windows release for {pool.name}, or an earlier horizon.")


def _listing(plan: Plan, cluster: Cluster, pool: Pool, release: WindowsRelease) -> Finding | Undetermined | None:
    """What Kubernetes says of the Windows release; None when it lists it."""
    named = distribution_named(cluster.distribution)
    version = parse_version(cluster.version)
    rows: tuple[WindowsKubernetes, ...] = table("windows_kubernetes", WindowsKubernetes)
    read = any(row.surely_covers(cluster.version) for row in rows)
    name = f"{cluster.distribution} {cluster.version}"
    if named is None or named.numbering != "kubernetes" or version is None or not read:
        return _undetermined(pool, f"the facts do not say which Windows releases {name} is made for")
    own = [row for row in rows if row.build == release.build]
    if any(row.surely_covers(cluster.version) for row in own):
        return None
    confident = own and all(row.confidence != "low" for row in own)
    doubt = "" if confident else " Which release was the first or last to list it is not confirmed."
    message = (
        f"{pool.name} runs {release.product}, which the documentation of Kubernetes {version.branch} does not list for "
        f"nodes: it may run, and nobody tests it.{doubt}"
    )
    return _finding(
        plan, pool, "kubernetes", message, f"Plan a Windows release that Kubernetes {version.branch} lists, or another {name}."
    )


def _outcomes(plan: Plan, pool: Pool, horizon: datetime.date) -> Iterator[Finding | Undetermined]:
    split = split_version(pool.platform.os_version)
    release = release_of(split[1]) if split else None
    if release is None:
        yield _undetermined(pool, f"the facts know no Windows release with the build {pool.platform.os_version}")
        return
    if (outcome := _support(plan, pool, release, horizon)) is not None:
        yield outcome
    if plan.cluster is not None and (outcome := _listing(plan, plan.cluster, pool, release)) is not None:
        yield outcome


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """At most two outcomes per Windows pool: Microsoft's support, and Kubernetes' list."""
    fine = 0
    for pool in site.plan.pools:
        if pool.is_windows:
            outcomes = list(_outcomes(site.plan, pool, site.plan.horizon_from(today)))
            yield from outcomes
            fine += not outcomes
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A Windows release is out of support",
    family="windows",
    area=Area.CALENDAR,
    severity=Severity.WARNING,
    requires=(Requirement.WINDOWS_POOLS,),
)
