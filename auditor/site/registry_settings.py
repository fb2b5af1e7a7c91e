"""The view of the registry's own configuration: its mistakes, and the remote of a pull-through cache."""

from __future__ import annotations

from auditor.net import Reach, Remote, Scope, fetch_remote
from auditor.plan.model import Plan
from auditor.readers.registry_config import UnreadableConfig, config_of
from auditor.readers.registry_lint import RegistrySlip, Slip, slips_in
from auditor.transfer.registries import RegistryUrls, registry_row


def is_distribution(plan: Plan) -> bool:
    """Return whether the plan names a configuration file for distribution."""
    registry = plan.registry
    if registry is None or not registry.config or registry.kind is None:
        return False
    row = registry_row(registry.kind.name, "")
    return isinstance(row, RegistryUrls) and row.urls == "configured"


def registry_slips(plan: Plan) -> tuple[RegistrySlip, ...] | UnreadableConfig:
    """Return the mistakes in it, or why it cannot be read. Empty if the plan names no such file."""
    try:
        found = config_of(plan) if is_distribution(plan) else None
        return tuple(slips_in(*found)) if found is not None else ()
    except UnreadableConfig as error:
        return error


def registry_remote(reach: Reach, slips: tuple[RegistrySlip, ...] | UnreadableConfig) -> Remote | None:
    """Return the host from which a pull-through cache pulls, unless it is internal."""
    remotes = () if isinstance(slips, UnreadableConfig) else [slip for slip in slips if slip.slip is Slip.PROXY]
    found = (fetch_remote(slip.written) for slip in remotes)
    return next((remote for remote in found if remote is not None and reach.of(remote.host) is not Scope.INTERNAL), None)
