"""## What it checks
For every disk with a size in the plan, the share of the required bytes that is an estimate, and the images of unknown size.

## Why it matters
An estimate multiplies the compressed bytes by a typical unpacking factor. If the copy tool copies whole indexes, it also
copies platforms that no pool needs. They were not observed, and are assumed to have the size of the other platforms. One
unusual image can make a disk too small although the sum says that it is large enough. The reader of the sum must know how
much of it is estimated.

## How to fix
Collect again while the registries answer: the unpacked size of a layer is read from its last bytes, without a download. If a
registry does not support range requests, or the layers do not contain the size (eStargz, zstd without a size), plan for the
upper bound.

## When it is undetermined
The size of an image is unknown because its manifest could not be read. It is not included in any sum.

## References
facts/unpacked_ratios.yaml; facts/container_scratch.yaml; facts/platform_sizes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.storage.extra_images import OWNER
from auditor.site.storage.stage import Stage
from auditor.text import format_size, listed, percent
from checks._shared.stages import SHOWN, bounds, facts, narrower


def _finding(site: Site, stage: Stage) -> Finding:
    share = percent(stage.estimated, stage.bytes)
    return Finding(
        subject=Subject("stage", stage.name, pool=stage.pool),
        message=(
            f"{stage.name}: {format_size(stage.estimated)} of {format_size(stage.bytes)} ({share}) is an estimate. "
            f"The total is {'more than ' + format_size(stage.low) if stage.unknown else bounds(stage)}."
        ),
        facts={**facts(stage, stage.capacity or 0), "estimated": stage.estimated},
        location=site.plan.where(*stage.key),
        remedies=(*narrower(stage), *_collected(site, stage)),
    )


def _collected(site: Site, stage: Stage) -> tuple[Remedy, ...]:
    """Return the remedy that reads unpacked sizes, if they are estimated. Platforms that no pool needs are not observed."""
    if stage.estimated <= stage.budget.alone.get(OWNER, 0):
        return ()
    text = "Collect on a machine that can connect to the registries: the last bytes of each layer have its unpacked size."
    return (Remedy("command", text, (f"auditor collect {site.plan.file} -o site.evidence",)),)


def _unknown(site: Site, stages: list[Stage]) -> Iterator[Outcome]:
    """Yield each image of unknown size once, with the stages that do not include it."""
    lacking: dict[str, list[Stage]] = {}
    for stage in stages:
        for name in stage.unknown:
            lacking.setdefault(name, []).append(stage)
    archives = site.archives.unread if site.archives is not None else {}
    for name, without in lacking.items():
        known = listed([f"the {format_size(stage.bytes)} of {stage.name}" for stage in without], SHOWN)
        detail = f"the size of {name} is unknown, so it is not included in {known}"
        subject = Subject("archive" if name in archives else "image", name)
        yield Undetermined(subject, Kind.MISSING_EVIDENCE, detail, site.faults_of([name]))


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for each stage with a capacity in the plan, and one for each image of unknown size."""
    stages = [stage for stage in site.storage.stages if stage.capacity is not None]
    for stage in stages:
        if stage.estimated:
            yield _finding(site, stage)
        elif not stage.unknown:
            yield Fine()
    yield from _unknown(site, stages)


CHECK = define(
    run,
    title="Size is partly an estimate",
    holds="No size is an estimate",
    area=Area.STORAGE,
    severity=Severity.INFO,
    requires=(Requirement.IMAGES, Requirement.CAPACITY),
)
