"""How heavy a platform of an image may be that nobody has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auditor.facts import Fact, table
from auditor.sizing.ranged import Piece

ATTESTATION: Final = "attestation"  # the row for what describes a platform


class PlatformSize(Fact, frozen=True, kw_only=True):
    """Compressed bytes of one platform for `os`: `likely`, and at most `most`; beside known ones, `spread` times."""

    os: str
    likely: int
    most: int
    spread: float


def size_of(os: str) -> PlatformSize:
    """The row for an operating system; Linux stands for those that have none."""
    rows: dict[str, PlatformSize] = {row.os: row for row in table("platform_sizes", PlatformSize)}
    return rows.get(os, rows["linux"])


def guessed(digest: str, manifest: int, os: str, siblings: Sequence[int]) -> Piece:
    """A platform as a piece under the digest of its manifest of so many bytes.

    `siblings` are the compressed bytes of platforms of the same image for the same system. At least, it is its manifest.
    """
    low, row = max(0, manifest), size_of(os)
    likely = sum(siblings) // len(siblings) if siblings else row.likely
    most = round(max(siblings) * row.spread) if siblings else row.most
    return Piece(digest, max(low, likely), low, max(low + 1, likely, most))


def attested(digest: str, manifest: int, heaviest: int) -> Piece:
    """What BuildKit attests about a platform: its manifest, and at most as much as the heaviest platform that is known."""
    low = max(0, manifest)
    return Piece(digest, low, low, low + max(1, min(heaviest, size_of(ATTESTATION).most)))
