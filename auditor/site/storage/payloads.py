"""What images are made of, each once: the walk over placements that all stages begin with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from auditor.oci.document import Index
from auditor.site.images import Image, Payload, Placement, Standing
from auditor.site.storage.sharing import Sharing
from auditor.sizing.budget import Blob
from auditor.sizing.lots import Lot, exact_lot
from auditor.sizing.ranged import exact

_RUNNABLE = frozenset({Standing.OK, Standing.FALLBACK})
_NOT_FOR_THIS_POOL = frozenset({Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH})


def _is_unknown(placement: Placement) -> bool:
    """Whether bytes are missing in the sum: also where there is nothing to take yet, as whatever mends that will need room."""
    if placement.is_carrier and placement.standing in _NOT_FOR_THIS_POOL:
        return False
    payload = placement.resolution.payload
    return placement.standing not in _RUNNABLE or payload is None or payload.bytes is None


def unknown_among(placements: Iterable[Placement]) -> tuple[str, ...]:
    """The images of which some bytes are not known."""
    return tuple(dict.fromkeys(str(placement.image.reference) for placement in placements if _is_unknown(placement)))


class Content(NamedTuple):
    """One image on one platform: its name, what it is made of, the operating system, and the image."""

    name: str
    payload: Payload
    os: str
    image: Image


def contents(placements: Iterable[Placement]) -> Iterator[Content]:
    """Each image on each platform that some pool needs, once.

    The placements of an image stand together, so that what was counted of it need not be looked for among all others.
    """
    image, name = None, ""
    counted: set[str] = set()
    for placement in placements:
        payload = placement.resolution.payload
        if payload is None:
            continue
        if placement.image is not image:
            image, name = placement.image, str(placement.image.reference)
            counted.clear()
        if payload.digest not in counted:
            counted.add(payload.digest)
            yield Content(name, payload, placement.need.platform.os, placement.image)


def beyond(made: Iterable[Content]) -> str:
    """In words, what comes along where whole indexes are copied: nobody has looked at it, and so nobody knows its size."""
    wanted: set[str] = set()
    listed: set[str] = set()
    last = None
    for _, payload, _, image in made:
        wanted.add(payload.digest)
        if image is not last and isinstance(image.document, Index):
            listed.update([entry.digest for entry in image.document.manifests])
        last = image
    count = len(listed - wanted)
    return f" ({count:,} more manifests of their indexes come along and are not counted)" if count else ""


def owned(placements: Iterable[Placement]) -> Iterator[tuple[str, tuple[Blob, ...]]]:
    """Each image with the blobs that its pools need: index, manifests, configs, layers."""
    last = ""
    for name, payload, _, image in contents(placements):
        # What points at a manifest itself has no index: it is among the blobs of its payload.
        if name != last and image.digest:
            yield name, (exact(image.digest, image.size),)
        last = name
        yield name, payload.blobs


def compressed_lots(made: Iterable[Content], sharing: Sharing) -> Iterator[tuple[str, Lot]]:
    """The same for a sum: what a registry, or the content store of a node, has of each image."""
    last = None
    for name, payload, _, image in made:
        if image is not last and image.digest and not sharing.knows(image.digest):
            yield name, exact_lot(image.digest, image.size)
        last = image
        yield name, sharing.lot(payload)
