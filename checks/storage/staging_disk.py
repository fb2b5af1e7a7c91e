"""## What it checks
The disk where images are pulled and archived (`copy.staging`) holds the archives and what the copy tool keeps until they are
written: a blob store, unpacked images, or a layer during its transfer.

## Why it matters
Archiving runs for hours and fails at its end: `no space left on device`. A tool that writes unpacked layers, or a separate
archive for each image, needs several times the compressed bytes.

## How to fix
Enlarge the disk, write the archives directly to the media, or use a format that keeps layers compressed and shares them.

## When it is undetermined
The size of an image is unknown. The unpacked size of layers is an estimate with bounds on both sides of the disk size. Or the
facts do not state what the tool writes.

## References
facts/archive_formats.yaml; facts/unpacked_ratios.yaml; facts/platform_sizes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage
from auditor.text import format_size
from checks._shared.affected import not_arrived
from checks._shared.archived import is_sure, other_format
from checks._shared.stages import (
    MARK_PERCENT,
    Strain,
    copy_strain,
    enough,
    facts,
    gap,
    largest,
    leaner,
    narrower,
    needed,
    outcomes,
)

SUBJECT = Subject("staging", "copy.staging")


def _finding(site: Site, stage: Stage, disk: int, found: Strain) -> Finding | None:
    if found.severity is None:
        return None
    tool = site.plan.copy.tool if site.plan.copy else None
    if found.is_over:
        gap_ = f"{gap(stage, disk, 'the staging disk')}. Error from {tool or 'the tool'}: `no space left on device`"
    else:
        gap_ = f"more than {MARK_PERCENT} % of the {format_size(disk)} of the staging disk"
    text = f"Give the staging disk {enough(stage)} or more, or archive in steps."
    return Finding(
        severity=found.severity,
        subject=SUBJECT,
        message=f"Pulling and archiving needs {needed(stage)} at its peak, {gap_}.{largest(stage)}",
        case=found.severity.value,
        facts=facts(stage, disk),
        location=site.plan.where("copy", "staging", "disk"),
        remedies=(Remedy("edit", text), *other_format(site), *narrower(stage), *leaner(site)),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for the disk."""
    stage, copy = site.storage.staging, site.plan.copy
    if stage is None or copy is None or copy.staging is None or not site.images.placements:
        return
    found = copy_strain(stage, copy.staging, is_sure=is_sure(site))
    yield from outcomes(site, SUBJECT, stage, found, _finding(site, stage, copy.staging, found), affects=not_arrived(site))


CHECK = define(
    run,
    title="Staging disk is too small",
    holds="The staging disk is large enough",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.STAGING),
)
