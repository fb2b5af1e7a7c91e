"""## What it checks
Every required image has a manifest for the operating system and architecture of each pool that needs it. Attestations
(`unknown/unknown`) do not count as platforms. Images that only contain files for an installer are exempt.

## Why it matters
The copy succeeds and the internal registry has the tag, but the pod does not start: `no match for platform in manifest: not
found`.

## How to fix
Use a tag that is published for the platform. Or keep the workload off the pool with a nodeSelector, and remove the pool from
the image's `pools`. If no image of a list has the platform, the list is probably declared for one pool too many. Set `pools`
for each list in the plan, or a platform for each list on the command line (`LIST=PLATFORM`).

## When it is undetermined
The index, or the config of a single-platform image, could not be read. Or the index lists the platform, but its manifest was
not observed.

## References
OCI image index; containerd/platforms; facts/carrier_images.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.oci.document import Index
from auditor.oci.select import entries
from auditor.plan.model import PLAN_OF_LISTS
from auditor.site import Requirement, Site
from auditor.site.images import Placement, Standing
from checks._shared.placed import image_subject, settled, subject_of, unknown

SHOWN = 12


def _offered(placement: Placement) -> tuple[str, ...]:
    document = placement.image.document
    if isinstance(document, Index):
        return tuple(dict.fromkeys(str(platform) for _, platform in entries(document)))[:SHOWN]
    return ()


def _parts(placement: Placement, offered: tuple[str, ...]) -> tuple[Part, ...]:
    image, platform = placement.image.reference, placement.need.platform
    if placement.resolution.dropped:
        return (
            Part(
                f"The index of {image} lists {platform}, but the registry lacks the manifest ({placement.resolution.dropped}). "
                f"Nodes of pool {placement.pool.name} cannot pull it.",
                names_who=True,
            ),
        )
    there = f"It has {', '.join(offered)}" if offered else "It is a single-platform image for another platform"
    wanted = f"{platform.os}/{platform.architecture}"
    return (
        Part(f"{image} has no manifest for {wanted}, which pool {placement.pool.name} needs. {there}.", names_who=True),
        Part("Error on the node: `no match for platform in manifest: not found`.", Role.SYMPTOM),
    )


def _remedies(site: Site, placement: Placement) -> Iterator[Remedy]:
    """Yield the remedies. If no image of a list has the platform, the `pools` of the list are wrong, not its tags."""
    platform, pool = placement.need.platform, placement.pool.name
    if (mismatch := site.list_platforms.of(placement)) is not None:
        cause = f"No image of `{mismatch.file}` has a manifest for {platform}."
        if site.plan.path == PLAN_OF_LISTS:
            yield Remedy("command", f"Give each list its own platform. {cause}", (site.list_platforms.command,))
        else:
            yield Remedy("edit", f"Remove {pool} from the `pools` of this list in the plan. {cause}")
    yield Remedy("edit", f"Use a tag that is published for {platform}, or remove {pool} from the `pools` of the image.")


def _finding(site: Site, placement: Placement) -> Finding:
    offered = _offered(placement)
    return Finding(
        subject=subject_of(placement),
        parts=_parts(placement, offered),
        facts={"wanted": str(placement.need.platform), "offered": offered, "digest": placement.image.digest},
        location=placement.need.why[0].location,
        remedies=tuple(_remedies(site, placement)),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image and pool."""
    said: set[tuple[str, str]] = set()
    for placement in settled(site, lambda _: True):
        if isinstance(placement, Undetermined):
            yield placement
        elif placement.standing is Standing.PLATFORM_ABSENT:
            yield _finding(site, placement)
        elif (trouble := placement.resolution.trouble) is not None:
            if (key := (placement.image.name, trouble.detail)) not in said:  # the index lists it, but it may be missing
                said.add(key)
                yield unknown(image_subject(placement.image), trouble)
        else:
            yield PASSED


CHECK = define(
    run,
    title="No manifest for the pool's OS and architecture",
    holds="Images have a manifest for each pool",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
)
