"""The names of a plan's files: in evidence, in findings and in the plan's own values."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from pathlib import PurePosixPath


def normal(path: str) -> str:
    """Return a path in the form of evidence and findings: one `/` between parts, no `.` parts."""
    clean = posixpath.normpath(path.replace("\\", "/"))
    return f"/{clean.lstrip('/')}" if clean.startswith("//") else clean


def below(name: str, inner: str) -> str:
    """Return the name of a file in a folder that the plan names; `inner` is its path in that folder.

    It begins with the folder as the plan spells it, whatever the plan's own path and the working directory are.
    """
    return normal(f"{name}/{inner}")


def is_inside(path: str, name: str) -> bool:
    """Return whether a file is the one that the plan names, or is in the folder that it names. Both paths are `normal`."""
    if name == ".":
        return not (path.startswith("/") or path[1:3] == ":/" or _leaves(path))
    prefix = f"{name.rstrip('/')}/"
    return path == name or (path.startswith(prefix) and not _leaves(path[len(prefix) :]))


def _leaves(path: str) -> bool:
    """Return whether a relative path leads out of its folder."""
    return path == ".." or path.startswith("../")


def is_inside_any(path: str, names: Collection[str]) -> bool:
    """Return whether a file is one of the names, or is in a folder that is one. One lookup for each parent folder."""
    while path not in names:
        above, slash, _ = path.rpartition("/")
        if not slash:
            return False
        path = above
    return True


def shown_path(plan_path: str, path: str) -> str:
    """Return the path of a plan's file as the user would open it: relative to the folder from which `plan_path` was given."""
    return str(PurePosixPath(plan_path.replace("\\", "/")).parent / path)
