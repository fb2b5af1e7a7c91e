"""Unpacked layers: how large each is, and which of them nodes store once."""

from __future__ import annotations

from functools import cached_property

from auditor.evidence.model import Evidence
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import AllUnpacked
from auditor.site.images import Payload
from auditor.site.storage.sharing import Sharing, Split
from auditor.sizing.lots import Group, Lot
from auditor.sizing.ranged import Piece, piece_of, unpacked_sum


class Unpacked:
    """Resolves the unpacked sizes of layers, each once and only when asked: there may be hundreds of thousands."""

    def __init__(self, evidence: Evidence, sharing: Sharing) -> None:
        self._evidence = evidence
        self._sharing = sharing
        self._layers: dict[tuple[str, str], Piece] = {}
        self._chains: dict[tuple[str, str], Piece] = {}
        self._stacks: dict[tuple[str, Group, int], Group] = {}
        self._snapshots: dict[tuple[str, str], Lot] = {}

    @property
    def sharing(self) -> Sharing:
        """Which blobs several images have."""
        return self._sharing

    @cached_property
    def _told(self) -> AllUnpacked:
        return self._evidence.all_unpacked()

    def layer(self, layer: Descriptor, os: str) -> Piece:
        """A layer as a plain tar, under its digest."""
        key = (layer.digest, os)
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = piece_of(layer.digest, layer, os, self._told.get(layer.digest))
        return found

    def layers(self, payload: Payload, os: str) -> list[Piece]:
        """The layers of an image as plain tars."""
        return [self.layer(layer, os) for layer in payload.layers]

    def sum(self, payload: Payload, os: str) -> tuple[int, int, int, int]:
        """The same together: likely, at least, at most, and how much of it is estimated."""
        return unpacked_sum(payload.layers, os, self._told)

    def snapshots(self, payload: Payload, os: str) -> Lot:
        """The layers of an image as a node unpacks them; those that no other image can share are told together.

        A node shares an unpacked layer only where everything below it is the same: one layer on two bases is stored twice.
        """
        found = self._snapshots.get((payload.digest, os))
        if found is None:
            found = self._snapshots[payload.digest, os] = self._unpack(payload, os)
        return found

    def _unpack(self, payload: Payload, os: str) -> Lot:
        split = self._sharing.split(payload)
        size, low, high, estimated = unpacked_sum(payload.layers[split.stack :], os, self._told)
        return Lot(f"unpacked {payload.digest}", size, low, high, estimated, self._stack(payload, split, os))

    def _stack(self, payload: Payload, split: Split, os: str) -> Group:
        """The layers below the first own one, each as what it is on those below it."""
        key = (os, split.group, split.stack)  # these layers are the first of the group
        found = self._stacks.get(key)
        if found is None:
            pieces: list[Piece] = []
            below = os
            for layer in payload.layers[: split.stack]:
                pieces.append(self._chain(below, layer, os))
                below = pieces[-1].digest
            found = self._stacks[key] = Group(tuple(pieces))
        return found

    def _chain(self, below: str, layer: Descriptor, os: str) -> Piece:
        piece = self._chains.get((below, layer.digest))
        if piece is None:
            plain = self.layer(layer, os)
            name = f"snapshot {len(self._chains)}"
            piece = self._chains[below, layer.digest] = Piece(name, plain.size, plain.low, plain.high)
        return piece
