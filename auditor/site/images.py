"""The view of images: what each reference pointed at, and how it stands for each pool that needs it.

Computed once per site. Checks, the matrix and the budgets all read the same placements.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from auditor.evidence.causes import Fault
from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.needs.model import Need, Reason
from auditor.oci.document import MAX_SIZE, Descriptor, Document, Manifest, Schema1
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


class Payload(msgspec.Struct, frozen=True):
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

    __slots__ = ("known", "repeated")

    def __init__(self) -> None:
        self.known: dict[str, Descriptor] = {}
        self.repeated: set[str] = set()


def payload_of(digest: str, size: int, document: Manifest | Schema1, blobs: Blobs) -> Payload:
    """The payload of a manifest of `size` bytes. Equal layers of several images become one object through `blobs`.

    One pass over the layers: there may be half a million of them.
    """
    if isinstance(document, Schema1):
        return Payload(digest, size, None, (), (), None, "")
    config, known, repeated = document.config, blobs.known, blobs.repeated
    if known.setdefault(config.digest, config) is not config:
        repeated.add(config.digest)
    sizes = {digest: size, config.digest: config.size}
    layers: list[Descriptor] = []
    foreign: list[Descriptor] = []
    named = [config.digest]
    for given in document.layers:
        layer = known.get(given.digest)
        if layer is not None:
            repeated.add(layer.digest)
        if layer != given:
            layer = known[given.digest] = _slim(given)
            named.append(layer.digest)
        sizes[layer.digest] = layer.size
        layers.append(layer)
        if layer.urls or is_nondistributable(layer.media_type):
            foreign.append(layer)
    honest = min(sizes.values()) >= 0 and max(sizes.values()) <= MAX_SIZE
    flaw = "" if honest and are_digests(named) else next(iter(document.problems), "")
    return Payload(digest, size, config, tuple(layers), tuple(foreign), sum(sizes.values()) if honest else None, flaw)


def _slim(layer: Descriptor) -> Descriptor:
    """The same layer with a shared media type: every decoded string is an object of its own, and there are many layers."""
    if layer.urls is not None or layer.annotations is not None or layer.artifact_type is not None:
        return layer
    return Descriptor(layer.digest, layer.size, sys.intern(layer.media_type))


class Shape(msgspec.Struct, frozen=True, gc=False):
    """What a document is by its bytes: how many, the kind that its structure shows, and the `mediaType` that it states."""

    size: int
    form: Form
    media_type: str


class Image(msgspec.Struct, frozen=True):
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


class Resolution(msgspec.Struct, frozen=True):
    """How an image resolves on one kind of node. `trouble` says why the payload of a chosen manifest is not known."""

    standing: Standing
    choice: Choice
    payload: Payload | None = None
    trouble: Trouble | None = None
    dropped: str = ""  # the index lists the manifest, and the registry says it does not have it
    runtime: WindowsRuntime | None = None


class Placement(msgspec.Struct, frozen=True):
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
    rows: tuple[CarrierImage, ...] = table("carrier_images", CarrierImage)
    return any(reference.path == row.repository or reference.path.endswith(f"/{row.repository}") for row in rows)
