"""What one stage must hold, and whether that fits."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.sizing.budget import Budget
from auditor.sizing.ranged import Amount, Fit, fit


@dataclass(frozen=True, slots=True)
class Stage:
    """The bytes of one stage: likely those of `budget`, at least `low` and, as far as anybody knows, at most `high`.

    `unknown` names the images whose bytes are not known at all: they are in none of the numbers. `estimated` of the likely
    bytes come from a factor of the facts. `key` is where the plan gives the capacity; `pool` is set for a node's disk.
    """

    name: str
    budget: Budget
    capacity: int | None
    provenance: str
    unknown: tuple[str, ...]
    low: int
    high: int
    estimated: int = 0
    key: tuple[str, ...] = ()
    pool: str = ""

    @property
    def bytes(self) -> int:
        """What it likely needs."""
        return self.budget.bytes

    def fit(self, capacity: int) -> Fit:
        """Whether it fits. What is not known at all might not."""
        found = fit(self.low, self.budget.bytes, self.high, capacity)
        return Fit.UNSURE if found is Fit.FITS and self.unknown else found


def certain(name: str, budget: Budget, capacity: int | None, how: str, unknown: tuple[str, ...], *key: str) -> Stage:
    """A stage whose bytes are exactly those of its blobs."""
    provenance = f"derived: {how}{lacking(unknown)}"
    return Stage(name, budget, capacity, provenance, unknown, budget.bytes, budget.bytes, key=key)


def ranged(name: str, amount: Amount, capacity: int, how: str, unknown: tuple[str, ...], *key: str, pool: str = "") -> Stage:
    """A stage of pieces that may be estimates."""
    kind = "estimated" if amount.estimated else "derived"
    share = f"; {percent(amount.estimated, amount.likely)} of it estimated" if amount.estimated else ""
    provenance = f"{kind}: {how}{share}{lacking(unknown)}"
    return Stage(
        name, amount.budget, capacity, provenance, unknown, amount.low, amount.high, amount.estimated, key=key, pool=pool
    )


def lacking(unknown: tuple[str, ...]) -> str:
    """That a number is a lower bound, where it is."""
    return f"; a lower bound, as {len(unknown)} images are of unknown size" if unknown else ""


def percent(part: int, whole: int) -> str:
    """A share in whole percent, where anything is more than nothing."""
    share = 100 * part / whole if whole else 0.0
    return "less than 1 %" if 0 < share < 1 else f"{share:.0f} %"
