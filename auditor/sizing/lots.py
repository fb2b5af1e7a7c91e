"""Sums over very many blobs. Blobs that only one image has are summed in advance, once for all stages.

Several images usually share whole stacks of layers. These form groups, and each group is counted once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from auditor.sizing.budget import SEVERAL, budget_of
from auditor.sizing.ranged import Amount, Piece, settled


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Pieces that several lots may share. Compared by identity: use one object for all lots with the same pieces."""

    pieces: tuple[Piece, ...]


def joined(*groups: Group) -> Group:
    """Combine the pieces of several groups."""
    return Group(tuple(piece for group in groups for piece in group.pieces))


class Lot(msgspec.Struct, frozen=True):
    """Content stored under a key: bytes that no lot of another key has, and a group of pieces that other lots may have.

    An empty key means that no other lot has these bytes. `low`, `size` and `high` are the least, likely and greatest number of
    bytes. `estimated` is the estimated part of `size`.
    """

    key: str
    size: int
    low: int
    high: int
    estimated: int = 0
    group: Group | None = None


def exact_lot(key: str, size: int, group: Group | None = None) -> Lot:
    """Return a lot of known size. A negative size is invalid and counts as 0."""
    size = max(0, size)
    return Lot(key, size, size, size, 0, group)


def lot_of(key: str, pieces: Iterable[Piece]) -> Lot:
    """Combine pieces that no other lot has."""
    size = low = high = estimated = 0
    for piece in pieces:
        size, low, high, estimated = size + piece.size, low + piece.low, high + piece.high, estimated + piece.estimated
    return Lot(key, size, low, high, estimated)


def sum_lots(owned: Iterable[tuple[str, Lot]]) -> Amount:
    """Sum the lots of all owners, each lot and each piece once. If one key has two sizes, the larger counts."""
    lots: dict[str, tuple[str, Lot]] = {}
    groups: dict[Group, str] = {}
    totals: dict[str, int] = {}
    low = high = estimated = 0
    for entry in owned:
        owner, lot = entry
        if lot.group is not None and groups.setdefault(lot.group, owner) != owner:
            groups[lot.group] = SEVERAL
        if lot.key and (known := lots.setdefault(lot.key, entry)) is not entry:
            # Rare: subtract the counted lot, and count the larger bounds of both.
            first, before = known
            totals[first] -= before.size
            low, high, estimated = low - before.low, high - before.high, estimated - before.estimated
            owner, lot = lots[lot.key] = owner if first == owner else SEVERAL, max(before, lot, key=_weight)
        totals[owner] = totals.get(owner, 0) + lot.size
        low += lot.low
        high += lot.high
        estimated += lot.estimated
    for piece, owner in settled((owner, group.pieces) for group, owner in groups.items()):
        totals[owner] = totals.get(owner, 0) + piece.size
        low += piece.low
        high += piece.high
        estimated += piece.estimated
    return Amount(budget_of(totals), low, high, estimated)


def _weight(lot: Lot) -> tuple[int, int, int]:
    return lot.size, lot.high, -lot.low
