"""The view of images: the target of each reference, and its standing for each pool that needs it.

Computed once per site. Checks, the matrix and the budgets all use the same placements.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

import msgspec

from auditor.evidence.causes import Fault
from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.needs.model import Need, Reason
from auditor.oci.document import MAX_SIZE, Descriptor, Document, Manifest, Schema1, slim
from auditor.oci.media_types import DocumentKind, is_nondistributable
from auditor.oci.reference import Reference, are_digests
from auditor.oci.select import Choice
from auditor.oci.windows import WindowsRuntime
from auditor.plan.model import Pool
from auditor.sizing.budget import Blob


class Standing(enum.StrEnum):
    """The standing of an image for a pool."""

    OK = "ok"
    FALLBACK = "fallback"  # runs by the previous-LTSC rule, or because os.version is blank
    ABSENT = "absent"
    PLATFORM_ABSENT = "platform-absent"
    BUILD_MISMATCH = "build-mismatch"
    UNDETERMINED = "undetermined"

    @property
    def rank(self) -> int:
        """Return the rank, best first. Undetermined ranks before known failures, because the image may exist."""
        return _RANK[self]


_RANK = {
    standing: rank
    for rank, standing in enumerate(
        (
            Standing.OK,
            Standing.FALLBACK,
            Standing.UNDETERMINED,
            Standing.BUILD_MISMATCH,
            Standing.PLATFORM_ABSENT,
            Standing.ABSENT,
        )
    )
}


class CarrierImage(Fact, frozen=True, kw_only=True):
    """A repository whose images carry files for an installer and never run on a node."""

    repository: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something about an image is unknown. `faults` names the host that did not answer, if that is the reason."""

    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()


class Payload(msgspec.Struct, frozen=True, gc=False):
    """The parts of one platform of an image.

    `config` is None and `layers` are empty for schema 1, which states no sizes. `foreign` are the layers with `urls` or a
    foreign media type. `bytes` is what a node pulls, compressed, each blob once. It is None if the document does not state it,
    or states an invalid size (negative, or over 63 bits). `flaw` states how the document contradicts itself; empty if it does
    not.
    """

    digest: str
    size: int
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    foreign: tuple[Descriptor, ...]
    bytes: int | None
    flaw: str

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Return everything that a registry stores for it: the manifest, the config and the layers."""
        return (self, self.config, *self.layers) if self.config is not None else (self,)


class InternedBlobs:
    """The configs and layers of payloads, one object per value, and the repeated ones."""

    __slots__ = ("has_foreign", "known", "repeated")

    def __init__(self) -> None:
        self.known: dict[str, Descriptor] = {}
        self.repeated: set[str] = set()
        self.has_foreign = False  # whether any layer is foreign


def payload_of(digest: str, size: int, document: Manifest | Schema1, blobs: InternedBlobs) -> Payload:
    """Return the payload of a manifest of `size` bytes. Equal layers of several images become one object through `blobs`.

    There may be half a million layers, so each layer is examined once.
    """
    if isinstance(document, Schema1):
        return Payload(digest, size, None, (), (), None, "")
    config, known, repeated = slim(document.config), blobs.known, blobs.repeated
    if known.setdefault(config.digest, config) is not config:
        repeated.add(config.digest)
    layers: list[Descriptor] = []
    named = [config.digest]
    for given in document.layers:
        name = given.digest
        layer = known.get(name)
        if layer is not None:
            repeated.add(name)
        if layer is None or layer != given:
            layer = known[name] = slim(given)
            named.append(name)
            blobs.has_foreign = blobs.has_foreign or _is_foreign(layer)
        layers.append(layer)
    sizes = {layer.digest: layer.size for layer in layers}
    sizes.setdefault(config.digest, config.size)
    sizes.setdefault(digest, size)
    honest = min(sizes.values()) >= 0 and max(sizes.values()) <= MAX_SIZE
    flaw = "" if honest and are_digests(named) else next(iter(document.problems), "")
    foreign = tuple(filter(_is_foreign, layers)) if blobs.has_foreign else ()
    return Payload(digest, size, config, tuple(layers), foreign, sum(sizes.values()) if honest else None, flaw)


def _is_foreign(layer: Descriptor) -> bool:
    """Return whether a layer has `urls` or a media type that forbids redistribution."""
    return bool(layer.urls) or is_nondistributable(layer.media_type)


class DocumentShape(msgspec.Struct, frozen=True, gc=False):
    """The size of a document in bytes, the kind that its structure shows, and the `mediaType` that it states."""

    size: int
    form: DocumentKind
    media_type: str


@lru_cache(maxsize=16384)
def shape_of(size: int, form: DocumentKind, media_type: str) -> DocumentShape:
    """Return the shape with these values, cached: there may be very many documents with few shapes."""
    return DocumentShape(size, form, media_type)


class Image(msgspec.Struct, frozen=True, gc=False):
    """One reference as observed, and its full name.

    `trouble` is set if it could not be observed. `absent` quotes the registry that denies the image. `media_type` is from the
    response for the tag.
    """

    reference: Reference
    name: str
    why: tuple[Reason, ...]
    digest: str = ""
    size: int = 0
    document: Document | None = None
    absent: str = ""
    trouble: Trouble | None = None
    source: str = ""
    media_type: str = ""


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """How an image resolves for one kind of node. `trouble` says why the payload of a selected manifest is unknown."""

    standing: Standing
    choice: Choice
    payload: Payload | None = None
    trouble: Trouble | None = None
    dropped: str = ""  # the index lists the manifest, but the registry reports it missing
    runtime: WindowsRuntime | None = None


class Placement(msgspec.Struct, frozen=True, gc=False):
    """One image for one pool that needs it."""

    need: Need
    pool: Pool
    image: Image
    resolution: Resolution
    is_carrier: bool

    @property
    def standing(self) -> Standing:
        """Return the standing of the image for the pool."""
        return self.resolution.standing


@dataclass(frozen=True, slots=True)
class Images:
    """Every image of the plan, and every placement, in the order of the needs.

    `repeated` includes every digest that several payloads name, and maybe others; None if not counted. `shapes` are the
    manifests and indexes that were read, by digest. `configs` maps digests of configs that were read to sizes in bytes.
    """

    images: Mapping[Reference, Image]
    placements: tuple[Placement, ...]
    repeated: frozenset[str] | None = None
    shapes: Mapping[str, DocumentShape] = field(default_factory=dict)
    configs: Mapping[str, int] = field(default_factory=dict)


def faults_by_image(views: Iterable[Images]) -> Mapping[str, tuple[Fault, ...]]:
    """Return the hosts that did not answer, by the name of the image; empty for an image with another problem as well."""
    found: dict[str, tuple[Fault, ...]] = {}
    for placement in (placement for view in views for placement in view.placements):
        if (trouble := placement.resolution.trouble) is not None:
            before = found.get(placement.image.name, trouble.faults)
            both = tuple(dict.fromkeys((*before, *trouble.faults))) if before and trouble.faults else ()
            found[placement.image.name] = both
    return found


def is_carrier(reference: Reference) -> bool:
    """Return whether the image only carries files for an installer, in any mirror."""
    return f"/{reference.path}".endswith(_carriers())


@cache
def _carriers() -> tuple[str, ...]:
    rows: tuple[CarrierImage, ...] = table("carrier_images", CarrierImage)
    return tuple(f"/{row.repository}" for row in rows)
