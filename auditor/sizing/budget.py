"""Deduplicated budgets: each blob counts once, however many images, platforms and archives refer to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Protocol

SEVERAL: Final = "\x00several"  # the owner of blobs that several owners have


class BudgetShare(NamedTuple):
    """The bytes that only one owner needs, or that several share."""

    owner: str
    bytes: int


@dataclass(frozen=True)
class Budget:
    """The bytes of all blobs, each counted once; the bytes of each single owner; and the bytes that owners share."""

    bytes: int
    alone: Mapping[str, int]
    shared: int

    @cached_property
    def exclusive(self) -> tuple[BudgetShare, ...]:
        """Return the exclusive bytes per owner, largest first, then by name. Computed on first use."""
        ranked = sorted(sorted(self.alone), key=self.alone.__getitem__, reverse=True)
        return tuple([BudgetShare(name, self.alone[name]) for name in ranked])


class Blob(Protocol):
    """Content stored under a digest, with its compressed size in bytes. A negative size is invalid and counts as 0."""

    @property
    def digest(self) -> str:
        """The digest of the stored bytes."""
        ...

    @property
    def size(self) -> int:
        """The compressed size in bytes."""
        ...


def deduplicated(owned: Iterable[tuple[str, Iterable[Blob]]]) -> Budget:
    """Sum the blobs of all owners, each digest once.

    `exclusive` and `shared` add up to `bytes`. If two owners state different sizes for one digest, the larger counts, so that
    the budget is never too small.
    """
    seen: dict[str, tuple[int, str]] = {}  # digest → size, and its only owner so far, or SEVERAL
    for owner, blobs in owned:
        for blob in blobs:
            digest, size = blob.digest, blob.size
            known = seen.get(digest)
            if known is None:
                seen[digest] = (max(0, size), owner)
            elif known[0] < size or (known[1] is not SEVERAL and known[1] != owner):
                seen[digest] = (max(known[0], size), owner if known[1] == owner else SEVERAL)
    totals: dict[str, int] = {}
    for size, owner in seen.values():
        totals[owner] = totals.get(owner, 0) + size
    return budget_of(totals)


def budget_of(totals: dict[str, int]) -> Budget:
    """Return the budget for totals by owner; the key `SEVERAL` holds shared bytes."""
    needed, shared = sum(totals.values()), totals.pop(SEVERAL, 0)
    return Budget(needed, {owner: size for owner, size in totals.items() if size}, shared)


def combined(*budgets: Budget) -> Budget:
    """Combine budgets that have no blob in common."""
    totals: dict[str, int] = {}
    for budget in sorted(budgets, key=lambda budget: len(budget.alone), reverse=True):
        if not totals:
            totals.update(budget.alone)
            continue
        for owner, size in budget.alone.items():
            totals[owner] = totals.get(owner, 0) + size
    return Budget(sum(budget.bytes for budget in budgets), totals, sum(budget.shared for budget in budgets))
