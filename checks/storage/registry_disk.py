"""## What it checks
The compressed bytes of everything that the pools need, each blob once, fit on the registry's disk and leave 15 % free.

## Why it matters
A registry whose disk is full fails in the middle of a push, and one that is nearly full cannot take the next version:
registries delete nothing by themselves.

## How to fix
Enlarge the disk, leave out platforms that no pool needs, or bring images onto one base at one patch level, so that they
share its layers.

## When it cannot tell
The size of some images is not known (not collected, not readable, or schema 1). The sum is then a lower bound: it can
prove that the disk is too small, but not that it is large enough.

## References
OCI image manifest, descriptor sizes; distribution stores each digest once, whatever repository names it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.plan.model import Registry
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage
from auditor.sizing.budget import format_bytes

ID = "registry-disk"
FREE_PERCENT = 15
LARGEST = 5


def _finding(site: Site, registry: Registry, stage: Stage, disk: int, severity: Severity) -> Finding:
    needed, lower = stage.budget.bytes, "at least " if stage.unknown else ""
    largest = tuple(f"{share.owner} {format_bytes(share.bytes)}" for share in stage.budget.exclusive[:LARGEST])
    if severity is Severity.ERROR:
        over = f"{format_bytes(needed - disk)} more than {registry.host} has ({format_bytes(disk)})"
        gap = f"{over}; a push fails with: no space left on device"
    else:
        free = 100 * (disk - needed) / disk
        gap = f"which leaves {free:.0f} % of the {format_bytes(disk)} of {registry.host} free: less than {FREE_PERCENT} %"
    enough = format_bytes(needed * 100 // (100 - FREE_PERCENT) + 1)
    return Finding(
        check=ID,
        severity=severity,
        subject=Subject("registry", registry.host),
        message=f"The images need {lower}{format_bytes(needed)} compressed, {gap}.",
        case=severity.value,
        facts={
            "needed": needed,
            "capacity": disk,
            "missing": max(0, needed - disk),
            "provenance": stage.provenance,
            "largest": largest,
        },
        location=site.plan.where("registry", "disk"),
        remedies=(Remedy("edit", f"Give the registry {enough} or more, or leave out platforms that no pool needs."),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome for the registry, and one more where its budget is only a lower bound."""
    registry, stage = site.plan.registry, site.storage.registry
    if registry is None or registry.disk is None or not site.images.placements:
        return
    needed, disk = stage.budget.bytes, registry.disk
    if needed > disk:
        yield _finding(site, registry, stage, disk, Severity.ERROR)
    elif needed * 100 > disk * (100 - FREE_PERCENT):
        yield _finding(site, registry, stage, disk, Severity.WARNING)
    elif not stage.unknown:
        yield Fine()
    if stage.unknown and needed <= disk:
        named = ", ".join(stage.unknown[:3]) + (f" and {len(stage.unknown) - 3} more" if len(stage.unknown) > 3 else "")
        detail = f"the size of {len(stage.unknown)} image(s) is not known ({named}): {format_bytes(needed)} is a lower bound"
        yield Undetermined(ID, Subject("registry", registry.host), Kind.MISSING_EVIDENCE, detail)


CHECK = define(
    run,
    id=ID,
    title="The registry's disk is too small",
    family="storage",
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.REGISTRY_DISK),
)
