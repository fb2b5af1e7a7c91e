"""What other packages add: their entry points, each loaded once. One that does not load is an error, not a gap."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from auditor.errors import AuditorError

CHECKS, IMPORTERS, REPORTS = "auditor.checks", "auditor.importers", "auditor.reports"


@cache
def points(group: str) -> tuple[EntryPoint, ...]:
    """Every entry point of a group, by name. None of them is loaded."""
    return tuple(sorted(entry_points(group=group), key=lambda point: (point.name, point.value)))


@cache
def added(group: str) -> tuple[tuple[str, Any], ...]:
    """Name and object of every entry point of a group, by name. Raises AuditorError for one that does not load."""
    return tuple((point.name, loaded(point)) for point in points(group))


@cache
def loaded(point: EntryPoint) -> object:
    """What an entry point names. Raises AuditorError when it does not load."""
    try:
        return point.load()
    except Exception as error:
        raise AuditorError(
            f"the plug-in {point.name} of {point.group} ({point.value}) does not load: {type(error).__name__}: {error}",
            "Mend or uninstall it: what silently does not run would read as a pass.",
        ) from error
