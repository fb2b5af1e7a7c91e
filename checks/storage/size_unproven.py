"""## What it checks
How much of what a stage needs is an estimate: of every disk whose size the plan gives.

## Why it matters
An estimate multiplies compressed bytes by what layers usually unpack to. One image that is different can make a disk too small
that the sum calls large enough: who reads the number should know how much of it is one.

## How to fix
Collect again where the registries answer: the unpacked size of a layer is read from its last bytes, without a download. Where a
registry does not serve ranges, or layers tell nothing (eStargz, zstd without a size), leave room up to the upper bound.

## When it cannot tell
The size of some images is not known at all.

## References
facts/unpacked_ratios.yaml; facts/container_scratch.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Finding, Outcome, Remedy, Severity, Subject, define
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage, percent
from auditor.sizing.budget import format_bytes
from checks.stages import Strain, bounds, facts, outcomes

ID = "size-unproven"


def _subject(stage: Stage) -> Subject:
    return Subject("stage", stage.name, pool=stage.pool)


def _finding(site: Site, stage: Stage) -> Finding | None:
    if not stage.estimated:
        return None
    share = percent(stage.estimated, stage.bytes)
    return Finding(
        check=ID,
        severity=Severity.INFO,
        subject=_subject(stage),
        message=(
            f"{share} of the {format_bytes(stage.bytes)} of {stage.name} ({format_bytes(stage.estimated)}) is an estimate: "
            f"the whole is {'more than ' + format_bytes(stage.low) if stage.unknown else bounds(stage)}."
        ),
        facts={**facts(stage, stage.capacity or 0), "estimated": stage.estimated},
        location=site.plan.where(*stage.key),
        remedies=(
            Remedy(
                "command",
                "Collect where the registries answer: they tell the unpacked size of layers by their last bytes.",
                (f"auditor collect {site.plan.file} -o site.evidence",),
            ),
        ),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome for each stage whose capacity the plan gives."""
    for stage in site.storage.stages:
        if stage.capacity is not None:
            finding = _finding(site, stage)
            doubtful = Strain(None, is_over=False, is_doubtful=bool(stage.unknown) and finding is None)
            yield from outcomes(ID, _subject(stage), stage, doubtful, finding)


CHECK = define(
    run,
    id=ID,
    title="A size is an estimate",
    family="storage",
    severity=Severity.INFO,
    requires=(Requirement.IMAGES, Requirement.CAPACITY),
)
