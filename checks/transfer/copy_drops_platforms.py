"""## What it checks
The plan's copy tool, at its version and with its options, keeps every manifest of an index that a pool needs: each platform,
and on Windows each build.

## Why it matters
Many tools keep one platform unless told otherwise, most ignore os.version, and some know Linux only. The tag is there
afterwards, the copy ended with exit code 0, and one pool says `no match for platform in manifest: not found`.

## How to fix
Let the tool copy the whole index (skopeo and podman `--all`; crane and regctl without `--platform`), or copy each platform that
a pool needs by its digest, and write an index of them.

## When it cannot tell
The facts do not know the tool, its version or what it does with these options; the machine that copies decides, and the plan
does not say which it is; or the index could not be read. What was seen at the end of the way counts more than a prediction.

## References
facts/copy_platforms.yaml; container-libs platform_matcher.go, which reads neither os.version nor os.features.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Role, Severity, Undetermined, define
from auditor.needs.model import Need
from auditor.oci.document import Index
from auditor.oci.select import entries
from auditor.site import Requirement, Site
from auditor.site.images import Image, Placement, Standing
from auditor.transfer.hops import Unpredicted
from auditor.transfer.platforms import CopyPlatforms, Kept, keeping_all, keeps_all, keeps_over, platform_row
from checks.affected import of_placements
from checks.copied import to_copy, tool_of, unpredicted
from checks.placed import image_subject

ID = "copy-drops-platforms"
_THERE = frozenset({Standing.OK, Standing.FALLBACK})


@dataclass
class _Judged:
    """The placements of one image by what the copy does to their manifests."""

    lost: list[Placement] = field(default_factory=list)
    own: list[Placement] = field(default_factory=list)
    unknown: Unpredicted | None = None


def _named(placements: list[Placement]) -> tuple[str, ...]:
    """Platforms as the image has them, with the pools that need them."""
    return tuple(dict.fromkeys(f"{p.resolution.choice.os_version or p.need.platform} for {p.pool.name}" for p in placements))


def _row(site: Site, image: Image) -> CopyPlatforms | None:
    """The row of the first hop on which something is lost."""
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    rows = (platform_row(hop) for hop in site.transfer.ways(image.reference)[0])
    return next((row for row in rows if isinstance(row, CopyPlatforms) and row.keeps != "all"), None)


def _remedy(row: CopyPlatforms) -> Remedy:
    option = keeping_all(row.tool)
    if row.to == "docker-archive":
        return Remedy("copy", "A docker-archive holds one platform only: write an OCI layout, or an archive for each platform.")
    if option is None:
        return Remedy("copy", f"{row.tool} keeps no index whole: copy these images with crane or regctl, without --platform.")
    return Remedy("copy", f"Call {row.tool} with {option}." if option else f"Call {row.tool} without {' or '.join(row.given)}.")


def _finding(site: Site, image: Image, row: CopyPlatforms, lost: list[Placement], why: str) -> Finding:
    tool, named = tool_of(site), _named(lost)
    return Finding(
        check=ID,
        severity=Severity.ERROR if row.confidence != "low" else Severity.WARNING,
        subject=image_subject(image),
        parts=(
            Part(f"{tool} {why} of {image.reference}: {', '.join(named)} {'are' if len(named) > 1 else 'is'} not copied."),
            Part('A node would say: "no match for platform in manifest: not found".', Role.SYMPTOM),
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
        assert payload is not None  # noqa: S101 - of what is copied the manifest is known
        found = keeps_over(ways, offers, payload.digest, is_listed=payload.digest in listed)
        if isinstance(found, Unpredicted):
            judged.unknown = found
        elif found is not Kept.YES:
            (judged.lost if found is Kept.NO else judged.own).append(placement)
    return judged


def _outcome(site: Site, image: Image, index: Index, placements: list[Placement]) -> Finding | Unpredicted | None:
    """What is to be said of one index; None when everything that a pool needs comes along."""
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    if keeps_all(site.transfer.ways(image.reference)):
        return None
    judged = _judge(site, index, placements)
    row = _row(site, image)
    manifests = {placement.resolution.payload.digest for placement in judged.own if placement.resolution.payload is not None}
    if row is not None and judged.lost:
        return _finding(site, image, row, judged.lost, "keeps other platforms")
    if row is not None and len(manifests) > 1:
        return _finding(site, image, row, judged.own, "keeps one platform only, that of the machine that copies,")
    if judged.unknown is not None:
        return judged.unknown
    if not judged.own:
        return None
    why = f"{tool_of(site)} keeps the platform of the machine that copies, and the plan does not say which that is"
    return Unpredicted(why, missing=True)


def _seen(site: Site) -> frozenset[Need]:
    """The needs of which somebody saw that they are met inside."""
    if site.target is None:
        return frozenset()
    return frozenset(placement.need for placement in site.target.placements if placement.standing in _THERE)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per image."""
    known: list[Placement] = []
    unread: set[str] = set()
    for placement in to_copy(site, ID):
        if isinstance(placement, Undetermined):
            unread.add(placement.subject.id)
            yield placement
        else:
            known.append(placement)
    fine, seen = 0, _seen(site)
    reasons: list[tuple[str, Unpredicted]] = []
    for reference, group in groupby(known, lambda placement: placement.image.reference):
        placements = [placement for placement in group if not seen or placement.need not in seen]
        index = placements[0].image.document if placements else None
        said = _outcome(site, placements[0].image, index, placements) if isinstance(index, Index) else None
        fine += said is None and str(reference) not in unread
        if isinstance(said, Finding):
            yield said
        elif said is not None:
            reasons.append((str(reference), said))
    yield from unpredicted(ID, site, reasons)
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="The copy tool leaves platforms behind",
    family="transfer",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
