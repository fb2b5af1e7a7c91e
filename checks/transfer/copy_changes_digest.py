"""## What it checks
Every image that a list or a workload pins to a digest keeps this digest on the planned copy: the plan's tool, in its version
and with its options, converts neither the manifest nor the index, and copies a pinned index whole.

## Why it matters
Nodes pull a pinned image by its digest. If the copy writes another digest, the tag and the layers are in the internal registry,
but the registry answers `MANIFEST_UNKNOWN` and the pod stays in `ImagePullBackOff`. Docker archives, conversions between
Docker's format and OCI, new compression of layers, and copies of a single platform change the digest. The copy exits with code
0.

## How to fix
Copy with a tool and options that keep digests, and copy whole indexes: crane without `--platform`, through an OCI layout if an
archive is needed; regctl; oras; skopeo `--all` without conversion. Or copy first, and pin the images to the digests that the
internal registry then has.

## When it is undetermined
The facts do not cover the tool, its version or these options. The format of the archive or of the manifest is unknown. Or a
registry gets an index without some of its manifests, and it is unknown whether it accepts that. If the internal registry was
requested for the image, the observation decides and nothing is predicted: see `image-missing-in-target`.

## References
facts/copy_digests.yaml and facts/copy_platforms.yaml, where each row states its source; OCI distribution-spec, "Pulling
manifests".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from itertools import groupby

from auditor.check import PASSED, Area, Fact, Finding, Outcome, Part, RemedyKind, Role, Severity, define
from auditor.oci.document import Index
from auditor.oci.reference import Reference
from auditor.plan.rewrites import placed
from auditor.site import Requirement, Site
from auditor.site.archives.finder import ArchivedRoot
from auditor.site.images import Image, Placement, Standing
from auditor.site.transfers import Way
from auditor.text import short_digest
from auditor.transfer.copy_digests import CopyDigests, DigestFate, Ending, digest_over, formats_of
from auditor.transfer.hops import Unpredicted
from auditor.transfer.registries import takes_sparse
from checks._shared.affected import of_placements
from checks._shared.copied import tool_of, unpredicted
from checks._shared.pinned import other_archive, remedies
from checks._shared.placed import image_subject, unknown


def _cause(site: Site, image: Image, fate: DigestFate) -> str:
    """Return what the copy does, as sentences without the effect."""
    tool, pin = tool_of(site), short_digest(image.reference.digest)
    match fate.ending:
        case Ending.LOST:
            return f"{image.name} is pinned to an index. {tool} copies one manifest of it, and not the index."
        case Ending.SPARSE:
            rejected = f"{tool} pushes it without all of its manifests, and the registry rejects that"
            return f"{image.name} is pinned to an index. {rejected}."
        case _:
            why = fate.row.why if isinstance(fate.row, CopyDigests) else ""
            return f"{tool} does not keep the digest {pin} of {image.name}: {why}."


def _finding(
    site: Site, image: Image, placements: list[Placement], cause: str, fate: DigestFate | None, ways: tuple[Way, ...]
) -> Finding:
    registry, pools = site.plan.registry, dict.fromkeys(one.pool.name for one in placements)
    place = registry.host if registry is not None else "The archive"
    row = fate.row if fate is not None else None
    is_sure = row is None or row.confidence != "low"
    proof: dict[str, Fact] = {"tool": tool_of(site), "digest": image.reference.digest}
    if row is not None:
        proof |= {"row": row.name, "source": row.source, "confidence": row.confidence, "confirmed": row.confirmed}
    effect = f"{place} will not have this digest, so nodes of {', '.join(pools)} cannot pull the image."
    return Finding(
        severity=Severity.ERROR if is_sure else Severity.WARNING,
        subject=image_subject(image),
        parts=(
            Part(cause, key=cause.replace(image.name, "")),
            Part(effect, Role.EFFECT, names_who=True),
            Part(
                f'Error on the node: `failed to resolve reference "{image.name}": {image.name}: not found`.',
                Role.SYMPTOM,
                "Error on the node: `failed to resolve reference`",
            ),
        ),
        case=tool_of(site),
        facts=proof,
        location=site.plan.where("copy", "options" if row is not None and row.given else "tool"),
        remedy_kind=RemedyKind.COPY_AGAIN,
        remedies=remedies(site, image, fate, ways),
        affects=of_placements(placements),
    )


def _outcome(site: Site, image: Image, placements: list[Placement]) -> Outcome | Unpredicted | None:
    """Return the outcome for one pinned image. None: the copy does not concern it, or other checks report its absence."""
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    ways = site.transfer.ways(image.reference)
    entries = _entries(site, image.reference)
    if image.absent or not (ways or entries):
        return None
    if image.trouble is not None:
        return unknown(image_subject(image), image.trouble)
    if entries and (other := other_archive(entries, image.reference)) is not None:
        cause = f"{other.archive.path} holds {image.name} with another digest: {short_digest(other.root.digest)}."
        return _finding(site, image, placements, cause, None, ways)
    if not ways:
        return PASSED
    fate = digest_over(ways, formats_of(image.document, image.media_type), is_index=isinstance(image.document, Index))
    if isinstance(fate, Unpredicted):
        return fate
    if fate.ending is Ending.SPARSE and (takes := _takes_sparse(site)) is not False:
        why = f"{fate.hop} pushes an index without all of its manifests, and it is unknown whether the registry accepts it"
        return PASSED if takes else Unpredicted(why, missing=True)
    if fate.ending is Ending.KEPT:
        return PASSED
    return _finding(site, image, placements, _cause(site, image, fate), fate, ways)


def _takes_sparse(site: Site) -> bool | None:
    registry = site.plan.registry
    return takes_sparse(registry.kind.name) if registry is not None and registry.kind is not None else None


def _entries(site: Site, reference: Reference) -> tuple[ArchivedRoot, ...]:
    return site.archives.entries.get(reference, ()) if site.archives is not None else ()


def _pinned(site: Site) -> Iterator[tuple[Image, list[Placement]]]:
    """Yield every pinned image that is still to be copied, with its placements."""
    registry = site.plan.registry
    placements: Iterable[Placement] = site.to_copy.placements if site.to_copy is not None else ()
    inside = site.target.placements if site.target is not None else ()
    settled = {one.need for one in inside if one.standing is not Standing.UNDETERMINED or one.image.digest}
    for reference, group in groupby(placements, lambda placement: placement.image.reference):
        if not reference.digest or (registry is not None and placed(registry, reference) == reference):
            continue
        waiting = [placement for placement in group if placement.need not in settled]
        if waiting:
            yield waiting[0].image, waiting


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per pinned image."""
    reasons: list[tuple[str, Unpredicted]] = []
    for image, placements in _pinned(site):
        said = _outcome(site, image, placements)
        if isinstance(said, Unpredicted):
            reasons.append((image.name, said))
        elif said is not None:
            yield said
    yield from unpredicted(site, reasons)


CHECK = define(
    run,
    title="Copy changes the digest of a pinned image",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
