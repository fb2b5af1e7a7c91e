"""Which blobs several images have: only these need to be looked at again for every stage and pool.

What a single payload has for itself is summed up once. There may be half a million blobs, and most of them are of that kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from auditor.site.images import Payload, Placement
from auditor.sizing.archive_formats import BLOCK, in_tar
from auditor.sizing.budget import Blob
from auditor.sizing.lots import Group, Lot, exact_lot
from auditor.sizing.ranged import exact


class Split(NamedTuple):
    """A payload, divided: its own config and layers in bytes and as files of a tar, and the blobs that others have too.

    Its first `stack` layers are shared, and so may be what they unpack to; on its own layer above them nobody else's stand.
    """

    own: int
    own_in_tar: int
    group: Group
    stack: int


class Sharing:
    """Knows every payload of a site. A blob of any other payload counts as one that may be shared."""

    def __init__(self, placements: Iterable[Placement]) -> None:
        payloads = {p.resolution.payload.digest: p.resolution.payload for p in placements if p.resolution.payload is not None}
        self._payloads = frozenset(payloads)
        # What one payload names twice counts as shared, which is as right and saves sorting it out for all of them.
        owners = Counter([layer.digest for payload in payloads.values() for layer in payload.layers])
        owners.update([payload.config.digest for payload in payloads.values() if payload.config is not None])
        self._shared = frozenset([digest for digest, count in owners.items() if count > 1])
        self._splits: dict[str, Split] = {}
        self._groups: dict[tuple[tuple[str, int], ...], Group] = {}
        self._groups_in_tar: dict[Group, Group] = {}
        self._lots: dict[str, Lot] = {}
        self._lots_in_tar: dict[tuple[str, bool], Lot] = {}

    def knows(self, digest: str) -> bool:
        """Whether it is the manifest of a payload."""
        return digest in self._payloads

    def lot(self, payload: Payload) -> Lot:
        """Everything that a registry stores of a payload: manifest, config and layers."""
        found = self._lots.get(payload.digest)
        if found is None:
            split = self.split(payload)
            found = self._lots[payload.digest] = exact_lot(payload.digest, max(0, payload.size) + split.own, split.group)
        return found

    def lot_in_tar(self, payload: Payload, *, with_manifest: bool) -> Lot:
        """The same as files of a tar."""
        key = (payload.digest, with_manifest)
        found = self._lots_in_tar.get(key)
        if found is None:
            split = self.split(payload)
            size = split.own_in_tar + (in_tar(payload.size) if with_manifest else 0)
            found = self._lots_in_tar[key] = exact_lot(payload.digest, size, self._in_tar(split.group))
        return found

    def _in_tar(self, group: Group) -> Group:
        found = self._groups_in_tar.get(group)
        if found is None:
            pieces = tuple(exact(piece.digest, in_tar(piece.size)) for piece in group.pieces)
            found = self._groups_in_tar[group] = Group(pieces)
        return found

    def split(self, payload: Payload) -> Split:
        """A payload, divided once for all stages."""
        found = self._splits.get(payload.digest)
        if found is None:
            found = self._splits[payload.digest] = self._divide(payload)
        return found

    def _divide(self, payload: Payload) -> Split:
        layers = payload.layers
        blobs: tuple[Blob, ...] = layers if payload.config is None else (*layers, payload.config)
        if payload.digest not in self._payloads:  # nobody knows whether others have what it has
            return Split(0, 0, self._group(blobs), len(layers))
        own = own_in_tar = 0
        first_own: int | None = None
        shared: list[Blob] = []
        for number, blob in enumerate(blobs):  # one pass, and no calls: there may be half a million
            if blob.digest in self._shared:
                shared.append(blob)
                continue
            if blob.size > 0:
                own += blob.size
                own_in_tar += (blob.size + BLOCK - 1) // BLOCK * BLOCK
            own_in_tar += BLOCK
            if first_own is None:
                first_own = number
        stack = len(layers) if first_own is None else min(first_own, len(layers))
        return Split(own, own_in_tar, self._group(shared), stack)

    def _group(self, blobs: Sequence[Blob]) -> Group:
        key = tuple([(blob.digest, blob.size) for blob in blobs])
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = Group(tuple(exact(blob.digest, blob.size) for blob in blobs))
        return found
