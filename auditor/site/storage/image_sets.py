"""Images on their platforms, each once: the walk over placements that precedes all stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from auditor.site.images import Image, Payload, Placement, Standing
from auditor.site.storage.shared_blobs import ImageBlobs, SharedBlobs
from auditor.sizing.budget import Blob
from auditor.sizing.bundles import Bundle
from auditor.sizing.ranged import exact

_RUNNABLE = frozenset({Standing.OK, Standing.FALLBACK})
_NOT_FOR_THIS_POOL = frozenset({Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH})


class PlatformImage(msgspec.Struct):
    """One image on one platform: its name, its payload and the operating system. `whole` is the image with all its platforms.

    `blobs` divides the payload. `index` is the bundle of its indexes, or None if unknown or absent. `kept` is what a node
    stores of it; `UnpackedPieces` computes it on first use.
    """

    name: str
    payload: Payload
    os: str
    whole: Image
    blobs: ImageBlobs
    index: Bundle | None
    kept: Bundle | None = None


@dataclass(slots=True)
class ImageSet:
    """The images of some placements.

    `images` has each image on each platform once. `unknown` lists the images with unknown bytes, in order. For a pool,
    `count` is the number of images and `running` the number of those that may run as a container.
    """

    count: int = 0
    running: int = 0
    images: list[PlatformImage] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)

    def add(self, image: PlatformImage, os: str) -> None:
        """Add an image that a pool needs, once: a pool may need an image in several ways, and two systems may share one."""
        if self.images and self.images[-1].name == image.name:
            for other in reversed(self.images):
                if other.name != image.name:
                    break
                if other.payload.digest == image.payload.digest:
                    return
        if image.os != os:
            image = PlatformImage(image.name, image.payload, os, image.whole, image.blobs, image.index)
        self.images.append(image)


@dataclass(frozen=True, slots=True)
class ImageSets:
    """All placements, and those of each requested pool."""

    whole: ImageSet
    pools: Mapping[str, ImageSet]


def image_sets(placements: Iterable[Placement], sharing: SharedBlobs, pools: Iterable[str] = ()) -> ImageSets:
    """Walk the placements once for all stages: there may be very many.

    Placements of one image are adjacent, so no search among all images is needed.
    """
    whole, by_pool = ImageSet(), {pool: ImageSet() for pool in pools}
    image, index, name = None, None, ""
    counted: dict[str, PlatformImage] = {}
    for placement in placements:
        if placement.image is not image:  # from the source, or from the internal registry
            image = placement.image
            index = sharing.index_bundle(image)
            if image.name != name:
                name = image.name
                counted.clear()
        image_set = by_pool.get(placement.pool.name)
        if image_set is not None:
            image_set.count += 1
            image_set.running += not placement.is_carrier
        if _is_unknown(placement):
            whole.unknown[name] = None
            if image_set is not None:
                image_set.unknown[name] = None
        if (payload := placement.resolution.payload) is not None:
            os, counted_image = placement.need.platform.os, counted.get(payload.digest)
            if counted_image is None:
                counted_image = PlatformImage(name, payload, os, image, sharing.blobs_of(payload), index)
                counted[payload.digest] = counted_image
                whole.images.append(counted_image)
            if image_set is not None:
                image_set.add(counted_image, os)
    return ImageSets(whole, by_pool)


def _is_unknown(placement: Placement) -> bool:
    """Return whether bytes are missing in the sum. A missing image counts too, because its fix will need space."""
    resolution = placement.resolution
    if resolution.payload is not None and resolution.payload.bytes is not None and resolution.standing in _RUNNABLE:
        return False
    return not (placement.is_carrier and resolution.standing in _NOT_FOR_THIS_POOL)


def owned_blobs(placements: Iterable[Placement]) -> Iterator[tuple[str, tuple[Blob, ...]]]:
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


def bundles_of(images: Iterable[PlatformImage], own: Callable[[PlatformImage], Bundle]) -> Iterator[tuple[str, Bundle]]:
    """Yield the bundles for a sum: the indexes of each image once, and `own` of each platform."""
    last = None
    for image in images:
        if image.whole is not last:
            last = image.whole
            if image.index is not None:
                yield image.name, image.index
        yield image.name, own(image)


def compressed_bundles(images: Iterable[PlatformImage]) -> Iterator[tuple[str, Bundle]]:
    """Yield what a registry, or the content store of a node, holds of each image."""
    return bundles_of(images, lambda image: image.blobs.packed)
