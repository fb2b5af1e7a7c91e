"""The contents of images, each once: the walk over placements that precedes all stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from auditor.site.images import Image, Payload, Placement, Standing
from auditor.site.storage.sharing import Sharing, Split
from auditor.sizing.budget import Blob
from auditor.sizing.lots import Lot
from auditor.sizing.ranged import exact

_RUNNABLE = frozenset({Standing.OK, Standing.FALLBACK})
_NOT_FOR_THIS_POOL = frozenset({Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH})


class Content(msgspec.Struct):
    """One image on one platform: its name, its payload, the operating system, and the image.

    `split` divides the payload. `index` is the lot of its indexes, or None if unknown or absent. `kept` is what a node stores
    of it; `Unpacked` computes it on first use.
    """

    name: str
    payload: Payload
    os: str
    image: Image
    split: Split
    index: Lot | None
    kept: Lot | None = None


@dataclass(slots=True)
class Part:
    """The sum of some placements.

    `contents` has each image on each platform once. `unknown` lists the images with unknown bytes, in order. For a pool,
    `count` is the number of images and `running` the number of those that may run as a container.
    """

    count: int = 0
    running: int = 0
    contents: list[Content] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)

    def add(self, content: Content, os: str) -> None:
        """Add content that a pool needs, once: a pool may need an image in several ways, and two systems may share one."""
        if self.contents and self.contents[-1].name == content.name:
            for other in reversed(self.contents):
                if other.name != content.name:
                    break
                if other.payload.digest == content.payload.digest:
                    return
        if content.os != os:
            content = Content(content.name, content.payload, os, content.image, content.split, content.index)
        self.contents.append(content)


@dataclass(frozen=True, slots=True)
class Walk:
    """All placements, and those of each requested pool."""

    whole: Part
    pools: Mapping[str, Part]


def walk(placements: Iterable[Placement], sharing: Sharing, pools: Iterable[str] = ()) -> Walk:
    """Walk the placements once for all stages: there may be very many.

    Placements of one image are adjacent, so no search among all images is needed.
    """
    whole, by_pool = Part(), {pool: Part() for pool in pools}
    image, index, name = None, None, ""
    counted: dict[str, Content] = {}
    for placement in placements:
        if placement.image is not image:  # from the source, or from the internal registry
            image = placement.image
            index = sharing.index_lot(image)
            if image.name != name:
                name = image.name
                counted.clear()
        part = by_pool.get(placement.pool.name)
        if part is not None:
            part.count += 1
            part.running += not placement.is_carrier
        if _is_unknown(placement):
            whole.unknown[name] = None
            if part is not None:
                part.unknown[name] = None
        if (payload := placement.resolution.payload) is not None:
            os, content = placement.need.platform.os, counted.get(payload.digest)
            if content is None:
                content = counted[payload.digest] = Content(name, payload, os, image, sharing.split(payload), index)
                whole.contents.append(content)
            if part is not None:
                part.add(content, os)
    return Walk(whole, by_pool)


def _is_unknown(placement: Placement) -> bool:
    """Return whether bytes are missing in the sum. A missing image counts too, because its fix will need space."""
    resolution = placement.resolution
    if resolution.payload is not None and resolution.payload.bytes is not None and resolution.standing in _RUNNABLE:
        return False
    return not (placement.is_carrier and resolution.standing in _NOT_FOR_THIS_POOL)


def owned(placements: Iterable[Placement]) -> Iterator[tuple[str, tuple[Blob, ...]]]:
    """Yield each image with the blobs that its pools need: indexes, manifests, configs, layers."""
    last = None
    for placement in placements:
        image, payload = placement.image, placement.resolution.payload
        if payload is None:
            continue
        # A reference to a manifest has no index; the manifest is among the blobs of its payload.
        if image is not last and image.digest:
            yield image.name, (exact(image.digest, image.size),)
        last = image
        yield image.name, payload.blobs


def lots_of(made: Iterable[Content], own: Callable[[Content], Lot]) -> Iterator[tuple[str, Lot]]:
    """Yield the lots for a sum: the indexes of each image once, and `own` of each platform."""
    last = None
    for content in made:
        if content.image is not last:
            last = content.image
            if content.index is not None:
                yield content.name, content.index
        yield content.name, own(content)


def compressed_lots(made: Iterable[Content]) -> Iterator[tuple[str, Lot]]:
    """Yield what a registry, or the content store of a node, holds of each image."""
    return lots_of(made, lambda content: content.split.packed)
