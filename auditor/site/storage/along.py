"""What comes along where a tool copies whole indexes: manifests that no pool needs. Nobody has looked at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from auditor.oci.document import Descriptor, Index
from auditor.site.storage.payloads import Content
from auditor.sizing.platforms import attested, guessed
from auditor.sizing.ranged import Amount, Piece, sum_up
from auditor.text import many

OWNER: Final = "platforms that no pool needs"


@dataclass(frozen=True, slots=True)
class Along:
    """How many manifests come along, and what they come to, by the sizes of their siblings or of other images."""

    count: int
    pieces: tuple[Piece, ...]

    @property
    def amount(self) -> Amount:
        """What they come to together."""
        return sum_up([(OWNER, self.pieces)])

    @property
    def words(self) -> str:
        """To add to what is counted; empty where nothing comes along."""
        return f", and {many(self.count, 'more manifest')} of their indexes as far as can be guessed" if self.count else ""


def along(made: Iterable[Content], unknown: Iterable[str]) -> Along:
    """The manifests that indexes list beside those of `made`.

    Of an image among the `unknown`, not all that is needed is known: what is guessed of it is only what it may be at most, as
    a guess by half of what should be there could be worse than none.
    """
    doubtful = frozenset(unknown)
    made = list(made)
    wanted = {content.payload.digest for content in made}
    pieces: dict[str, Piece] = {}
    for name, group in groupby(made, key=lambda content: content.name):
        known = list(group)
        for piece in _beside(known, wanted):
            guess = Piece(piece.digest, piece.low, piece.low, piece.high) if name in doubtful else piece
            other = pieces.get(guess.digest)
            pieces[guess.digest] = guess if other is None else max(guess, other, key=lambda one: (one.high, one.size))
    return Along(len(pieces), tuple(pieces.values()))


def _beside(known: list[Content], wanted: set[str]) -> Iterator[Piece]:
    """What the indexes of one image list beside what is wanted."""
    sizes: dict[str, list[int]] = {}
    entries: dict[str, Descriptor] = {}
    for content in known:
        sizes.setdefault(content.os, []).append(content.payload.bytes or 0)
        document = content.image.document
        if isinstance(document, Index):
            entries.update((entry.digest, entry) for entry in document.manifests if entry.digest not in wanted)
    for entry in entries.values():
        if entry.is_attestation:
            yield attested(entry.digest, entry.size, max(max(held) for held in sizes.values()))
        else:
            os = entry.platform.os if entry.platform is not None else known[0].os
            yield guessed(entry.digest, entry.size, os, sizes.get(os, ()))
