"""Unpacked layers: their sizes, and which of them nodes store once."""

from __future__ import annotations

from functools import cached_property

from auditor.evidence.model import Evidence
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import AllUnpacked
from auditor.site.storage.image_sets import PlatformImage
from auditor.sizing.bundles import Bundle, SharedPieces, joined
from auditor.sizing.ranged import Piece, piece_of, unpacked_sum


class UnpackedPieces:
    """Resolves the unpacked size of each layer once, on demand: there may be hundreds of thousands."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._layers: dict[tuple[str, str], Piece] = {}
        self._chains: dict[tuple[str, str], Piece] = {}
        self._stacks: dict[tuple[str, SharedPieces, int], SharedPieces] = {}
        self._both: dict[tuple[str, SharedPieces, int], SharedPieces] = {}

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

    def layers(self, image: PlatformImage) -> list[Piece]:
        """Return the layers of an image as plain tars."""
        return [self.layer(layer, image.os) for layer in image.payload.layers]

    def sum(self, image: PlatformImage) -> tuple[int, int, int, int]:
        """Return their sum: likely, least and greatest bytes, and the estimated part of the likely ones."""
        return unpacked_sum(image.payload.layers, image.os, self._told)

    def snapshots(self, image: PlatformImage) -> Bundle:
        """Return the layers of an image as a node unpacks them. Layers that no other image can share form one piece.

        A node shares an unpacked layer only if all layers below it are equal: one layer on two bases is stored twice.
        """
        blobs = image.blobs
        size, low, high, estimated = unpacked_sum(image.payload.layers[blobs.stack :], image.os, self._told)
        return Bundle(blobs.packed.key, size, low, high, estimated, self._stack(image))

    def kept(self, image: PlatformImage) -> Bundle:
        """Return the same plus the compressed blobs, for a runtime that keeps them."""
        if image.kept is None:
            blobs = image.blobs
            size, low, high, estimated = unpacked_sum(image.payload.layers[blobs.stack :], image.os, self._told)
            packed, key = blobs.packed.size, (image.os, blobs.shared, blobs.stack)
            shared = self._both.get(key)
            if shared is None:
                shared = self._both[key] = joined(blobs.shared, self._stack(image))
            image.kept = Bundle(blobs.packed.key, packed + size, packed + low, packed + high, estimated, shared)
        return image.kept

    def _stack(self, image: PlatformImage) -> SharedPieces:
        """Return the layers below the first own layer, each identified by itself and those below it."""
        blobs, os = image.blobs, image.os
        key = (os, blobs.shared, blobs.stack)  # these layers are the first of the shared pieces
        found = self._stacks.get(key)
        if found is None:
            pieces: list[Piece] = []
            below = os
            for layer in image.payload.layers[: blobs.stack]:
                pieces.append(self._chain(below, layer, os))
                below = pieces[-1].digest
            found = self._stacks[key] = SharedPieces(tuple(pieces))
        return found

    def _chain(self, below: str, layer: Descriptor, os: str) -> Piece:
        piece = self._chains.get((below, layer.digest))
        if piece is None:
            plain = self.layer(layer, os)
            name = f"snapshot {len(self._chains)}"
            piece = self._chains[below, layer.digest] = Piece(name, plain.size, plain.low, plain.high)
        return piece
