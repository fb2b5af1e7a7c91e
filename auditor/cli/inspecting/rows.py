"""An image platform by platform, as a registry or an archive has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

from auditor.errors import Location
from auditor.evidence.model import Absent, ImageEvidence, Seen
from auditor.oci.document import Document, Index, MalformedDocument, Manifest, parse_config, parse_document
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.oci.select import entries, flatten
from auditor.plan.model import ImageSource, Needs, Plan, Pool
from auditor.plan.needs import resolve_needs
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.sizing.budget import Budget, deduplicated, format_bytes
from auditor.sizing.sharing import Shared, shared_by_each
from reports.cleaning import clean

MAX_PLATFORMS = 64
GUESS = Platform("linux", "amd64")  # to look for as long as nothing is known
_PLACE = Location("command line")


@dataclass(frozen=True, slots=True)
class Row:
    """One platform of the image, empty when nothing says which.

    `bytes` is what is stored of it, compressed as it lies there; None when it is not known. `absent_layers` are not there.
    `shared_bytes` of these belong to other rows as well, `shared_with` names those that share most.
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


def plan_for(reference: Reference, platforms: Sequence[Platform]) -> tuple[Plan, Needs]:
    """A plan that needs the image on each platform, as if each were a pool."""
    pools = tuple(Pool(f"platform-{number}", platform, _PLACE) for number, platform in enumerate(platforms))
    source = ImageSource(tuple(pool.name for pool in pools), _PLACE, ref=str(reference))
    plan = Plan(path="command line", sha256="", name=str(reference), pools=pools, images=(source,))
    return plan, resolve_needs(plan)


def platforms_in(document: Document | None, evidence: ImageEvidence, repository: str) -> list[Platform]:
    """The platforms that an image offers: those of its index, or the one of its config; none where nothing says so."""
    match document:
        case Index() as index:
            flat = flatten(index, lambda digest: _index(evidence, repository, digest))
            return list(dict.fromkeys(platform for _, platform in entries(flat)))[:MAX_PLATFORMS]
        case Manifest() as manifest:
            platform = _declared(evidence, repository, manifest.config.digest)
            return [platform] if platform is not None else []
        case _:
            return []


def _index(evidence: ImageEvidence, repository: str, digest: str) -> Index | None:
    observed = evidence.content(repository, digest)
    if not isinstance(observed, Seen):
        return None
    try:
        document = parse_document(observed.value.body, observed.value.media_type)
    except MalformedDocument:
        return None
    return document if isinstance(document, Index) else None


def _declared(evidence: ImageEvidence, repository: str, digest: str) -> Platform | None:
    observed = evidence.content(repository, digest)
    if not isinstance(observed, Seen):
        return None
    try:
        platform = parse_config(observed.value.body).platform
    except MalformedDocument:
        return None
    return platform if platform.os and platform.architecture else None


def rows_of(images: Sequence[tuple[str, Sequence[Placement], ImageEvidence]]) -> list[tuple[Row, ...]]:
    """The rows of each image: its name, its placements, and what tells which layers are not there."""
    owned = [
        (
            f"{name} {placement.need.platform}".strip(),
            placement.resolution.payload.blobs if placement.resolution.payload else (),
        )
        for name, placements, _ in images
        for placement in placements
    ]
    shared = iter(shared_by_each(owned))
    return [tuple(_row(placement, evidence, next(shared)) for placement in placements) for _, placements, evidence in images]


def _row(placement: Placement, evidence: ImageEvidence, shared: Shared) -> Row:
    payload, trouble = placement.resolution.payload, placement.resolution.trouble
    repository = placement.image.reference.repository
    foreign = foreign_layers(placement)
    layers = payload.layers if payload else ()
    return Row(
        platform=str(placement.need.platform) if platforms_in(placement.image.document, evidence, repository) else "",
        os_version=placement.resolution.choice.os_version,
        digest=payload.digest if payload else "",
        layers=len(layers),
        foreign_layers=len(foreign),
        foreign_bytes=sum(layer.size for layer in foreign),
        absent_layers=sum(isinstance(evidence.blob(repository, layer.digest), Absent) for layer in layers),
        bytes=payload.bytes if payload else None,
        detail=trouble.detail if trouble else placement.resolution.dropped,
        shared_bytes=shared.bytes,
        shared_with=shared.partners,
    )


def together(placements: Sequence[Placement]) -> Budget:
    """What all of them take, compressed, each blob once."""
    payloads = [placement.resolution.payload for placement in placements if placement.resolution.payload]
    return deduplicated((payload.digest, payload.blobs) for payload in payloads)


def table(rows: Sequence[Row], size: str) -> str:
    """The rows for people; `size` says what the bytes are."""
    headers = ("platform", "os.version", "layers", "foreign", size, "shared", "manifest")
    return tabulate([_cells(row) for row in rows], headers=headers, tablefmt="simple")


def _cells(row: Row) -> tuple[str | int, ...]:
    foreign = f"{row.foreign_layers} ({format_bytes(row.foreign_bytes)})" if row.foreign_layers else "-"
    layers = f"{row.layers}, {row.absent_layers} not there" if row.absent_layers else row.layers
    size = format_bytes(row.bytes) if row.bytes is not None else "unknown"
    shared = f"{format_bytes(row.shared_bytes)} with {clean(', '.join(row.shared_with))}" if row.shared_bytes else "-"
    last = " ".join(part for part in (row.digest[:19], row.detail.rpartition(": ")[2][:60]) if part)
    texts = (row.platform or "-", row.os_version, last)
    platform, os_version, last = (clean(text) for text in texts)
    return (platform, os_version, layers, foreign, size, shared, last)
