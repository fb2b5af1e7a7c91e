"""How the files of a plan are named: in evidence, in findings and in the plan's own values."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from pathlib import PurePosixPath


def normal(path: str) -> str:
    """A path as evidence and findings name it: `/` between parts, no `.` parts."""
    return posixpath.normpath(path.replace("\\", "/"))


def is_inside(path: str, name: str) -> bool:
    """Whether a file is the one that the plan names, or lies in the folder that it names."""
    return path == name or path.startswith(f"{name.rstrip('/')}/")


def is_inside_any(path: str, names: Collection[str]) -> bool:
    """Whether a file is one of the names, or lies in a folder that is one. One look for each folder above it."""
    while path not in names:
        above, slash, _ = path.rpartition("/")
        if not slash:
            return False
        path = above
    return True


def shown_path(plan_path: str, path: str) -> str:
    """A file of the plan at `plan_path` as its user would open it: relative to where the plan was given."""
    return str(PurePosixPath(plan_path.replace("\\", "/")).parent / path)
