"""Sums over very many blobs, most of which one image alone has: its own are summed up beforehand, once for all stages.

What several images have are mostly whole stacks of layers, so that these stand in groups, and each group is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from auditor.sizing.budget import SEVERAL, budget_of
from auditor.sizing.ranged import Amount, Piece, settled


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Pieces that several lots may have. It equals only itself: make one for all lots that have the same pieces."""

    pieces: tuple[Piece, ...]


def joined(*groups: Group) -> Group:
    """The pieces of several groups as one."""
    return Group(tuple(piece for group in groups for piece in group.pieces))


class Lot(msgspec.Struct, frozen=True):
    """What is stored together under a key: bytes that are in no lot of another key, and a group of pieces that may be.

    Where the key is empty, they are in no other lot at all. At least `low` bytes, likely `size`, at most `high`; `estimated` of
    the likely ones are estimates.
    """

    key: str
    size: int
    low: int
    high: int
    estimated: int = 0
    group: Group | None = None


def exact_lot(key: str, size: int, group: Group | None = None) -> Lot:
    """A lot of known size. A negative size is a lie and counts as nothing."""
    size = max(0, size)
    return Lot(key, size, size, size, 0, group)


def lot_of(key: str, pieces: Iterable[Piece]) -> Lot:
    """Pieces that no other lot has, as one."""
    size = low = high = estimated = 0
    for piece in pieces:
        size, low, high, estimated = size + piece.size, low + piece.low, high + piece.high, estimated + piece.estimated
    return Lot(key, size, low, high, estimated)


def sum_lots(owned: Iterable[tuple[str, Lot]]) -> Amount:
    """The lots of owners, each lot and each piece once. Of two sizes under one key the larger counts."""
    lots: dict[str, tuple[str, Lot]] = {}
    groups: dict[Group, str] = {}
    totals: dict[str, int] = {}
    low = high = estimated = 0
    for entry in owned:
        owner, lot = entry
        if lot.group is not None and groups.setdefault(lot.group, owner) != owner:
            groups[lot.group] = SEVERAL
        if lot.key and (known := lots.setdefault(lot.key, entry)) is not entry:
            # Seldom: take back what was counted, and count what both come to.
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
