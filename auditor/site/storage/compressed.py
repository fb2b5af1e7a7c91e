"""Compressed bytes: the download, and the content of the internal registry."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.plan.model import Plan
from auditor.site.storage.along import Along
from auditor.site.storage.payloads import Content, compressed_lots
from auditor.site.storage.stage import Stage, stage_of
from auditor.sizing.lots import sum_lots
from auditor.sizing.ranged import Amount, together

HOW = "compressed sizes from the manifests, each digest once"


def compressed(made: Iterable[Content]) -> Amount:
    """Return manifests, configs and layers that the pools need, each digest once."""
    return sum_lots(compressed_lots(made))


def download_stage(amount: Amount, unknown: tuple[str, ...]) -> Stage:
    """Return the download on the connected side: the platforms that pools need."""
    return stage_of("download", amount, None, f"{HOW}, of the platforms that pools need", unknown)


def registry_stage(plan: Plan, amount: Amount, unknown: tuple[str, ...], more: Along | None) -> Stage:
    """Return what the internal registry must hold for one version; `more` are extra manifests of whole indexes."""
    disk = plan.registry.disk if plan.registry else None
    how = f"{HOW}, of the platforms that pools need{more.words if more else ''}"
    return stage_of("registry", together(amount, more.amount) if more else amount, disk, how, unknown, "registry", "disk")
