"""Shared bytes: blobs of one digest that several owners have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.sizing.budget import Blob

MOST = 3


@dataclass(frozen=True, slots=True)
class BlobOverlap:
    """The bytes that one owner shares, and the owners with the largest shared part, at most `MOST`."""

    bytes: int
    partners: tuple[str, ...]


def shared_by_each(owned: Sequence[tuple[str, Iterable[Blob]]]) -> list[BlobOverlap]:
    """Return the shared bytes of each owner, in order. Owners with equal names are distinct. The cost is linear in the blobs.

    For a digest with very many owners, only the first few are listed.
    """
    sizes = [{blob.digest: max(0, blob.size) for blob in blobs} for _, blobs in owned]
    owners: dict[str, list[int]] = {}
    for number, blobs in enumerate(sizes):
        for digest in blobs:
            owners.setdefault(digest, []).append(number)
    return [_of(number, blobs, owners, owned) for number, blobs in enumerate(sizes)]


def _of(
    number: int, blobs: dict[str, int], owners: dict[str, list[int]], owned: Sequence[tuple[str, Iterable[Blob]]]
) -> BlobOverlap:
    total = 0
    partners: Counter[int] = Counter()
    for digest, size in blobs.items():
        others = [other for other in owners[digest][: MOST + 1] if other != number]
        total += size if others else 0
        for other in others:
            partners[other] += size
    ranked = sorted(partners, key=lambda other: (-partners[other], other))
    return BlobOverlap(total, tuple(dict.fromkeys(owned[other][0] for other in ranked))[:MOST])
