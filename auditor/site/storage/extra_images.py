"""Extra manifests of copied indexes: manifests that no pool needs. They were not collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from auditor.oci.document import Descriptor, Index
from auditor.site.storage.image_sets import PlatformImage
from auditor.sizing.platform_estimates import attested, guessed
from auditor.sizing.ranged import Amount, Piece, sum_up
from auditor.text import many

OWNER: Final = "platforms that no pool needs"


@dataclass(frozen=True, slots=True)
class ExtraImages:
    """The number of extra manifests and their estimated bytes, based on siblings or other images."""

    count: int
    pieces: tuple[Piece, ...]

    @property
    def amount(self) -> Amount:
        """Return their total bytes."""
        return sum_up([(OWNER, self.pieces)])

    @property
    def words(self) -> str:
        """Return the text to append to the description; empty without extra manifests."""
        return f", and an estimate for {many(self.count, 'more manifest')} of their indexes" if self.count else ""


def extra_images(images: Iterable[PlatformImage], unknown: Iterable[str]) -> ExtraImages:
    """Return the manifests that indexes list beside those of `images`.

    For an image in `unknown`, needed parts are missing. Only the upper bound of its estimate counts, because a likely value
    from partial data may mislead.
    """
    doubtful = frozenset(unknown)
    images = list(images)
    wanted = {image.payload.digest for image in images}
    pieces: dict[str, Piece] = {}
    for name, group in groupby(images, key=lambda image: image.name):
        known = list(group)
        for piece in _beside(known, wanted):
            guess = Piece(piece.digest, piece.low, piece.low, piece.high) if name in doubtful else piece
            other = pieces.get(guess.digest)
            pieces[guess.digest] = guess if other is None else max(guess, other, key=lambda one: (one.high, one.size))
    return ExtraImages(len(pieces), tuple(pieces.values()))


def _beside(known: list[PlatformImage], wanted: set[str]) -> Iterator[Piece]:
    """Yield estimates for what the indexes of one image list beside `wanted`."""
    sizes: dict[str, list[int]] = {}
    entries: dict[str, Descriptor] = {}
    for image in known:
        sizes.setdefault(image.os, []).append(image.payload.bytes or 0)
        document = image.whole.document
        if isinstance(document, Index):
            entries.update((entry.digest, entry) for entry in document.manifests if entry.digest not in wanted)
    for entry in entries.values():
        if entry.is_attestation:
            yield attested(entry.digest, entry.size, max(max(held) for held in sizes.values()))
        else:
            os = entry.platform.os if entry.platform is not None else known[0].os
            yield guessed(entry.digest, entry.size, os, sizes.get(os, ()))
