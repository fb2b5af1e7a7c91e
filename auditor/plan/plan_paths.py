"""How the files of a plan are named: in evidence, in findings and in the plan's own values."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from pathlib import PurePosixPath


def normal(path: str) -> str:
    """Return a path as evidence and findings name it: one `/` between parts, no `.` parts."""
    clean = posixpath.normpath(path.replace("\\", "/"))
    return f"/{clean.lstrip('/')}" if clean.startswith("//") else clean


def below(name: str, inner: str) -> str:
    """Return the name of a file in a folder that the plan names; `inner` is its path in that folder.

    It begins as the plan spells the folder, whatever the plan's own path and the working directory are.
    """
    return normal(f"{name}/{inner}")


def is_inside(path: str, name: str) -> bool:
    """Whether a file is the one that the plan names, or is in the folder that it names. Both are `normal`."""
    if name == ".":
        return not (path.startswith("/") or path[1:3] == ":/" or _leaves(path))
    prefix = f"{name.rstrip('/')}/"
    return path == name or (path.startswith(prefix) and not _leaves(path[len(prefix) :]))


def _leaves(path: str) -> bool:
    """Whether a relative path leads out of its folder."""
    return path == ".." or path.startswith("../")


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
