"""Sums over very many blobs. Blobs that only one image has are summed in advance, once for all stages.

Several images usually share whole stacks of layers. Each stack is one object of SharedPieces, which is counted once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from auditor.sizing.budget import SEVERAL, budget_of
from auditor.sizing.ranged import Amount, Piece, settled


@dataclass(frozen=True, slots=True, eq=False)
class SharedPieces:
    """Pieces that several bundles may share. Compared by identity: use one object for all bundles with the same pieces."""

    pieces: tuple[Piece, ...]


def joined(*several: SharedPieces) -> SharedPieces:
    """Combine all these pieces."""
    return SharedPieces(tuple(piece for shared in several for piece in shared.pieces))


class Bundle(msgspec.Struct, frozen=True):
    """Content stored under a key: bytes that no bundle of another key has, and pieces that other bundles may have.

    An empty key means that no other bundle has these bytes. `low`, `size` and `high` are the least, likely and greatest number
    of bytes. `estimated` is the estimated part of `size`.
    """

    key: str
    size: int
    low: int
    high: int
    estimated: int = 0
    shared: SharedPieces | None = None


def exact_bundle(key: str, size: int, shared: SharedPieces | None = None) -> Bundle:
    """Return a bundle of known size. A negative size is invalid and counts as 0."""
    size = max(0, size)
    return Bundle(key, size, size, size, 0, shared)


def bundle_of(key: str, pieces: Iterable[Piece]) -> Bundle:
    """Combine pieces that no other bundle has."""
    size = low = high = estimated = 0
    for piece in pieces:
        size, low, high, estimated = size + piece.size, low + piece.low, high + piece.high, estimated + piece.estimated
    return Bundle(key, size, low, high, estimated)


def sum_bundles(owned: Iterable[tuple[str, Bundle]]) -> Amount:
    """Sum the bundles of all owners, each bundle and each piece once. If one key has two sizes, the larger counts."""
    bundles: dict[str, tuple[str, Bundle]] = {}
    stacks: dict[SharedPieces, str] = {}
    totals: dict[str, int] = {}
    low = high = estimated = 0
    for entry in owned:
        owner, bundle = entry
        if bundle.shared is not None and stacks.setdefault(bundle.shared, owner) != owner:
            stacks[bundle.shared] = SEVERAL
        if bundle.key and (known := bundles.setdefault(bundle.key, entry)) is not entry:
            # Rare: subtract the counted bundle, and count the larger bounds of both.
            first, before = known
            totals[first] -= before.size
            low, high, estimated = low - before.low, high - before.high, estimated - before.estimated
            owner, bundle = bundles[bundle.key] = owner if first == owner else SEVERAL, max(before, bundle, key=_weight)
        totals[owner] = totals.get(owner, 0) + bundle.size
        low += bundle.low
        high += bundle.high
        estimated += bundle.estimated
    for piece, owner in settled((owner, shared.pieces) for shared, owner in stacks.items()):
        totals[owner] = totals.get(owner, 0) + piece.size
        low += piece.low
        high += piece.high
        estimated += piece.estimated
    return Amount(budget_of(totals), low, high, estimated)


def _weight(bundle: Bundle) -> tuple[int, int, int]:
    return bundle.size, bundle.high, -bundle.low
