"""What one stage must hold, and whether that fits."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.sizing.budget import Budget
from auditor.sizing.ranged import Amount, Fit, fit
from auditor.sizing.size import Provenance
from auditor.text import many, percent


@dataclass(frozen=True, slots=True)
class Stage:
    """The bytes of one stage: likely those of `budget`, at least `low` and, as far as anybody knows, at most `high`.

    `unknown` names the images whose bytes are not known at all: they are in none of the numbers. `estimated` of the likely
    bytes come from a factor of the facts. `source` and `how` say where the others come from and what they count. `key` is
    where the plan gives the capacity; `pool` is set for a node's disk.
    """

    name: str
    budget: Budget
    low: int
    high: int
    estimated: int
    capacity: int | None
    source: Provenance
    how: str
    unknown: tuple[str, ...]
    key: tuple[str, ...] = ()
    pool: str = ""

    @property
    def bytes(self) -> int:
        """What it likely needs."""
        return self.budget.bytes

    @property
    def provenance(self) -> str:
        """Where the number comes from, in words: the least sure kind of its parts, and what it counts."""
        kind = Provenance.ESTIMATED if self.estimated else self.source
        share = f"; {percent(self.estimated, self.bytes)} of it estimated" if self.estimated else ""
        lacking = f"; a lower bound, as the size of {many(len(self.unknown), 'image')} is unknown" if self.unknown else ""
        return f"{kind.value}: {self.how}{share}{lacking}"

    def fit(self, capacity: int) -> Fit:
        """Whether it fits. What is not known at all might not."""
        found = fit(self.low, self.budget.bytes, self.high, capacity)
        return Fit.UNSURE if found is Fit.FITS and self.unknown else found


def stage_of(
    name: str,
    amount: Amount,
    capacity: int | None,
    how: str,
    unknown: tuple[str, ...],
    *key: str,
    source: Provenance = Provenance.DERIVED,
    pool: str = "",
) -> Stage:
    """A stage that holds an amount."""
    return Stage(
        name, amount.budget, amount.low, amount.high, amount.estimated, capacity, source, how, unknown, key=key, pool=pool
    )
