"""What one stage must hold, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.sizing.budget import Budget
from auditor.sizing.ranged import Amount, AmountFit, fit
from auditor.sizing.size import Provenance
from auditor.text import many, percent


@dataclass(frozen=True, slots=True)
class Stage:
    """The bytes of one stage: `budget` is likely, `low` the least, and `high` the greatest known value.

    `unknown` names images of unknown size; they are in none of the numbers. `estimated` of the likely bytes come from a factor
    of the facts. `source` and `how` describe the other bytes. `key` is where the plan declares the capacity. `pool` is set for
    a node's disk.
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
        """Return the likely bytes."""
        return self.budget.bytes

    @property
    def provenance(self) -> str:
        """Return the provenance as text: the least certain kind of its parts, and what it counts."""
        kind = Provenance.ESTIMATED if self.estimated else self.source
        share = f"; {percent(self.estimated, self.bytes)} of it estimated" if self.estimated else ""
        lacking = f"; a lower bound, because the size of {many(len(self.unknown), 'image')} is unknown" if self.unknown else ""
        return f"{kind.value}: {self.how}{share}{lacking}"

    def fit(self, capacity: int) -> AmountFit:
        """Return whether it fits. With images of unknown size it is at best unsure."""
        found = fit(self.low, self.budget.bytes, self.high, capacity)
        return AmountFit.UNSURE if found is AmountFit.FITS and self.unknown else found


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
    """Return a stage that holds an amount."""
    return Stage(
        name, amount.budget, amount.low, amount.high, amount.estimated, capacity, source, how, unknown, key=key, pool=pool
    )
