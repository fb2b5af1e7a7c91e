"""## What it checks
Where the manifest of a Windows image cannot be looked at: whether the build that its index or its tag gives is of a time when
Microsoft's base images had foreign layers. That ended on 13 June 2023.

## Why it matters
An image on such a base most likely has a layer that copy tools leave behind and that nodes fetch from Microsoft. Nobody can see
it in a list; the build is the only hint.

## How to fix
Collect the manifest, which says it for certain. Rebuild the image on a base of today.

## When it cannot tell
Neither the index nor the tag gives a build with its revision, or the build is in no fact.

## References
facts/foreign_era.yaml: a heuristic, and wrong for images whose publisher pushed the layers on purpose.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.site import Requirement, Site
from auditor.site.images import Placement
from checks.bringing import observing
from checks.placed import image_subject, subject_of

ID = "foreign-layer-base-era"
_BUILD = re.compile(r"(?<![0-9.])10\.0\.(\d{5})\.(\d{1,6})(?![0-9.])")


class ForeignEra(Fact, frozen=True, kw_only=True):
    """The first revision of a build whose base images have no foreign layers: 0 all of them, -1 none."""

    build: int
    first_clean: int


def _build_of(placement: Placement) -> tuple[str, re.Match[str] | None]:
    """What gives the build of an image whose manifest is not at hand, and the build with its revision."""
    os_version = placement.resolution.choice.os_version
    if match := _BUILD.search(os_version):
        return "its index", match
    return "its tag", _BUILD.search(placement.image.reference.tag or "")


def _finding(site: Site, placement: Placement, era: ForeignEra, build: str, told: str) -> Finding:
    image = placement.image.reference
    since = f"builds from 10.0.{era.build}.{era.first_clean} on" if era.first_clean > 0 else "newer Windows releases"
    return Finding(
        check=ID,
        severity=Severity.INFO,
        subject=subject_of(placement),
        parts=(
            Part(f"{image} is for {build}, as {told} says, and its manifest could not be looked at."),
            Part(f"It likely has foreign layers: Microsoft's bases have none in {since}.", Role.EFFECT),
        ),
        facts={"os_version": build, "first_clean": era.first_clean, "source": era.source, "confidence": era.confidence},
        location=placement.need.why[0].location,
        remedies=(Remedy("command", "Read the manifest, which decides it.", *observing(site, image)),),
    )


def _outcome(site: Site, placement: Placement) -> Outcome | None:
    """What is to be said of one image for one pool; None when its base is of a time without foreign layers."""
    told, match = _build_of(placement)
    image = placement.image.reference
    if match is None:
        detail = f"the manifest of {image} could not be looked at, and neither its index nor its tag gives a build"
        trouble = placement.resolution.trouble
        faults = trouble.faults if trouble is not None else ()
        return Undetermined(ID, image_subject(placement.image), Kind.MISSING_EVIDENCE, detail, faults)
    build, revision = int(match[1]), int(match[2])
    rows: tuple[ForeignEra, ...] = table("foreign_era", ForeignEra)
    era = next((row for row in rows if row.build == build), None)
    if era is None:
        detail = f"the facts do not know the Windows build {build} of {image}"
        return Undetermined(ID, image_subject(placement.image), Kind.UNSUPPORTED, detail)
    is_foreign = era.first_clean < 0 or revision < era.first_clean
    return _finding(site, placement, era, match[0], told) if is_foreign else None


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per image and Windows pool. Of what has a manifest that, and not the build, says what its layers are."""
    fine = 0
    said: set[str] = set()
    for placement in site.pulled:
        resolution = placement.resolution
        if not placement.pool.is_windows or placement.is_carrier or (resolution.payload is None and resolution.trouble is None):
            continue
        outcome = _outcome(site, placement) if resolution.payload is None else None
        fine += outcome is None and (resolution.payload is None or resolution.trouble is None)
        if isinstance(outcome, Undetermined):
            if outcome.detail in said:
                continue
            said.add(outcome.detail)
        if outcome is not None:
            yield outcome
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="An image is likely from the time of foreign layers",
    family="windows",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.INFO,
    requires=(Requirement.IMAGES, Requirement.WINDOWS_POOLS),
)
