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
from auditor.sizing.bundles import Bundle, SharedPieces, exact_bundle
from auditor.sizing.ranged import exact


class ImageBlobs(msgspec.Struct, frozen=True, gc=False):
    """A payload, divided: its manifest, its own config and layers, and the blobs that other payloads have too.

    `packed` is its size in a registry, `own` the sizes of its own config and layers, and `shared` the other blobs. Its first
    `stack` layers are shared, so their unpacked forms may be shared too. The own layers above them are not.
    """

    packed: Bundle
    own: tuple[int, ...]
    shared: SharedPieces
    stack: int


class SharedBlobs:
    """Divides every payload of a site. A blob of an unknown payload counts as possibly shared."""

    def __init__(self, images: Images, pulled: Sequence[Placement]) -> None:
        everything = images.placements if pulled is images.placements else (*images.placements, *pulled)
        # every payload with its image, and payloads of images with several names
        self._payloads: dict[str, str] = {}
        self._several: set[str] = set()
        self._gather(everything)
        known = images.repeated if everything is images.placements else None
        self._repeated = _repeated(everything) if known is None else known
        self._divided: dict[str, ImageBlobs] = {}
        self._pieces: dict[tuple[int, ...], SharedPieces] = {}
        self._pieces_in_tar: dict[SharedPieces, SharedPieces] = {}
        self._indexes: dict[str, Bundle] = {}

    def _gather(self, placements: Iterable[Placement]) -> None:
        payloads, several = self._payloads, self._several
        for placement in placements:
            if (payload := placement.resolution.payload) is not None:
                name = placement.image.name
                if payloads.setdefault(payload.digest, name) != name:
                    several.add(payload.digest)

    def index_bundle(self, image: Image) -> Bundle | None:
        """Return the bundle of an image's indexes, or None if unknown or if the reference points at a manifest."""
        if not image.digest or image.digest in self._payloads:
            return None
        found = self._indexes.get(image.digest)
        if found is None or found.size != image.size:
            found = self._indexes[image.digest] = exact_bundle(image.digest, image.size)
        return found

    def bundle_in_tar(self, payload: Payload, *, with_manifest: bool) -> Bundle:
        """Return everything stored of a payload as files in a tar, with the manifest only if the format keeps it."""
        blobs = self.blobs_of(payload)
        size = sum(map(in_tar, blobs.own)) + (in_tar(payload.size) if with_manifest else 0)
        shared = self._pieces_in_tar.get(blobs.shared)
        return Bundle(blobs.packed.key, size, size, size, 0, shared or self._in_tar(blobs.shared))

    def _in_tar(self, shared: SharedPieces) -> SharedPieces:
        pieces = tuple(exact(piece.digest, in_tar(piece.size)) for piece in shared.pieces)
        found = self._pieces_in_tar[shared] = SharedPieces(pieces)
        return found

    def blobs_of(self, payload: Payload) -> ImageBlobs:
        """Return a divided payload, computed once for all stages."""
        found = self._divided.get(payload.digest)
        if found is None:
            found = self._divided[payload.digest] = self._divide(payload)
        return found

    def _divide(self, payload: Payload) -> ImageBlobs:
        layers, repeated = payload.layers, self._repeated
        blobs: tuple[Blob, ...] = layers if payload.config is None else (*layers, payload.config)
        if payload.digest not in self._payloads:  # unknown whether others share its blobs
            shared = self._shared_pieces(blobs)
            return ImageBlobs(exact_bundle(payload.digest, payload.size, shared), (), shared, len(layers))
        own: list[int] = []
        common: list[Blob] = []
        stack = -1
        for blob in blobs:
            if blob.digest in repeated:
                common.append(blob)
            else:
                stack = len(common) if stack < 0 else stack
                own.append(max(0, blob.size))
        shared = self._shared_pieces(common)
        size = sum(own, max(0, payload.size))
        key = payload.digest if payload.digest in self._several else ""
        bundle = Bundle(key, size, size, size, 0, shared)
        return ImageBlobs(bundle, tuple(own), shared, min(len(blobs) if stack < 0 else stack, len(layers)))

    def _shared_pieces(self, blobs: Sequence[Blob]) -> SharedPieces:
        key = tuple(map(id, blobs))  # equal layers are one object, which lives as long as the site
        found = self._pieces.get(key)
        if found is None:
            found = self._pieces[key] = SharedPieces(tuple(exact(blob.digest, blob.size) for blob in blobs))
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
