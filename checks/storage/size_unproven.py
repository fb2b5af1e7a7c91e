"""## What it checks
How much of what a stage needs is an estimate, of every disk whose size the plan gives, and which images are of unknown size.

## Why it matters
An estimate multiplies compressed bytes by what layers usually unpack to. Where the copy tool takes whole indexes, the platforms
that no pool needs come along, and nobody has looked at them: they are taken to be like their siblings. One image that is
different can make a disk too small that the sum calls large enough: who reads the number should know how much of it is one.

## How to fix
Collect again where the registries answer: the unpacked size of a layer is read from its last bytes, without a download. Where a
registry does not serve ranges, or layers tell nothing (eStargz, zstd without a size), leave room up to the upper bound.

## When it cannot tell
The size of an image is not known at all: nobody could read its manifest. It is in none of the sums.

## References
facts/unpacked_ratios.yaml; facts/container_scratch.yaml; facts/platform_sizes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.storage.along import OWNER
from auditor.site.storage.stage import Stage
from auditor.text import format_size, listed, percent
from checks.stages import SHOWN, bounds, facts, narrower

ID = "size-unproven"


def _finding(site: Site, stage: Stage) -> Finding:
    share = percent(stage.estimated, stage.bytes)
    return Finding(
        check=ID,
        severity=Severity.INFO,
        subject=Subject("stage", stage.name, pool=stage.pool),
        message=(
            f"{share} of the {format_size(stage.bytes)} of {stage.name} ({format_size(stage.estimated)}) is an estimate: "
            f"the whole is {'more than ' + format_size(stage.low) if stage.unknown else bounds(stage)}."
        ),
        facts={**facts(stage, stage.capacity or 0), "estimated": stage.estimated},
        location=site.plan.where(*stage.key),
        remedies=(*narrower(stage), *_collected(site, stage)),
    )


def _collected(site: Site, stage: Stage) -> tuple[Remedy, ...]:
    """What would tell unpacked sizes, where they are what is estimated: nobody asks about platforms that no pool needs."""
    if stage.estimated <= stage.budget.alone.get(OWNER, 0):
        return ()
    text = "Collect where the registries answer: they tell the unpacked size of layers by their last bytes."
    return (Remedy("command", text, (f"auditor collect {site.plan.file} -o site.evidence",)),)


def _unknown(site: Site, stages: list[Stage]) -> Iterator[Outcome]:
    """Each image of unknown size once, with the stages that lack it."""
    lacking: dict[str, list[Stage]] = {}
    for stage in stages:
        for name in stage.unknown:
            lacking.setdefault(name, []).append(stage)
    archives = site.archives.unread if site.archives is not None else {}
    for name, without in lacking.items():
        known = listed([f"the {format_size(stage.bytes)} of {stage.name}" for stage in without], SHOWN)
        detail = f"the size of {name} is not known, nor what share it has beside {known}, which lack it"
        subject = Subject("archive" if name in archives else "image", name)
        yield Undetermined(ID, subject, Kind.MISSING_EVIDENCE, detail, site.faults_of([name]))


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome for each stage whose capacity the plan gives, and one for each image of unknown size."""
    stages = [stage for stage in site.storage.stages if stage.capacity is not None]
    for stage in stages:
        if stage.estimated:
            yield _finding(site, stage)
        elif not stage.unknown:
            yield Fine()
    yield from _unknown(site, stages)


CHECK = define(
    run,
    id=ID,
    title="A size is an estimate",
    family="storage",
    area=Area.STORAGE,
    severity=Severity.INFO,
    requires=(Requirement.IMAGES, Requirement.CAPACITY),
)
