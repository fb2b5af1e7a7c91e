"""What images are made of, each once: the walk over placements that all stages begin with."""

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

    `contents` has each image on each platform once, `unknown` the images of which some bytes are not known, in order. For a
    pool, `count` is their number, and `running` that of those which may run as a container.
    """

    count: int = 0
    running: int = 0
    contents: list[Content] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)

    def add(self, content: Content, os: str) -> None:
        """Add what a pool needs, unless it is there: it may need an image in several ways, and two systems may share one."""
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


def lots_of(made: Iterable[Content], own: Callable[[Content], Lot]) -> Iterator[tuple[str, Lot]]:
    """The same for a sum: what points at each image once, and what `own` says of each platform."""
    last = None
    for content in made:
        if content.image is not last:
            last = content.image
            if content.index is not None:
                yield content.name, content.index
        yield content.name, own(content)


def compressed_lots(made: Iterable[Content]) -> Iterator[tuple[str, Lot]]:
    """What a registry, or the content store of a node, has of each image."""
    return lots_of(made, lambda content: content.split.packed)
