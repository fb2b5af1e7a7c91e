"""What one stage must hold, and whether it fits. The download and the internal registry hold compressed bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.plan.model import Plan
from auditor.site.storage.image_sets import PlatformImage, compressed_bundles
from auditor.sizing.budget import Budget
from auditor.sizing.bundles import sum_bundles
from auditor.sizing.piece_size import Provenance
from auditor.sizing.ranged import Amount, AmountFit, fit, together
from auditor.text import many, percent

if TYPE_CHECKING:
    from auditor.site.storage.extra_images import ExtraImages

_HOW: Final = "compressed sizes from the manifests, each digest once"


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


def compressed(images: Iterable[PlatformImage]) -> Amount:
    """Return manifests, configs and layers that the pools need, each digest once."""
    return sum_bundles(compressed_bundles(images))


def download_stage(amount: Amount, unknown: tuple[str, ...]) -> Stage:
    """Return the download on the connected side: the platforms that pools need."""
    return stage_of("download", amount, None, f"{_HOW}, of the platforms that pools need", unknown)


def registry_stage(plan: Plan, amount: Amount, unknown: tuple[str, ...], more: ExtraImages | None) -> Stage:
    """Return what the internal registry must hold for one version; `more` are extra manifests of whole indexes."""
    disk = plan.registry.disk if plan.registry else None
    how = f"{_HOW}, of the platforms that pools need{more.words if more else ''}"
    return stage_of("registry", together(amount, more.amount) if more else amount, disk, how, unknown, "registry", "disk")
