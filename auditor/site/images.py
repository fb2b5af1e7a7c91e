"""The view of images: what each reference pointed at, and how it stands for each pool that needs it.

Computed once per site. Checks, the matrix and the budgets all read the same placements.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.evidence.model import Kind
from auditor.facts import Fact, table
from auditor.oci.document import Descriptor, Document, Manifest, Schema1
from auditor.oci.reference import Reference
from auditor.oci.select import Choice
from auditor.oci.windows import WindowsRuntime
from auditor.plan.model import Need, Pool, Reason


class Standing(enum.StrEnum):
    """How an image stands for a pool."""

    OK = "ok"
    FALLBACK = "fallback"  # runs by the previous-LTSC rule, or because os.version is blank
    ABSENT = "absent"
    PLATFORM_ABSENT = "platform-absent"
    BUILD_MISMATCH = "build-mismatch"
    UNDETERMINED = "undetermined"


class CarrierImage(Fact, frozen=True, kw_only=True):
    """A repository whose images carry files for an installer and never run on a node."""

    repository: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something about an image cannot be known."""

    kind: Kind
    detail: str


@dataclass(frozen=True, slots=True)
class Payload:
    """What one platform of an image is made of. `blobs` are manifest, config and layers as (digest, bytes).

    A negative size is a lie: it counts as nothing, and `bytes` is then not known.
    """

    digest: str
    document: Manifest | Schema1
    size: int

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers, first to last; none for schema 1, which gives no sizes."""
        return self.document.layers if isinstance(self.document, Manifest) else ()

    @property
    def blobs(self) -> tuple[tuple[str, int], ...]:
        """Everything a registry stores for it: (digest, compressed bytes)."""
        own = (self.digest, max(0, self.size))
        if isinstance(self.document, Schema1):
            return (own,)
        config = self.document.config
        return (
            own,
            (config.digest, max(0, config.size)),
            *((layer.digest, max(0, layer.size)) for layer in self.document.layers),
        )

    @property
    def bytes(self) -> int | None:
        """Compressed bytes that a node pulls, each blob once; None where the document does not say, or lies."""
        if isinstance(self.document, Schema1) or self.size < 0:
            return None
        if self.document.config.size < 0 or any(layer.size < 0 for layer in self.document.layers):
            return None
        return sum(dict(self.blobs).values())


@dataclass(frozen=True, slots=True)
class Image:
    """One reference as observed. `trouble` is set when it could not be; `absent` quotes the registry that denies it."""

    reference: Reference
    why: tuple[Reason, ...]
    digest: str = ""
    size: int = 0
    document: Document | None = None
    absent: str = ""
    trouble: Trouble | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How an image resolves on one kind of node. `trouble` says why the payload of a chosen manifest is not known."""

    standing: Standing
    choice: Choice
    payload: Payload | None = None
    trouble: Trouble | None = None
    dropped: str = ""  # the index lists the manifest, and the registry says it does not have it
    runtime: WindowsRuntime | None = None


@dataclass(frozen=True, slots=True)
class Placement:
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
    """Every image of the plan, and every placement, in the order of the needs."""

    images: Mapping[Reference, Image]
    placements: tuple[Placement, ...]


def is_carrier(reference: Reference) -> bool:
    """Whether the image only carries files for an installer, under whatever registry it is mirrored."""
    rows: tuple[CarrierImage, ...] = table("carrier_images", CarrierImage)
    return any(reference.path == row.repository or reference.path.endswith(f"/{row.repository}") for row in rows)
