"""Sums of bytes within a known range. Each piece counts once; the sum has a least, a likely and a greatest value."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from auditor.oci.document import Descriptor
from auditor.oci.unpacked import AllUnpacked, UnpackedSeen, packed_by
from auditor.sizing.budget import SEVERAL, Budget, budget_of, combined
from auditor.sizing.piece_size import PieceSize, Provenance
from auditor.sizing.unpacked_estimates import LARGEST, everyday_total, ratio_of, resolve_unpacked

_HEADERS: Final = 1024  # overhead of a compressed file besides its content
_STORED: Final = 1000  # incompressible data grows by less than 1 in 1,000 bytes


class Piece(msgspec.Struct, frozen=True):
    """Bytes stored once under their own key. `low` and `high` are the bounds of an estimate; otherwise both equal `size`."""

    digest: str
    size: int
    low: int
    high: int

    @property
    def estimated(self) -> int:
        """Return how many of the likely bytes are estimated: all or 0."""
        return self.size if self.low != self.high else 0


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of pieces: the owners (by likely size), the bounds, and the number of estimated bytes."""

    budget: Budget
    low: int
    high: int
    estimated: int

    @property
    def likely(self) -> int:
        """Return the sum of the likely sizes."""
        return self.budget.bytes


def known(budget: Budget) -> Amount:
    """Return the amount of a budget without estimates."""
    return Amount(budget, budget.bytes, budget.bytes, 0)


def together(*amounts: Amount) -> Amount:
    """Combine amounts that have no piece in common."""
    amounts = tuple(amount for amount in amounts if amount.high) or amounts[:1]
    if len(amounts) == 1:
        return amounts[0]
    return Amount(
        budget=combined(*(amount.budget for amount in amounts)),
        low=sum(amount.low for amount in amounts),
        high=sum(amount.high for amount in amounts),
        estimated=sum(amount.estimated for amount in amounts),
    )


class AmountFit(enum.Enum):
    """Whether an amount fits into a capacity."""

    FITS = "fits"  # even the greatest value fits
    UNSURE = "unsure"  # the likely value fits, the greatest does not
    LIKELY_OVER = "likely-over"
    OVER = "over"  # not even the least value fits


def exact(digest: str, size: int) -> Piece:
    """Return a piece of known size. A negative size is invalid and counts as 0."""
    size = max(0, size)
    return Piece(digest, size, size, size)


def of_layer(key: str, size: PieceSize, compressed: int, os: str) -> Piece:
    """Return an unpacked layer as a piece. An estimated size gets the bounds of the facts."""
    if size.provenance is not Provenance.ESTIMATED:
        return Piece(key, size.bytes, size.bytes, size.bytes)
    return _guessed(key, size.bytes, compressed, os)


def _guessed(key: str, size: int, compressed: int, os: str) -> Piece:
    return Piece(key, *_bounds(max(0, size), min(max(0, compressed), LARGEST), ratio_of(os).usual))


def _bounds(size: int, compressed: int, usual: float) -> tuple[int, int, int]:
    """Return least, likely and greatest size of an estimate. The bounds always differ, so it stays an estimate."""
    low = min(size, max(0, compressed - _HEADERS - compressed // _STORED))
    return size, low, max(size, round(compressed * usual), low + 1)


def piece_of(key: str, layer: Descriptor, os: str, told: UnpackedSeen | None) -> Piece:
    """Return an unpacked layer as a piece, based on what its bytes state."""
    if told is None and not layer.annotations and packed_by(layer.media_type):
        return _guessed(key, round(layer.size * ratio_of(os).factor), layer.size, os)
    return of_layer(key, resolve_unpacked(layer, os, told), layer.size, os)


def unpacked_sum(layers: Iterable[Descriptor], os: str, told: AllUnpacked) -> tuple[int, int, int, int]:
    """Return the sum of unpacked layers: likely, least and greatest bytes, and how many of the likely bytes are estimated."""
    certain, others = everyday_total(layers, os, told.trailers) if told.trailers else (0, layers)
    size, low, high, estimated = certain, certain, certain, 0
    ratio = ratio_of(os)
    for layer in others:
        digest, packed = layer.digest, layer.size
        seen = told.get(digest)
        if seen is None and not layer.annotations and 0 < packed < LARGEST and packed_by(layer.media_type):
            # Like `piece_of`, but without an object per layer: there may be hundreds of thousands.
            likely, least, most = _bounds(round(packed * ratio.factor), packed, ratio.usual)
            size, low, high, estimated = size + likely, low + least, high + most, estimated + likely
            continue
        piece = piece_of(digest, layer, os, seen)
        size, low, high, estimated = size + piece.size, low + piece.low, high + piece.high, estimated + piece.estimated
    return size, low, high, estimated


def sum_up(owned: Iterable[tuple[str, Iterable[Piece]]]) -> Amount:
    """Sum the pieces of all owners, each key once. If one key has two sizes, the larger counts, in any order."""
    totals: dict[str, int] = {}
    low = high = estimated = 0
    for piece, owner in settled(owned):
        totals[owner] = totals.get(owner, 0) + piece.size
        low += piece.low
        high += piece.high
        estimated += piece.size if piece.low != piece.high else 0
    return Amount(budget_of(totals), low, high, estimated)


def settled(owned: Iterable[tuple[str, Iterable[Piece]]]) -> Iterable[tuple[Piece, str]]:
    """Yield each key once, with its only owner or SEVERAL."""
    seen: dict[str, tuple[Piece, str]] = {}
    for owner, pieces in owned:
        for piece in pieces:
            known = seen.get(piece.digest)
            if known is None:
                seen[piece.digest] = (piece, owner)
            elif known[0] is not piece or (known[1] is not SEVERAL and known[1] != owner):
                larger = max(known[0], piece, key=_weight)
                seen[piece.digest] = (larger, owner if known[1] == owner else SEVERAL)
    return seen.values()


def _weight(piece: Piece) -> tuple[int, int, int]:
    return (piece.size, piece.high, -piece.low)


def fit(low: int, likely: int, high: int, capacity: int) -> AmountFit:
    """Return whether an amount with these bounds fits into the capacity."""
    if low > capacity:
        return AmountFit.OVER
    if likely > capacity:
        return AmountFit.LIKELY_OVER
    return AmountFit.UNSURE if high > capacity else AmountFit.FITS
