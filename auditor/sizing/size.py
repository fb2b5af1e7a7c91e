"""A number of bytes, and where it comes from."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Provenance(enum.StrEnum):
    """Where a number comes from, the surest first."""

    MEASURED = "measured"  # somebody counted the bytes
    DERIVED = "derived"  # follows from what was observed
    ESTIMATED = "estimated"  # a factor of the facts
    DECLARED = "declared"  # the plan, or a manifest, says so


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes. `how` says in a few words how they were found: `gzip trailer`, `2.5 times the compressed size (…)`."""

    bytes: int
    provenance: Provenance
    how: str
