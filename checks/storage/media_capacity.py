"""## What it checks
The archives fit on the transfer media (`copy.media`) and leave 10 % of it free.

## Why it matters
If the media is full at the end of a long copy, the copy must start again with larger media or fewer images. If the error goes
unnoticed, images are missing at the site.

## How to fix
Use larger media or several, leave out platforms that no pool needs, or use a format that keeps layers compressed and shares
them.

## When it is undetermined
An archive of the plan could not be read, or the size of an image is unknown. If no archive was read, the size is derived from
the copy tool. If the facts do not state what the tool writes, only bounds are known.

## References
facts/archive_formats.yaml; facts/unpacked_ratios.yaml; facts/platform_sizes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.plan.model import Media
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage
from auditor.text import format_size
from checks._shared.affected import not_arrived
from checks._shared.archived import is_sure, other_format, spare
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

SUBJECT = Subject("media", "copy.media")


def _finding(site: Site, stage: Stage, media: Media, found: Strain) -> Finding | None:
    if found.severity is None:
        return None
    count = -(-stage.bytes * 100 // (media.size * MARK_PERCENT))
    gap_ = gap(stage, media.size, "the media") if found.is_over else f"more than {MARK_PERCENT} % of {format_size(media.size)}"
    several = f", or spread the archives over {count} media of this size" if count > 1 else ""
    return Finding(
        severity=found.severity,
        subject=SUBJECT,
        message=f"The archives take {needed(stage)}, {gap_}.{largest(stage)}",
        case=found.severity.value,
        facts=facts(stage, media.size),
        location=site.plan.where("copy", "media"),
        remedies=(
            Remedy("edit", f"Use media of {enough(stage)} or more{several}."),
            *spare(site),
            *other_format(site),
            *narrower(stage),
            *leaner(site),
        ),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for the media."""
    stage, media = site.storage.media, site.plan.copy.media if site.plan.copy else None
    if stage is None or media is None or not site.images.placements:
        return
    found = copy_strain(stage, media.size, is_sure=is_sure(site))
    yield from outcomes(site, SUBJECT, stage, found, _finding(site, stage, media, found), affects=not_arrived(site))


CHECK = define(
    run,
    title="Archives do not fit on the media",
    holds="Archives fit on the media",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.MEDIA),
)
