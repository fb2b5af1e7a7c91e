"""The view of the registry's own configuration: what is wrong with it, and whom it would dial."""

from __future__ import annotations

from auditor.plan.model import Plan
from auditor.readers.registry_config import UnreadableConfig, config_of
from auditor.readers.registry_lint import RegistrySlip, Slip, slips_in
from auditor.site.fetches import is_inside
from auditor.transfer.network import Dial, fetch_dial
from auditor.transfer.registries import RegistryUrls, registry_row


def is_distribution(plan: Plan) -> bool:
    """Whether the plan gives a configuration that is one of distribution."""
    registry = plan.registry
    if registry is None or not registry.config or registry.kind is None:
        return False
    row = registry_row(registry.kind.name, "")
    return isinstance(row, RegistryUrls) and row.urls == "configured"


def registry_slips(plan: Plan) -> tuple[RegistrySlip, ...] | UnreadableConfig:
    """What is wrong with it, or why nobody can tell. Nothing where the plan gives none of distribution."""
    try:
        found = config_of(plan) if is_distribution(plan) else None
        return tuple(slips_in(*found)) if found is not None else ()
    except UnreadableConfig as error:
        return error


def registry_remote(plan: Plan, slips: tuple[RegistrySlip, ...] | UnreadableConfig) -> Dial | None:
    """The host outside that a pull-through cache asks."""
    remotes = () if isinstance(slips, UnreadableConfig) else [slip for slip in slips if slip.slip is Slip.PROXY]
    dials = (fetch_dial(slip.written) for slip in remotes)
    return next((dial for dial in dials if dial is not None and not is_inside(plan, dial)), None)
