"""## What it checks
If the manifest of a Windows image was not observed, this check uses the build in its index or its tag. Microsoft's base
images had foreign layers until 13 June 2023. The check reports images with a build from before that date.

## Why it matters
Such an image probably has a foreign layer. Copy tools skip foreign layers, and nodes download them from Microsoft. An image
list does not show this: the build is the only hint.

## How to fix
Collect the manifest, which shows the layers. Rebuild the image on a current base.

## When it is undetermined
Neither the index nor the tag has a build with a revision, or the facts do not cover the build.

## References
facts/foreign_era.yaml: a heuristic, and wrong for images whose publisher pushed the layers on purpose.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.site import Requirement, Site
from auditor.site.images import Placement
from checks._shared.bringing import observing
from checks._shared.placed import image_subject, subject_of

_BUILD = re.compile(r"(?<![0-9.])10\.0\.(\d{5})\.(\d{1,6})(?![0-9.])")


class ForeignEra(Fact, frozen=True, kw_only=True):
    """The first revision of a build whose base images have no foreign layers: 0 if all have none, -1 if all have some."""

    build: int
    first_clean: int


def _build_of(placement: Placement) -> tuple[str, re.Match[str] | None]:
    """Return the source of the build (`its index` or `its tag`) and the build with its revision, or None."""
    os_version = placement.resolution.choice.os_version
    if match := _BUILD.search(os_version):
        return "its index", match
    return "its tag", _BUILD.search(placement.image.reference.tag or "")


def _finding(site: Site, placement: Placement, era: ForeignEra, build: str, told: str) -> Finding:
    image = placement.image.reference
    since = f"builds from 10.0.{era.build}.{era.first_clean} on" if era.first_clean > 0 else "newer Windows releases"
    return Finding(
        subject=subject_of(placement),
        parts=(
            Part(f"{image} is for {build} according to {told}. Its manifest was not observed."),
            Part(f"It probably has foreign layers: Microsoft's base images have none in {since}.", Role.EFFECT),
        ),
        facts={"os_version": build, "first_clean": era.first_clean, "source": era.source, "confidence": era.confidence},
        location=placement.need.why[0].location,
        remedies=(Remedy("command", "Read the manifest, which shows the layers.", *observing(site, image)),),
    )


def _outcome(site: Site, placement: Placement) -> Outcome | None:
    """Return the outcome for one image and pool, or None if its base is from a time without foreign layers."""
    told, match = _build_of(placement)
    image = placement.image.reference
    if match is None:
        detail = f"the manifest of {image} was not observed, and neither its index nor its tag has a build"
        trouble = placement.resolution.trouble
        faults = trouble.faults if trouble is not None else ()
        return Undetermined(image_subject(placement.image), Kind.MISSING_EVIDENCE, detail, faults)
    build, revision = int(match[1]), int(match[2])
    rows: tuple[ForeignEra, ...] = table("foreign_era", ForeignEra)
    era = next((row for row in rows if row.build == build), None)
    if era is None:
        detail = f"the facts do not cover the Windows build {build} of {image}"
        return Undetermined(image_subject(placement.image), Kind.UNSUPPORTED, detail)
    is_foreign = era.first_clean < 0 or revision < era.first_clean
    return _finding(site, placement, era, match[0], told) if is_foreign else None


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image and Windows pool. An image with an observed manifest passes: other checks read it."""
    said: set[str] = set()
    for placement in site.pulled:
        resolution = placement.resolution
        if not placement.pool.is_windows or placement.is_carrier or (resolution.payload is None and resolution.trouble is None):
            continue
        outcome = _outcome(site, placement) if resolution.payload is None else None
        if outcome is None and (resolution.payload is None or resolution.trouble is None):
            yield PASSED
        if isinstance(outcome, Undetermined):
            if outcome.detail in said:
                continue
            said.add(outcome.detail)
        if outcome is not None:
            yield outcome


CHECK = define(
    run,
    title="Image probably has foreign layers (base before June 2023)",
    holds="No image comes from the era of foreign layers",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.INFO,
    requires=(Requirement.IMAGES, Requirement.WINDOWS_POOLS),
)
