"""## What it checks
In a plan with Linux and Windows pools, every workload selects its operating system: by a node selector, a required node
affinity, a runtime class or HostProcess.

## Why it matters
The scheduler can place a pod without an OS selector on either system. On the wrong one, it stays in `ImagePullBackOff` with
`no match for platform in manifest`, or in `ContainerCreating`. `spec.os` alone does not affect the scheduler.

## How to fix
Add `nodeSelector: {kubernetes.io/os: linux}` or `windows` to the pod template.

## When it is undetermined
Never. Taints of the nodes are not in the plan: if every Windows node has a taint, waive this finding.

## References
Kubernetes documentation, "Guide for Running Windows Containers in Kubernetes", on node selectors and taints.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, define
from auditor.readers.demands import Demand
from auditor.site import Requirement, Site

SELECTOR = "nodeSelector: {kubernetes.io/os: linux}"


def _finding(owner: str, demand: Demand) -> Finding:
    return Finding(
        subject=Subject("workload", owner),
        message=(
            f"{owner} has no OS selector, but the plan has Linux and Windows pools. Error if a pod runs on the wrong one: "
            "`no match for platform in manifest`."
        ),
        facts={"image": demand.text, "pools": demand.pools, **demand.proof},
        location=demand.location,
        remedies=(Remedy("edit", f"Add `{SELECTOR}`, or windows, to its pod template at {demand.location.file}."),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per workload."""
    mixed = {pool.is_windows for pool in site.plan.pools} == {True, False}
    fine: set[str] = set()
    unbound: dict[str, Demand] = {}
    for demand in site.needs.demands:
        if demand.reference is None or demand.is_possible or demand.kind not in {"manifest", "chart"}:
            continue
        owner = " ".join(demand.who.split(" ")[:2])
        if mixed and not demand.os:
            unbound.setdefault(owner, demand)
        else:
            fine.add(owner)
    for owner, demand in unbound.items():
        yield _finding(owner, demand)
    yield Fine(len(fine - unbound.keys()))


CHECK = define(
    run,
    title="Workload in a mixed cluster has no OS selector",
    holds="Workloads select their OS",
    area=Area.WORKLOADS,
    severity=Severity.WARNING,
    requires=(Requirement.WORKLOADS,),
)
