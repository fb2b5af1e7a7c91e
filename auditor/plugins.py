"""What other packages add: their entry points, loaded once. One that does not load is an error, not a gap."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from auditor.errors import AuditorError

CHECKS, IMPORTERS, REPORTS = "auditor.checks", "auditor.importers", "auditor.reports"


@cache
def added(group: str) -> tuple[tuple[str, Any], ...]:
    """Name and object of every entry point of a group, by name. Raises AuditorError for one that does not load."""
    return tuple(_loaded(group))


def _loaded(group: str) -> Iterator[tuple[str, Any]]:
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        try:
            yield point.name, point.load()
        except Exception as error:
            raise AuditorError(
                f"the plug-in {point.name} of {group} ({point.value}) does not load: {type(error).__name__}: {error}",
                "Mend or uninstall it: what silently does not run would read as a pass.",
            ) from error
