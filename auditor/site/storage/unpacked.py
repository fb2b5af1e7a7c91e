"""Unpacked layers: their sizes, and which of them nodes store once."""

from __future__ import annotations

from functools import cached_property

from auditor.evidence.model import Evidence
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import AllUnpacked
from auditor.site.storage.payloads import Content
from auditor.sizing.lots import Group, Lot, joined
from auditor.sizing.ranged import Piece, piece_of, unpacked_sum


class Unpacked:
    """Resolves the unpacked size of each layer once, on demand: there may be hundreds of thousands."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._layers: dict[tuple[str, str], Piece] = {}
        self._chains: dict[tuple[str, str], Piece] = {}
        self._stacks: dict[tuple[str, Group, int], Group] = {}
        self._both: dict[tuple[str, Group, int], Group] = {}

    @cached_property
    def _told(self) -> AllUnpacked:
        return self._evidence.all_unpacked()

    def layer(self, layer: Descriptor, os: str) -> Piece:
        """Return a layer as a plain tar, under its digest."""
        key = (layer.digest, os)
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = piece_of(layer.digest, layer, os, self._told.get(layer.digest))
        return found

    def layers(self, content: Content) -> list[Piece]:
        """Return the layers of an image as plain tars."""
        return [self.layer(layer, content.os) for layer in content.payload.layers]

    def sum(self, content: Content) -> tuple[int, int, int, int]:
        """Return their sum: likely, least and greatest bytes, and the estimated part of the likely ones."""
        return unpacked_sum(content.payload.layers, content.os, self._told)

    def snapshots(self, content: Content) -> Lot:
        """Return the layers of an image as a node unpacks them. Layers that no other image can share form one piece.

        A node shares an unpacked layer only if all layers below it are equal: one layer on two bases is stored twice.
        """
        split = content.split
        size, low, high, estimated = unpacked_sum(content.payload.layers[split.stack :], content.os, self._told)
        return Lot(split.packed.key, size, low, high, estimated, self._stack(content))

    def kept(self, content: Content) -> Lot:
        """Return the same plus the compressed blobs, for a runtime that keeps them."""
        if content.kept is None:
            split = content.split
            size, low, high, estimated = unpacked_sum(content.payload.layers[split.stack :], content.os, self._told)
            packed, key = split.packed.size, (content.os, split.group, split.stack)
            group = self._both.get(key)
            if group is None:
                group = self._both[key] = joined(split.group, self._stack(content))
            content.kept = Lot(split.packed.key, packed + size, packed + low, packed + high, estimated, group)
        return content.kept

    def _stack(self, content: Content) -> Group:
        """Return the layers below the first own layer, each identified by itself and those below it."""
        split, os = content.split, content.os
        key = (os, split.group, split.stack)  # these layers are the first of the group
        found = self._stacks.get(key)
        if found is None:
            pieces: list[Piece] = []
            below = os
            for layer in content.payload.layers[: split.stack]:
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
