"""Which blobs several images share. Only these are counted again for every stage and pool.

Blobs of a single payload are summed once. There may be half a million blobs, and most belong to one payload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from auditor.site.images import Image, Images, Payload, Placement
from auditor.sizing.archive_formats import in_tar
from auditor.sizing.budget import Blob
from auditor.sizing.lots import Group, Lot, exact_lot
from auditor.sizing.ranged import exact


class Split(msgspec.Struct, frozen=True, gc=False):
    """A payload, divided: its manifest, its own config and layers, and the blobs that other payloads have too.

    `packed` is its size in a registry, `own` the sizes of its own config and layers, and `group` the other blobs. Its first
    `stack` layers are shared, so their unpacked forms may be shared too. The own layers above them are not.
    """

    packed: Lot
    own: tuple[int, ...]
    group: Group
    stack: int


class Sharing:
    """Divides every payload of a site. A blob of an unknown payload counts as possibly shared."""

    def __init__(self, images: Images, pulled: Sequence[Placement]) -> None:
        everything = images.placements if pulled is images.placements else (*images.placements, *pulled)
        # every payload with its image, and payloads of images with several names
        self._payloads: dict[str, str] = {}
        self._several: set[str] = set()
        self._gather(everything)
        known = images.repeated if everything is images.placements else None
        self._shared = _repeated(everything) if known is None else known
        self._splits: dict[str, Split] = {}
        self._groups: dict[tuple[int, ...], Group] = {}
        self._groups_in_tar: dict[Group, Group] = {}
        self._indexes: dict[str, Lot] = {}

    def _gather(self, placements: Iterable[Placement]) -> None:
        payloads, several = self._payloads, self._several
        for placement in placements:
            if (payload := placement.resolution.payload) is not None:
                name = placement.image.name
                if payloads.setdefault(payload.digest, name) != name:
                    several.add(payload.digest)

    def index_lot(self, image: Image) -> Lot | None:
        """Return the lot of an image's indexes, or None if unknown or if the reference points at a manifest."""
        if not image.digest or image.digest in self._payloads:
            return None
        found = self._indexes.get(image.digest)
        if found is None or found.size != image.size:
            found = self._indexes[image.digest] = exact_lot(image.digest, image.size)
        return found

    def lot_in_tar(self, payload: Payload, *, with_manifest: bool) -> Lot:
        """Return everything stored of a payload as files in a tar, with the manifest only if the format keeps it."""
        split = self.split(payload)
        size = sum(map(in_tar, split.own)) + (in_tar(payload.size) if with_manifest else 0)
        group = self._groups_in_tar.get(split.group)
        return Lot(split.packed.key, size, size, size, 0, group or self._in_tar(split.group))

    def _in_tar(self, group: Group) -> Group:
        pieces = tuple(exact(piece.digest, in_tar(piece.size)) for piece in group.pieces)
        found = self._groups_in_tar[group] = Group(pieces)
        return found

    def split(self, payload: Payload) -> Split:
        """Return a divided payload, computed once for all stages."""
        found = self._splits.get(payload.digest)
        if found is None:
            found = self._splits[payload.digest] = self._divide(payload)
        return found

    def _divide(self, payload: Payload) -> Split:
        layers, shared = payload.layers, self._shared
        blobs: tuple[Blob, ...] = layers if payload.config is None else (*layers, payload.config)
        if payload.digest not in self._payloads:  # unknown whether others share its blobs
            group = self._group(blobs)
            return Split(exact_lot(payload.digest, payload.size, group), (), group, len(layers))
        own: list[int] = []
        common: list[Blob] = []
        stack = -1
        for blob in blobs:
            if blob.digest in shared:
                common.append(blob)
            else:
                stack = len(common) if stack < 0 else stack
                own.append(max(0, blob.size))
        group = self._group(common)
        size = sum(own, max(0, payload.size))
        key = payload.digest if payload.digest in self._several else ""
        lot = Lot(key, size, size, size, 0, group)
        return Split(lot, tuple(own), group, min(len(blobs) if stack < 0 else stack, len(layers)))

    def _group(self, blobs: Sequence[Blob]) -> Group:
        key = tuple(map(id, blobs))  # equal layers are one object, which lives as long as the site
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = Group(tuple(exact(blob.digest, blob.size) for blob in blobs))
        return found


def _repeated(placements: Iterable[Placement]) -> frozenset[str]:
    """Return the digests that occur more than once.

    A digest that one payload names twice also counts as shared. That is correct, and cheaper than filtering all payloads.
    """
    found = (placement.resolution.payload for placement in placements)
    payloads = {payload.digest: payload for payload in found if payload is not None}
    owners: Counter[str] = Counter()
    for payload in payloads.values():
        owners.update([layer.digest for layer in payload.layers])
        if payload.config is not None:
            owners[payload.config.digest] += 1
    return frozenset([digest for digest, count in owners.items() if count > 1])
