"""Bytes that are known within a range: each piece once, and what the whole comes to at least, likely and at most."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from auditor.sizing.budget import Budget, deduplicated
from auditor.sizing.size import Provenance, Size
from auditor.sizing.unpacked import ratio_of

_HEADERS: Final = 1024  # what a compressed file may hold beside its content
_STORED: Final = 1000  # what cannot be compressed grows by less than one in so many bytes


class Piece(msgspec.Struct, frozen=True):
    """Bytes that are stored once, under a key of their own. `low` and `high` bound an estimate; else both are `size`."""

    digest: str
    size: int
    low: int
    high: int

    @property
    def is_estimate(self) -> bool:
        """Whether its size is one."""
        return self.low != self.high


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of pieces: who causes it (by the likely sizes), its bounds, and how many of its bytes are estimates."""

    budget: Budget
    low: int
    high: int
    estimated: int

    @property
    def likely(self) -> int:
        """The sum of the likely sizes."""
        return self.budget.bytes


class Fit(enum.Enum):
    """Whether an amount fits into a capacity."""

    FITS = "fits"  # even at most
    UNSURE = "unsure"  # likely, but not at most
    LIKELY_OVER = "likely-over"
    OVER = "over"  # even at least


def exact(digest: str, size: int) -> Piece:
    """A piece of known size. A negative size is a lie and counts as nothing."""
    size = max(0, size)
    return Piece(digest, size, size, size)


def of_layer(key: str, size: Size, compressed: int, os: str) -> Piece:
    """An unpacked layer under a key; where its size is an estimate, what it is at least and, by the facts, at most."""
    if size.provenance is not Provenance.ESTIMATED:
        return Piece(key, size.bytes, size.bytes, size.bytes)
    compressed = max(0, compressed)
    low = min(size.bytes, max(0, compressed - _HEADERS - compressed // _STORED))
    # An estimate stays one, also of nothing: the bounds must differ.
    return Piece(key, size.bytes, low, max(size.bytes, round(compressed * ratio_of(os).usual), low + 1))


def sum_up(owned: Iterable[tuple[str, Sequence[Piece]]]) -> Amount:
    """The pieces of owners, each key once. The order of owners does not matter."""
    unsure: dict[str, Piece] = {}
    held: list[tuple[str, Sequence[Piece]]] = []
    for owner, pieces in owned:
        held.append((owner, pieces))
        for piece in pieces:
            if piece.low != piece.high and ((known := unsure.get(piece.digest)) is None or known.size < piece.size):
                unsure[piece.digest] = piece
    budget = deduplicated(held)
    estimated = sum(piece.size for piece in unsure.values())
    certain = budget.bytes - estimated
    return Amount(
        budget=budget,
        low=certain + sum(piece.low for piece in unsure.values()),
        high=certain + sum(piece.high for piece in unsure.values()),
        estimated=estimated,
    )


def fit(low: int, likely: int, high: int, capacity: int) -> Fit:
    """Whether an amount within bounds fits."""
    if low > capacity:
        return Fit.OVER
    if likely > capacity:
        return Fit.LIKELY_OVER
    return Fit.UNSURE if high > capacity else Fit.FITS
