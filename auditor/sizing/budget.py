"""Deduplicated budgets: every blob counts once, however many images, platforms and archives name it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """The bytes that only one owner needs, or that several share."""

    owner: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes of all blobs, each once; who alone causes how much, largest first; and what several owners share."""

    bytes: int
    exclusive: tuple[Share, ...]
    shared: int


def deduplicated(owned: Iterable[tuple[str, Iterable[tuple[str, int]]]]) -> Budget:
    """Sum blobs `(digest, size)` of owners, each digest once.

    `exclusive` and `shared` add up to `bytes`. Where two owners give one digest different sizes, the larger counts:
    a budget must not be too small because somebody lied.
    """
    sizes: dict[str, int] = {}
    first_owner: dict[str, str | None] = {}
    for owner, blobs in owned:
        for digest, size in blobs:
            known = sizes.get(digest)
            if known is None:
                sizes[digest] = size
                first_owner[digest] = owner
                continue
            if size > known:
                sizes[digest] = size
            if first_owner[digest] != owner:
                first_owner[digest] = None
    exclusive: dict[str, int] = {}
    shared = 0
    for digest, size in sizes.items():
        only = first_owner[digest]
        if only is None:
            shared += size
        else:
            exclusive[only] = exclusive.get(only, 0) + size
    ranked = sorted((Share(name, total) for name, total in exclusive.items()), key=lambda share: (-share.bytes, share.owner))
    return Budget(sum(sizes.values()), tuple(ranked), shared)


def format_bytes(count: int) -> str:
    """Bytes for people, in SI units as disks are sold: `2.43 GB`; exact below 1,000."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{count} B" if unit == "B" else f"{amount:.2f} {unit}"
