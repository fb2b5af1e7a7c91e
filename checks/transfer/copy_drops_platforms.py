"""## What it checks
The plan's copy tool, in its version and with its options, copies every manifest of an index that a pool needs: each platform,
and on Windows each build.

## Why it matters
Many tools copy one platform by default. Most ignore os.version, and some support only Linux. The copy exits with code 0 and
the tag is present, but one pool fails with `no match for platform in manifest: not found`.

## How to fix
Let the tool copy the whole index (skopeo and podman `--all`; crane and regctl without `--platform`). Alternatively, copy each
required platform by its digest, and create an index of them.

## When it is undetermined
The facts do not cover the tool, its version or these options. The result depends on the platform of the machine that copies,
and the plan does not state it. Or the index could not be read. An observation of the internal registry overrides the
prediction.

## References
facts/copy_platforms.yaml; container-libs platform_matcher.go, which reads neither os.version nor os.features.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, RemedyKind, Role, Severity, Undetermined, define
from auditor.needs.model import Need
from auditor.oci.document import Index
from auditor.oci.select import entries
from auditor.site import Requirement, Site
from auditor.site.images import Image, Placement, Standing
from auditor.transfer.copy_platforms import CopyPlatforms, Kept, keeping_all, keeps_all, keeps_over, platform_row
from auditor.transfer.hops import Unpredicted
from checks._shared.affected import of_placements
from checks._shared.copied import to_copy, tool_of, unpredicted
from checks._shared.placed import image_subject

_THERE = frozenset({Standing.OK, Standing.FALLBACK})


@dataclass
class _Judged:
    """The placements of one image, by the copy's effect on their manifests."""

    lost: list[Placement] = field(default_factory=list)
    own: list[Placement] = field(default_factory=list)
    unknown: Unpredicted | None = None


def _named(placements: list[Placement]) -> tuple[str, ...]:
    """Return the image's platforms with the pools that need them."""
    return tuple(dict.fromkeys(f"{p.resolution.choice.os_version or p.need.platform} for {p.pool.name}" for p in placements))


def _row(site: Site, image: Image) -> CopyPlatforms | None:
    """Return the row of the first hop that does not copy everything."""
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    rows = (platform_row(hop) for hop in site.transfer.ways(image.reference)[0])
    return next((row for row in rows if isinstance(row, CopyPlatforms) and row.keeps != "all"), None)


def _remedy(row: CopyPlatforms) -> Remedy:
    option = keeping_all(row.tool)
    if row.to == "docker-archive":
        return Remedy("copy", "Write an OCI layout or one archive per platform: a docker-archive holds only one platform.")
    if option is None:
        return Remedy("copy", f"Copy these images with crane or regctl, without --platform: {row.tool} copies no whole index.")
    return Remedy("copy", f"Run {row.tool} with {option}." if option else f"Run {row.tool} without {' or '.join(row.given)}.")


def _finding(site: Site, image: Image, row: CopyPlatforms, lost: list[Placement], why: str) -> Finding:
    tool, named = tool_of(site), _named(lost)
    return Finding(
        severity=Severity.ERROR if row.is_proven else Severity.WARNING,
        subject=image_subject(image),
        parts=(
            Part(f"{tool} {why}. The copy of {image.reference} lacks {', '.join(named)}."),
            Part("Error on the node: `no match for platform in manifest: not found`.", Role.SYMPTOM),
        ),
        case=tool,
        facts={
            "tool": tool,
            "lost": named,
            "row": row.name,
            "source": row.source,
            "confidence": row.confidence,
            "confirmed": row.confirmed,
        },
        location=site.plan.where("copy", "options") if row.given else site.plan.where("copy", "tool"),
        remedy_kind=RemedyKind.COPY_AGAIN,
        remedies=(_remedy(row),),
        affects=of_placements(lost),
    )


def _judge(site: Site, index: Index, placements: list[Placement]) -> _Judged:
    judged = _Judged()
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    ways = site.transfer.ways(placements[0].image.reference)
    offers = [(entry.digest, platform) for entry, platform in entries(index)]
    listed = {entry.digest for entry in index.manifests}
    for placement in placements:
        payload = placement.resolution.payload
        assert payload is not None  # noqa: S101 - the manifest of a placement to copy is known
        found = keeps_over(ways, offers, payload.digest, is_listed=payload.digest in listed)
        if isinstance(found, Unpredicted):
            judged.unknown = found
        elif found is not Kept.YES:
            (judged.lost if found is Kept.NO else judged.own).append(placement)
    return judged


def _outcome(site: Site, image: Image, index: Index, placements: list[Placement]) -> Finding | Unpredicted | None:
    """Return the outcome for one index, or None if the copy has everything that the pools need."""
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    if keeps_all(site.transfer.ways(image.reference)):
        return None
    judged = _judge(site, index, placements)
    row = _row(site, image)
    manifests = {placement.resolution.payload.digest for placement in judged.own if placement.resolution.payload is not None}
    if row is not None and judged.lost:
        return _finding(site, image, row, judged.lost, "copies other platforms")
    if row is not None and len(manifests) > 1:
        return _finding(site, image, row, judged.own, "copies only the platform of the machine that it runs on")
    if judged.unknown is not None:
        return judged.unknown
    if not judged.own:
        return None
    why = f"{tool_of(site)} copies only the platform of the machine that it runs on, and the plan does not state that platform"
    return Unpredicted(why, missing=True)


def _seen(site: Site) -> frozenset[Need]:
    """Return the needs that the internal registry was observed to meet."""
    if site.target is None:
        return frozenset()
    return frozenset(placement.need for placement in site.target.placements if placement.standing in _THERE)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image."""
    known: list[Placement] = []
    unread: set[str] = set()
    for placement in to_copy(site):
        if isinstance(placement, Undetermined):
            unread.add(placement.subject.id)
            yield placement
        else:
            known.append(placement)
    seen = _seen(site)
    reasons: list[tuple[str, Unpredicted]] = []
    for reference, group in groupby(known, lambda placement: placement.image.reference):
        placements = [placement for placement in group if not seen or placement.need not in seen]
        index = placements[0].image.document if placements else None
        said = _outcome(site, placements[0].image, index, placements) if isinstance(index, Index) else None
        if said is None and str(reference) not in unread:
            yield PASSED
        if isinstance(said, Finding):
            yield said
        elif said is not None:
            reasons.append((str(reference), said))
    yield from unpredicted(site, reasons)


CHECK = define(
    run,
    title="Copy tool does not copy all required platforms",
    holds="The copy tool copies all required platforms",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
