"""## What it checks
Every HostProcess container runs on a runtime that knows such containers, and its pod uses the network of the host.

## Why it matters
An older containerd starts it as an ordinary container, which cannot do what it is there for. Without `hostNetwork: true` the
API server refuses the pod.

## How to fix
Upgrade containerd to 1.6 or later, and set `hostNetwork: true` for the pod.

## When it cannot tell
When the plan does not say which runtime a pool has and in which version, or the facts do not know the runtime. Whether the
image's base fails to unpack on Windows Server 2025 is not looked at.

## References
facts/host_process.yaml; Kubernetes documentation, "Create a Windows HostProcess Pod".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts import Fact, table, version_key
from auditor.plan.model import Demand, Pool
from auditor.site import Requirement, Site

ID = "hostprocess-requirements"


class HostProcessSupport(Fact, frozen=True, kw_only=True):
    """From which version on a runtime runs HostProcess containers."""

    runtime: str
    since: str


def _finding(demand: Demand, pool: str, message: str, case: str, remedy: Remedy) -> Finding:
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=Subject("workload", demand.who, pool=pool),
        message=f"{demand.who} is a HostProcess container, and {message}",
        case=case,
        facts={"image": demand.text},
        location=demand.location,
        remedies=(remedy,),
    )


def _on_pool(demand: Demand, pool: Pool) -> Outcome | None:
    """What the pool's runtime makes of it; None when it is in order."""
    rows: dict[str, HostProcessSupport] = {row.runtime: row for row in table("host_process", HostProcessSupport)}
    subject = Subject("workload", demand.who, pool=pool.name)
    if pool.runtime is None or not pool.runtime.version:
        detail = f"the plan does not say which version of which runtime {pool.name} has"
        return Undetermined(ID, subject, Kind.MISSING_EVIDENCE, detail)
    row = rows.get(pool.runtime.name)
    if row is None:
        return Undetermined(ID, subject, Kind.UNSUPPORTED, f"the facts do not say how {pool.runtime} runs such containers")
    if version_key(pool.runtime.version) >= version_key(row.since):
        return None
    message = f"{pool.runtime} on {pool.name} does not know such containers: it runs isolated, without the host's rights."
    remedy = Remedy("upgrade", f"Upgrade {row.runtime} on {pool.name} to {row.since} or later.")
    return _finding(demand, pool.name, message, str(pool.runtime), remedy)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per container and cause."""
    fine = 0
    for demand in site.needs.demands:
        if not demand.host_process or demand.surmised:
            continue
        wrong: list[Outcome] = []
        if not demand.host_network:
            message = "its pod does not say `hostNetwork: true`: the API server refuses it."
            remedy = Remedy("edit", f"Set `hostNetwork: true` in the pod at {demand.location.file}.")
            wrong.append(_finding(demand, "", message, "hostNetwork", remedy))
        outcomes = (_on_pool(demand, site.plan.pool(name)) for name in demand.pools)
        wrong += [outcome for outcome in outcomes if outcome is not None]
        yield from wrong
        fine += not wrong
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A HostProcess container lacks what it requires",
    family="windows",
    severity=Severity.WARNING,
    requires=(Requirement.WORKLOADS, Requirement.WINDOWS_POOLS),
)
