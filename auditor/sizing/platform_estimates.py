"""Estimated size of image platforms that were not collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auditor.facts import Fact, table
from auditor.sizing.ranged import Piece

ATTESTATION: Final = "attestation"  # the row for attestations of a platform


class PlatformSize(Fact, frozen=True, kw_only=True):
    """Compressed bytes of one platform for `os`: `likely`, at most `most`. With siblings: at most `spread` times these."""

    os: str
    likely: int
    most: int
    spread: float


def size_of(os: str) -> PlatformSize:
    """Return the row for an operating system; Linux is the fallback."""
    rows: dict[str, PlatformSize] = {row.os: row for row in table("platform_sizes", PlatformSize)}
    return rows.get(os, rows["linux"])


def guessed(digest: str, manifest: int, os: str, siblings: Sequence[int]) -> Piece:
    """Return a platform as a piece, under the digest of its manifest. `manifest` is the manifest's size in bytes.

    `siblings` are the compressed bytes of the image's other platforms for the same OS. The lower bound is the manifest.
    """
    low, row = max(0, manifest), size_of(os)
    likely = sum(siblings) // len(siblings) if siblings else row.likely
    most = round(max(siblings) * row.spread) if siblings else row.most
    return Piece(digest, max(low, likely), low, max(low + 1, likely, most))


def attested(digest: str, manifest: int, heaviest: int) -> Piece:
    """Return a BuildKit attestation as a piece: at least its manifest, at most as large as the largest known platform."""
    low = max(0, manifest)
    return Piece(digest, low, low, low + max(1, min(heaviest, size_of(ATTESTATION).most)))
