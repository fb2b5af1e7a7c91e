"""Unpacked layers: how large each is, and which of them nodes store once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from auditor.evidence.model import Evidence
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import UnpackedSeen
from auditor.site.images import Payload
from auditor.site.storage.sharing import Sharing
from auditor.sizing.ranged import Piece, exact, piece_of
from auditor.sizing.unpacked import everyday_length


class Unpacked:
    """Resolves the unpacked sizes of layers, each once and only when asked: there may be hundreds of thousands."""

    def __init__(self, evidence: Evidence, sharing: Sharing) -> None:
        self._evidence = evidence
        self._sharing = sharing
        self._layers: dict[tuple[str, str], Piece] = {}
        self._chains: dict[tuple[str, str], Piece] = {}
        self._snapshots: dict[tuple[str, str], tuple[Piece, ...]] = {}

    @property
    def sharing(self) -> Sharing:
        """Which blobs several images have."""
        return self._sharing

    @cached_property
    def _told(self) -> Mapping[str, UnpackedSeen]:
        return self._evidence.all_unpacked()

    def layer(self, layer: Descriptor, os: str) -> Piece:
        """A layer as a plain tar, under its digest."""
        key = (layer.digest, os)
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = self._sized(layer, os)
        return found

    def layers(self, payload: Payload, os: str) -> list[Piece]:
        """The layers of an image as plain tars."""
        return [self.layer(layer, os) for layer in payload.layers]

    def snapshots(self, payload: Payload, os: str) -> tuple[Piece, ...]:
        """The layers of an image as a node unpacks them; those that no other image can share are told together.

        A node shares an unpacked layer only where everything below it is the same: one layer on two bases is stored twice.
        """
        found = self._snapshots.get((payload.digest, os))
        if found is None:
            found = self._snapshots[payload.digest, os] = tuple(self._unpack(payload, os))
        return found

    def _unpack(self, payload: Payload, os: str) -> list[Piece]:
        pieces: list[Piece] = []
        below, first_own = os, self._sharing.first_own(payload)
        for layer in payload.layers[:first_own]:
            piece = self._chain(below, layer, os)
            pieces.append(piece)
            below = piece.digest
        return pieces + self._own(payload, payload.layers[first_own:], os)

    def _own(self, payload: Payload, layers: tuple[Descriptor, ...], os: str) -> list[Piece]:
        """Layers that nobody else has as two pieces at most: what is known of them, and what is estimated."""
        known = size = low = high = 0
        for layer in layers:
            told = self._told.get(layer.digest)
            length = everyday_length(layer, os, told)
            if length is not None:
                known += length
                continue
            piece = piece_of(layer.digest, layer, os, told)
            if piece.is_estimate:
                size, low, high = size + piece.size, low + piece.low, high + piece.high
            else:
                known += piece.size
        made = [exact(f"known of {payload.digest}", known)] if known else []
        return [*made, Piece(f"estimated of {payload.digest}", size, low, high)] if high else made

    def _chain(self, below: str, layer: Descriptor, os: str) -> Piece:
        piece = self._chains.get((below, layer.digest))
        if piece is None:
            plain = self.layer(layer, os)
            name = f"snapshot {len(self._chains)}"
            piece = self._chains[below, layer.digest] = Piece(name, plain.size, plain.low, plain.high)
        return piece

    def _sized(self, layer: Descriptor, os: str) -> Piece:
        return piece_of(layer.digest, layer, os, self._told.get(layer.digest))
