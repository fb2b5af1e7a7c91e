"""A number of bytes and its provenance."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Provenance(enum.StrEnum):
    """Where a number comes from, most certain first."""

    MEASURED = "measured"  # the bytes were counted
    DERIVED = "derived"  # follows from observations
    ESTIMATED = "estimated"  # a factor of the facts
    DECLARED = "declared"  # stated by the plan or a manifest


@dataclass(frozen=True, slots=True)
class PieceSize:
    """A number of bytes. `how` states briefly how it was found: `gzip trailer`, `2.5 times the compressed size (…)`."""

    bytes: int
    provenance: Provenance
    how: str
