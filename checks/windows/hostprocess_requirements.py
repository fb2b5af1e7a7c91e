"""## What it checks
Every HostProcess container meets three requirements. Its runtime supports such containers. Its pod uses the network of the
host. Its image has no base that may fail on Windows Server 2025. Such bases have no `os.version`: images from scratch, or
from `windows-host-process-containers-base-image:v1.0.0`.

## Why it matters
An older containerd starts an ordinary container, which cannot do its work on the host. Without `hostNetwork: true` the API
server rejects the pod. On Windows Server 2025 a layer without valid registry hives may not unpack
(`hcsshim::ProcessBaseLayer`). This was observed once and is not confirmed for every such image.

## How to fix
Upgrade containerd to 1.6 or later, and set `hostNetwork: true` for the pod. Before the transfer, pull the image on one node
of Windows Server 2025. If it does not unpack, build it on nanoserver:ltsc2025.

## When it is undetermined
The plan does not state the runtime of a pool or its version, or the facts do not cover the runtime. Or, for a pool of Windows
Server 2025, the image could not be read.

## References
facts/host_process.yaml; facts/host_process_bases.yaml; rancher/rke2#10504; Kubernetes documentation, "Create a Windows
HostProcess Pod".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from auditor.check import PASSED, Affected, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.facts.lookup import GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.oci.reference import Reference
from auditor.oci.windows import split_version
from auditor.plan.model import Pool
from auditor.readers.demands import Demand
from auditor.site import Requirement, Site
from auditor.site.images import Placement, Standing
from checks._shared.affected import NOTHING

Placements = Mapping[tuple[Reference, str], Placement]
_RUNS = frozenset({Standing.OK, Standing.FALLBACK})


class HostProcessSupport(Versioned, frozen=True, kw_only=True):
    """The versions of a runtime that run HostProcess containers."""

    runtime: str


class HostProcessBase(Fact, frozen=True, kw_only=True):
    """The host build from which a HostProcess image with this `os.version` may fail to unpack."""

    since_build: int
    os_version: str
    symptom: str


def _finding(
    demand: Demand, pool: str, message: str, case: str, remedy: Remedy, severity: Severity, source: str = ""
) -> Finding:
    return Finding(
        severity=severity,
        subject=Subject("workload", demand.who, pool=pool),
        message=f"{demand.who} is a HostProcess container. {message}",
        case=case,
        facts={"image": demand.text, **demand.proof, **({"source": source} if source else {})},
        location=demand.location,
        remedies=(remedy,),
        affects=_affected(demand, pool),
    )


def _affected(demand: Demand, pool: str) -> tuple[Affected, ...]:
    return (Affected((str(demand.reference),), (pool,) if pool else demand.pools),) if demand.reference is not None else NOTHING


def _by_runtime(demand: Demand, pool: Pool) -> Outcome | None:
    """Return the outcome for the pool's runtime, or None if it supports HostProcess containers."""
    rows: tuple[HostProcessSupport, ...] = table("host_process", HostProcessSupport)
    subject = Subject("workload", demand.who, pool=pool.name)
    if pool.runtime is None or not pool.runtime.version:
        detail = f"the plan does not state the runtime of {pool.name} or its version"
        affects = _affected(demand, pool.name)
        return Undetermined(subject, Kind.MISSING_EVIDENCE, detail, affects=affects, fold=("no runtime",))
    own = tuple(row for row in rows if row.runtime == pool.runtime.name)
    gap = rows_at(own, pool.runtime.version, pool.runtime.name).gap
    if gap is None:
        return None
    if gap.kind is not GapKind.UNCOVERED:
        detail = f"it is unknown how {pool.runtime} runs HostProcess containers: {gap.why}"
        kind = Kind.MISSING_EVIDENCE if gap.missing else Kind.UNSUPPORTED
        return Undetermined(subject, kind, detail, affects=_affected(demand, pool.name))
    row = own[0]
    message = f"{pool.runtime} on {pool.name} does not support this. It runs the container isolated, without host privileges."
    remedy = Remedy("upgrade", f"Upgrade {row.runtime} on {pool.name} to {row.since} or later.")
    severity = Severity.ERROR if row.confidence != "low" else Severity.WARNING
    return _finding(demand, pool.name, message, str(pool.runtime), remedy, severity, row.source)


def _risky_bases(pool: Pool) -> tuple[HostProcessBase, ...]:
    split = split_version(pool.platform.os_version) if pool.is_windows else None
    rows: tuple[HostProcessBase, ...] = table("host_process_bases", HostProcessBase)
    return tuple(row for row in rows if split is not None and split[1] >= row.since_build)


def _by_base(demand: Demand, pool: Pool, placements: Placements) -> Outcome | None:
    """Return the outcome if the image's base may fail on the pool's Windows, else None."""
    risky = _risky_bases(pool)
    placement = placements.get((demand.reference, pool.name)) if demand.reference is not None else None
    if not risky or placement is None:
        return None
    subject = Subject("workload", demand.who, pool=pool.name)
    trouble = placement.resolution.trouble
    if placement.standing is Standing.UNDETERMINED and trouble is not None:
        # A finding would only be a warning.
        detail = f"it is unknown whether {demand.text} unpacks on {pool.name}: {trouble.detail}"
        return Undetermined(subject, trouble.kind, detail, trouble.faults, affects=NOTHING)
    row = next((row for row in risky if row.os_version == placement.resolution.choice.os_version), None)
    if row is None or placement.standing not in _RUNS:
        return None
    message = (
        f"{demand.text} has no os.version. An image from scratch or from the HostProcess base v1.0.0 may fail to unpack on "
        f"{pool.name} ({pool.platform.os_version}) with `{row.symptom}`. This was observed once and is not confirmed."
    )
    remedy = Remedy("install", f"Pull {demand.text} on one node of {pool.name} before the transfer.")
    return _finding(demand, pool.name, message, "base", remedy, Severity.WARNING)


def _host_process_placements(site: Site) -> Placements:
    """Return the placements of HostProcess images by reference and pool; empty if no pool has a host build at risk."""
    if not any(map(_risky_bases, site.plan.pools)):
        return {}
    wanted = {demand.reference for demand in site.needs.demands if demand.host_process}
    return {
        (placed.image.reference, placed.pool.name): placed
        for placed in site.images.placements
        if placed.image.reference in wanted
    }


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per container and cause."""
    placements = _host_process_placements(site)
    for demand in site.needs.demands:
        if not demand.host_process or demand.is_possible:
            continue
        wrong: list[Outcome] = []
        if not demand.host_network:
            message = "Its pod does not set `hostNetwork: true`, so the API server rejects it."
            remedy = Remedy("edit", f"Set `hostNetwork: true` in the pod at {demand.location.file}.")
            wrong.append(_finding(demand, "", message, "hostNetwork", remedy, Severity.ERROR))
        for pool in map(site.plan.pool, demand.pools):
            outcomes = (_by_runtime(demand, pool), _by_base(demand, pool, placements))
            wrong += [outcome for outcome in outcomes if outcome is not None]
        yield from wrong
        if not wrong:
            yield PASSED


CHECK = define(
    run,
    title="HostProcess container does not meet its requirements",
    holds="HostProcess containers meet their requirements",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOADS, Requirement.WINDOWS_POOLS),
)
