"""## What it checks
The compressed bytes of everything that the pools need, each blob once, fit on the registry's disk and leave 15 % free. So
does the number of versions that the plan keeps (`keep_versions`).

## Why it matters
A registry with a full disk fails in the middle of a push. A registry with an almost full disk cannot accept the next version:
registries delete nothing automatically.

## How to fix
Enlarge the disk, keep fewer versions, leave out platforms that no pool needs, or use one base at one patch level for all
images, so that they share its layers.

## When it is undetermined
The size of an image is unknown (not collected, not readable, or schema 1). The sum is then a lower bound. It can prove that
the disk is too small, but not that it is large enough. It is unknown what further versions share with this one, so they count
in full and lead to a warning at most. If the copy tool copies whole indexes, it also copies platforms that no pool needs.
Their sizes are estimated.

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
from checks._shared.affected import not_arrived
from checks._shared.stages import Strain, facts, gap, largest, leaner, narrower, needed, outcomes, strain

FREE_PERCENT = 15


def _mark(disk: int) -> int:
    """Return the number of bytes up to which enough of the disk is free."""
    return disk * (100 - FREE_PERCENT) // 100


def _message(registry: Registry, stage: Stage, disk: int, found: Strain) -> str:
    full = stage.bytes * registry.keep_versions
    if found.is_over:
        return (
            f"The images need {needed(stage)} compressed, {gap(stage, disk, registry.host)}. "
            "Error during a push: `no space left on device`."
        )
    if registry.keep_versions > 1 and full > _mark(disk):
        over = f"{format_size(full - disk)} more than" if full > disk else f"less than {FREE_PERCENT} % below"
        return (
            f"One version of the images needs {needed(stage)} compressed. The plan keeps {registry.keep_versions} versions. If "
            f"they share nothing, they need up to {format_size(full)}, {over} the {format_size(disk)} of {registry.host}."
        )
    free = 100 * (disk - stage.bytes) / disk
    return (
        f"The images need {needed(stage)} compressed. This leaves only {free:.0f} % of the {format_size(disk)} of "
        f"{registry.host} free, less than {FREE_PERCENT} %."
    )


def _finding(site: Site, registry: Registry, stage: Stage, disk: int, found: Strain) -> Finding | None:
    full = stage.bytes * registry.keep_versions
    severity = found.severity or (Severity.WARNING if full > _mark(disk) else None)
    if severity is None:
        return None
    enough = format_size(full * 100 // (100 - FREE_PERCENT) + 1, up=True)
    return Finding(
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
    """Yield one outcome for the registry, and another one if its budget is only a lower bound."""
    registry, stage = site.plan.registry, site.storage.registry
    if registry is None or registry.disk is None or not site.images.placements:
        return
    found = strain(stage, registry.disk, _mark(registry.disk))
    finding = _finding(site, registry, stage, registry.disk, found)
    subject = Subject("registry", registry.host)
    yield from outcomes(site, subject, stage, found, finding, affects=not_arrived(site))


CHECK = define(
    run,
    title="Registry disk is too small",
    holds="The registry disk is large enough",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.REGISTRY_DISK),
)
