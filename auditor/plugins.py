"""Plug-ins: the entry points of other packages, each loaded once. One that fails to load is an error, not a gap."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import AuditorError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

CHECKS, IMPORTERS, REPORTS, FACTS = "auditor.checks", "auditor.importers", "auditor.reports", "auditor.facts"


@cache
def points(group: str) -> tuple[EntryPoint, ...]:
    """Return every entry point of a group, sorted by name. None of them is loaded."""
    if not _may_have_any():
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415 - it imports much, and most installations have no plug-in

    return tuple(sorted(entry_points(group=group), key=lambda point: (point.name, point.value)))


@cache
def _may_have_any() -> bool:
    """Return whether an installed package may have entry points of ours. True if only importlib.metadata can decide."""
    own = (finder for finder in sys.meta_path if getattr(finder, "__module__", "") != "_frozen_importlib_external")
    if any(hasattr(finder, "find_distributions") for finder in own):
        return True
    return any(map(_may_have_some_in, sys.path))


def _may_have_some_in(entry: str) -> bool:
    """Return whether a folder of `sys.path` has metadata that names a group of ours, or is not a folder."""
    if entry.lower().endswith(".egg"):
        return True
    try:
        names = os.listdir(entry or ".")  # noqa: PTH208 - as importlib.metadata reads it
    except FileNotFoundError:
        return False
    except OSError:
        return True
    metadata = [name for name in names if name.lower().endswith((".dist-info", ".egg-info"))]
    return any(name.lower().endswith(".egg") for name in names) or any(_names_ours(Path(entry, name)) for name in metadata)


def _names_ours(folder: Path) -> bool:
    try:
        return b"[auditor." in (folder / "entry_points.txt").read_bytes().replace(b" ", b"")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


@cache
def added(group: str) -> tuple[tuple[str, Any], ...]:
    """Return name and object of every entry point of a group, sorted by name. Raises AuditorError if one fails to load."""
    return tuple((point.name, loaded(point)) for point in points(group))


@cache
def loaded(point: EntryPoint) -> object:
    """Return the object of an entry point. Raises AuditorError if it fails to load."""
    try:
        return point.load()
    except Exception as error:
        raise AuditorError(
            f"the plug-in {point.name} of {point.group} ({point.value}) failed to load: {type(error).__name__}: {error}",
            "Fix or uninstall it. A plug-in that silently does not run would look like a pass.",
        ) from error
