"""Unpacked layers: how large each is, and which of them nodes store once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from auditor.evidence.model import Evidence
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import UnpackedSeen
from auditor.site.images import Payload
from auditor.sizing.ranged import Piece, of_layer
from auditor.sizing.unpacked import resolve_unpacked


class Unpacked:
    """Resolves the unpacked sizes of layers, each once and only when asked: there may be hundreds of thousands."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._layers: dict[tuple[str, str], Piece] = {}
        self._chains: dict[tuple[str, str], Piece] = {}
        self._snapshots: dict[tuple[str, str], tuple[Piece, ...]] = {}

    @cached_property
    def _told(self) -> Mapping[str, UnpackedSeen]:
        return self._evidence.all_unpacked()

    def layer(self, layer: Descriptor, os: str) -> Piece:
        """A layer as a plain tar, under its digest."""
        key = (layer.digest, os)
        found = self._layers.get(key)
        if found is None:
            size = resolve_unpacked(layer, os, self._told.get(layer.digest))
            found = self._layers[key] = of_layer(layer.digest, size, layer.size, os)
        return found

    def layers(self, payload: Payload, os: str) -> list[Piece]:
        """The layers of an image as plain tars."""
        return [self.layer(layer, os) for layer in payload.layers]

    def snapshots(self, payload: Payload, os: str) -> tuple[Piece, ...]:
        """The layers of an image as a node unpacks them.

        A node shares an unpacked layer only where everything below it is the same: one layer on two bases is stored twice.
        """
        found = self._snapshots.get((payload.digest, os))
        if found is None:
            found = self._snapshots[payload.digest, os] = tuple(self._chain(payload, os))
        return found

    def _chain(self, payload: Payload, os: str) -> list[Piece]:
        pieces: list[Piece] = []
        below = os
        for layer in payload.layers:
            piece = self._chains.get((below, layer.digest))
            if piece is None:
                plain = self.layer(layer, os)
                name = f"snapshot {len(self._chains)}"
                piece = self._chains[below, layer.digest] = Piece(name, plain.size, plain.low, plain.high)
            pieces.append(piece)
            below = piece.digest
        return pieces
