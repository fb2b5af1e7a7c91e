"""The view of images: what each reference pointed at, and how it stands for each pool that needs it.

Computed once per site. Checks, the matrix and the budgets all read the same placements.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

import msgspec

from auditor.evidence.causes import Fault
from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.needs.model import Need, Reason
from auditor.oci.document import MAX_SIZE, Descriptor, Document, Manifest, Schema1, slim
from auditor.oci.media_types import Form, is_nondistributable
from auditor.oci.reference import Reference, are_digests
from auditor.oci.select import Choice
from auditor.oci.windows import WindowsRuntime
from auditor.plan.model import Pool
from auditor.sizing.budget import Blob


class Standing(enum.StrEnum):
    """How an image stands for a pool."""

    OK = "ok"
    FALLBACK = "fallback"  # runs by the previous-LTSC rule, or because os.version is blank
    ABSENT = "absent"
    PLATFORM_ABSENT = "platform-absent"
    BUILD_MISMATCH = "build-mismatch"
    UNDETERMINED = "undetermined"

    @property
    def rank(self) -> int:
        """Best first. What cannot be told might be there, and so comes before what is known not to be."""
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
    """Why something about an image cannot be known. `faults` names the host that did not answer, if that is why."""

    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()


class Payload(msgspec.Struct, frozen=True, gc=False):
    """What one platform of an image is made of.

    `config` is None and `layers` are empty for schema 1, which gives no sizes. `foreign` are the layers with `urls` or a
    foreign media type. `bytes` is what a node pulls, compressed, each blob once; None where the document does not say, or
    lies: a negative size, or one of more than 63 bits, counts as nothing. `flaw` says how the document contradicts itself,
    empty when it does not.
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
        """Everything a registry stores for it: the manifest, the config, the layers."""
        return (self, self.config, *self.layers) if self.config is not None else (self,)


class Blobs:
    """The configs and layers that payloads were found to have: each one object, and those that came up more than once."""

    __slots__ = ("has_foreign", "known", "repeated")

    def __init__(self) -> None:
        self.known: dict[str, Descriptor] = {}
        self.repeated: set[str] = set()
        self.has_foreign = False  # whether any of the layers is foreign


def payload_of(digest: str, size: int, document: Manifest | Schema1, blobs: Blobs) -> Payload:
    """The payload of a manifest of `size` bytes. Equal layers of several images become one object through `blobs`.

    There may be half a million layers: what can be told once of a layer is not told again.
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
    """Whether a layer has `urls` or a media type that forbids to pass it on."""
    return bool(layer.urls) or is_nondistributable(layer.media_type)


class Shape(msgspec.Struct, frozen=True, gc=False):
    """What a document is by its bytes: how many, the kind that its structure shows, and the `mediaType` that it states."""

    size: int
    form: Form
    media_type: str


@lru_cache(maxsize=16384)
def shape_of(size: int, form: Form, media_type: str) -> Shape:
    """The shape with these values. There may be very many documents, and few shapes."""
    return Shape(size, form, media_type)


class Image(msgspec.Struct, frozen=True, gc=False):
    """One reference as observed, and its name in full.

    `trouble` is set when it could not be; `absent` quotes the registry that denies it. `media_type` is what the tag's answer
    stated.
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
    """How an image resolves on one kind of node. `trouble` says why the payload of a chosen manifest is not known."""

    standing: Standing
    choice: Choice
    payload: Payload | None = None
    trouble: Trouble | None = None
    dropped: str = ""  # the index lists the manifest, and the registry says it does not have it
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
        """How the image stands for the pool."""
        return self.resolution.standing


@dataclass(frozen=True, slots=True)
class Images:
    """Every image of the plan, and every placement, in the order of the needs.

    `repeated` has every digest that more than one of their payloads names, and may have others; None where nobody counted.
    `shapes` are the manifests and indexes that were read, by digest; `configs` the sizes in bytes of configs that were read.
    """

    images: Mapping[Reference, Image]
    placements: tuple[Placement, ...]
    repeated: frozenset[str] | None = None
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    configs: Mapping[str, int] = field(default_factory=dict)


def is_carrier(reference: Reference) -> bool:
    """Whether the image only carries files for an installer, under whatever registry it is mirrored."""
    return f"/{reference.path}".endswith(_carriers())


@cache
def _carriers() -> tuple[str, ...]:
    rows: tuple[CarrierImage, ...] = table("carrier_images", CarrierImage)
    return tuple(f"/{row.repository}" for row in rows)
