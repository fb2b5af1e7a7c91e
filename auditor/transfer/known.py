"""The options of a copy tool that the facts cover. The effect of other options is not predicted."""

from __future__ import annotations

from functools import cache

from auditor.facts import table
from auditor.transfer.copy_layers import CopyLayers
from auditor.transfer.copy_platforms import CopyPlatforms


@cache
def known_options(tool: str) -> frozenset[str]:
    """Return the options and settings that a row for the tool uses."""
    layers: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    platforms: tuple[CopyPlatforms, ...] = table("copy_platforms", CopyPlatforms)
    conditions = [condition for row in (*layers, *platforms) if row.tool == tool for condition in row.given]
    named = {part.partition(" ")[0] for condition in conditions for part in condition.split(" and ")}
    choosing = {name for row in platforms if row.tool == tool for name in (row.option, row.architecture, row.variant)}
    return frozenset(named | choosing - {""})
