"""What images are made of, each once: the walk over placements that all stages begin with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    """One image on one platform: its name, what it is made of, the operating system, and the image.

    `split` divides the payload, `index` is what points at it, None where that is not known or nothing. `kept` is what a node
    has of it; `Unpacked` fills that in when it is first asked.
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
    """What some of the placements come to.

    `count` is their number, and `running` that of those which may run as a container. `contents` has each image on each
    platform once, `unknown` the images of which some bytes are not known, in order.
    """

    count: int = 0
    running: int = 0
    contents: list[Content] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)

    def count_in(self, placement: Placement) -> None:
        """Count a placement."""
        self.count += 1
        self.running += not placement.is_carrier
        if _is_unknown(placement):
            self.unknown[placement.image.name] = None


@dataclass(frozen=True, slots=True)
class Walk:
    """All placements, and those of each pool that was asked for."""

    whole: Part
    pools: Mapping[str, Part]


def walk(placements: Iterable[Placement], sharing: Sharing, pools: Iterable[str] = ()) -> Walk:
    """Go over placements once, for all stages: there may be very many.

    Those of an image stand together, so that what was counted of it need not be looked for among all others.
    """
    whole, by_pool = Part(), {pool: Part() for pool in pools}
    image, index, name = None, None, ""
    counted: dict[str, Content] = {}
    for placement in placements:
        if placement.image is not image:  # as the source has it, or as the registry inside does
            image = placement.image
            index = sharing.index_lot(image)
            if image.name != name:
                name = image.name
                counted.clear()
        part = by_pool.get(placement.pool.name)
        for one in (whole, part) if part is not None else (whole,):
            one.count_in(placement)
        if (payload := placement.resolution.payload) is not None:
            content = counted.get(payload.digest)
            if content is None:
                os, split = placement.need.platform.os, sharing.split(payload)
                content = counted[payload.digest] = Content(name, payload, os, image, split, index)
                whole.contents.append(content)
            if part is not None:
                _append(part.contents, content, placement.need.platform.os)
    return Walk(whole, by_pool)


def _append(contents: list[Content], content: Content, os: str) -> None:
    """Add it unless it is there: a pool may need an image in several ways. On odd platforms, two systems may take the same."""
    for other in reversed(contents):
        if other.name != content.name:
            break
        if other.payload.digest == content.payload.digest:
            return
    if content.os != os:
        content = Content(content.name, content.payload, os, content.image, content.split, content.index)
    contents.append(content)


def _is_unknown(placement: Placement) -> bool:
    """Whether bytes are missing in the sum: also where there is nothing to take yet, as whatever mends that will need room."""
    resolution = placement.resolution
    if resolution.payload is not None and resolution.payload.bytes is not None and resolution.standing in _RUNNABLE:
        return False
    return not (placement.is_carrier and resolution.standing in _NOT_FOR_THIS_POOL)


def owned(placements: Iterable[Placement]) -> Iterator[tuple[str, tuple[Blob, ...]]]:
    """Each image with the blobs that its pools need: index, manifests, configs, layers."""
    last = None
    for placement in placements:
        image, payload = placement.image, placement.resolution.payload
        if payload is None:
            continue
        # What points at a manifest itself has no index: it is among the blobs of its payload.
        if image is not last and image.digest:
            yield image.name, (exact(image.digest, image.size),)
        last = image
        yield image.name, payload.blobs


def compressed_lots(made: Iterable[Content]) -> Iterator[tuple[str, Lot]]:
    """The same for a sum: what a registry, or the content store of a node, has of each image."""
    last = None
    for content in made:
        if content.image is not last:
            last = content.image
            if content.index is not None:
                yield content.name, content.index
        yield content.name, content.split.packed
