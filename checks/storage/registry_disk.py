"""## What it checks
The compressed bytes of everything that the pools need, each blob once, fit on the registry's disk and leave 15 % free; and so
do as many versions of it as the plan keeps side by side (`keep_versions`).

## Why it matters
A registry whose disk is full fails in the middle of a push, and one that is nearly full cannot take the next version:
registries delete nothing by themselves.

## How to fix
Enlarge the disk, keep fewer versions, leave out platforms that no pool needs, or bring images onto one base at one patch
level, so that they share its layers.

## When it cannot tell
The size of some images is not known (not collected, not readable, or schema 1). The sum is then a lower bound: it can
prove that the disk is too small, but not that it is large enough. What further versions will share with this one nobody can
know: they are counted in full, and never make more than a warning. Where the copy tool takes whole indexes, the platforms that
no pool needs come along; nobody has looked at them, so that they are guessed.

## References
OCI image manifest, descriptor sizes; distribution stores each digest once, whatever repository names it;
facts/platform_sizes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.plan.model import Registry
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage
from auditor.text import format_size
from checks.affected import not_arrived
from checks.stages import Strain, facts, gap, largest, leaner, narrower, needed, outcomes, strain

ID = "registry-disk"
FREE_PERCENT = 15


def _mark(disk: int) -> int:
    """Up to here, enough is free."""
    return disk * (100 - FREE_PERCENT) // 100


def _message(registry: Registry, stage: Stage, disk: int, found: Strain) -> str:
    full = stage.bytes * registry.keep_versions
    if found.is_over:
        return (
            f"The images need {needed(stage)} compressed, {gap(stage, disk, registry.host)}; a push fails with: no space left "
            f"on device."
        )
    if registry.keep_versions > 1 and full > _mark(disk):
        over = f"{format_size(full - disk)} more than" if full > disk else f"less than {FREE_PERCENT} % below"
        return (
            f"One version of the images needs {needed(stage)} compressed; {registry.keep_versions} of them, as the plan keeps, "
            f"need up to {format_size(full)} where they share nothing, {over} the {format_size(disk)} of {registry.host}."
        )
    free = 100 * (disk - stage.bytes) / disk
    return (
        f"The images need {needed(stage)} compressed, which leaves {free:.0f} % of the {format_size(disk)} of "
        f"{registry.host} free: less than {FREE_PERCENT} %."
    )


def _finding(site: Site, registry: Registry, stage: Stage, disk: int, found: Strain) -> Finding | None:
    full = stage.bytes * registry.keep_versions
    severity = found.severity or (Severity.WARNING if full > _mark(disk) else None)
    if severity is None:
        return None
    enough = format_size(full * 100 // (100 - FREE_PERCENT) + 1, up=True)
    return Finding(
        check=ID,
        severity=severity,
        subject=Subject("registry", registry.host),
        message=_message(registry, stage, disk, found) + largest(stage),
        case=severity.value,
        facts={**facts(stage, disk), "keep_versions": registry.keep_versions},
        location=site.plan.where("registry", "disk"),
        remedies=(
            Remedy("edit", f"Give the registry {enough} or more, or leave out platforms that no pool needs."),
            *narrower(stage),
            *leaner(site),
        ),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome for the registry, and one more where its budget is only a lower bound."""
    registry, stage = site.plan.registry, site.storage.registry
    if registry is None or registry.disk is None or not site.images.placements:
        return
    found = strain(stage, registry.disk, _mark(registry.disk))
    finding = _finding(site, registry, stage, registry.disk, found)
    subject = Subject("registry", registry.host)
    yield from outcomes(site, ID, subject, stage, found, finding, affects=not_arrived(site))


CHECK = define(
    run,
    id=ID,
    title="The registry's disk is too small",
    family="storage",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.REGISTRY_DISK),
)
