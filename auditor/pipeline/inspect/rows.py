"""One image, platform by platform, in a registry or in an archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditor.errors import Location
from auditor.evidence.documents import observed_index
from auditor.evidence.model import Absent, ImageEvidence, Seen
from auditor.needs.model import Needs
from auditor.needs.resolve import resolve_needs
from auditor.oci.document import Document, Index, MalformedDocument, Manifest, parse_config
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.oci.select import entries, flatten
from auditor.oci.unpacked import UnpackedSeen
from auditor.plan.model import ImageSource, Plan, Pool
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.sizing.blob_overlap import BlobOverlap, shared_by_each
from auditor.sizing.budget import Budget, deduplicated
from auditor.sizing.piece_size import PieceSize, Provenance
from auditor.sizing.unpacked_estimates import resolve_unpacked

MAX_PLATFORMS = 64
GUESS = Platform("linux", "amd64")  # to resolve until the platforms of the image are known
_PLACE = Location("command line")


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """One platform of the image. `platform` is empty if it is unknown.

    `bytes` is the stored size, as it is compressed there, or None if it is unknown. `absent_layers` counts missing layers.
    Other rows share `shared_bytes` of `bytes`, and `shared_with` names those that share most. `unpacked_bytes` is the size of
    the layers on a node, or 0 if no layer is known; `unpacked_by` is its provenance.
    """

    platform: str
    os_version: str
    digest: str
    layers: int
    foreign_layers: int
    foreign_bytes: int
    absent_layers: int
    bytes: int | None
    detail: str
    shared_bytes: int = 0
    shared_with: tuple[str, ...] = ()
    unpacked_bytes: int = 0
    unpacked_by: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """One image with its placements, the evidence about its layers, and `told`, which returns their observed unpacked sizes."""

    name: str
    placements: Sequence[Placement]
    evidence: ImageEvidence
    told: Callable[[str], UnpackedSeen | None]


def plan_for(reference: Reference, platforms: Sequence[Platform]) -> tuple[Plan, Needs]:
    """Return a plan that needs the image on each platform, with one pool for each."""
    pools = tuple(Pool(f"platform-{number}", platform, _PLACE) for number, platform in enumerate(platforms))
    source = ImageSource(tuple(pool.name for pool in pools), _PLACE, ref=str(reference))
    plan = Plan(path="command line", sha256="", name=str(reference), pools=pools, images=(source,))
    return plan, resolve_needs(plan)


def platforms_in(document: Document | None, evidence: ImageEvidence, repository: str) -> list[Platform]:
    """Return the platforms of an image: those of its index, or the one of its config, or none if both are unknown."""
    match document:
        case Index() as index:
            flat = flatten(index, lambda digest: observed_index(evidence, repository, digest))
            return list(dict.fromkeys(platform for _, platform in entries(flat)))[:MAX_PLATFORMS]
        case Manifest() as manifest:
            platform = _declared(evidence, repository, manifest.config.digest)
            return [platform] if platform is not None else []
        case _:
            return []


def _declared(evidence: ImageEvidence, repository: str, digest: str) -> Platform | None:
    observed = evidence.content(repository, digest)
    if not isinstance(observed, Seen):
        return None
    try:
        platform = parse_config(observed.value.body).platform
    except MalformedDocument:
        return None
    return platform if platform.os and platform.architecture else None


def rows_of(images: Sequence[Placed]) -> list[tuple[PlatformRow, ...]]:
    """Return the rows of each image."""
    owned = [
        (f"{image.name} {placement.need.platform}".strip(), payload.blobs if (payload := placement.resolution.payload) else ())
        for image in images
        for placement in image.placements
    ]
    shared = iter(shared_by_each(owned))
    return [tuple(_row(image, placement, next(shared)) for placement in image.placements) for image in images]


def _row(image: Placed, placement: Placement, shared: BlobOverlap) -> PlatformRow:
    payload, trouble = placement.resolution.payload, placement.resolution.trouble
    repository, platform = placement.image.reference.repository, placement.need.platform
    foreign = foreign_layers(placement)
    layers = payload.layers if payload else ()
    unpacked = [resolve_unpacked(layer, platform.os, image.told(layer.digest)) for layer in layers]
    return PlatformRow(
        platform=str(platform) if platforms_in(placement.image.document, image.evidence, repository) else "",
        os_version=placement.resolution.choice.os_version,
        digest=payload.digest if payload else "",
        layers=len(layers),
        foreign_layers=len(foreign),
        foreign_bytes=sum(layer.size for layer in foreign),
        absent_layers=sum(isinstance(image.evidence.blob(repository, layer.digest), Absent) for layer in layers),
        bytes=payload.bytes if payload else None,
        detail=trouble.detail if trouble else placement.resolution.dropped,
        shared_bytes=shared.bytes,
        shared_with=shared.partners,
        unpacked_bytes=sum(size.bytes for size in unpacked),
        unpacked_by=_weakest(unpacked),
    )


def _weakest(sizes: Sequence[PieceSize]) -> str:
    """Return the provenance of a sum, which is that of its least certain part."""
    order = list(Provenance)
    return max((size.provenance for size in sizes), key=order.index).value if sizes else ""


def together(placements: Sequence[Placement]) -> Budget:
    """Return the compressed size of all placements, with each blob counted once."""
    payloads = [placement.resolution.payload for placement in placements if placement.resolution.payload]
    return deduplicated((payload.digest, payload.blobs) for payload in payloads)
