"""What a plan names: files and pools, found in its plain data, so that a dangling name is told beside every other mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.errors import Location, Problem
from auditor.plan.spelling import nearest
from auditor.plan.tree import Plain, Tree
from auditor.text import short, shown

# Where the plan names files and folders that are read now. Archives are not: they are large, and collecting reads them.
LISTS = (("images", "*", "list"), ("workloads", "*", "operator_images", "*"))
FILES: tuple[tuple[str, ...], ...] = (
    *LISTS,
    ("pools", "*", "trust", "*"),
    ("pools", "*", "config", "*"),
    ("workloads", "*", "manifests"),
    ("workloads", "*", "chart"),
    ("workloads", "*", "observed"),
    ("workloads", "*", "values", "*"),
    ("registry", "config"),
    ("registry", "ca"),
    ("sources", "*", "ca"),
    ("endpoints", "*", "chain"),
    ("copy", "scripts", "*"),
    ("copy", "config", "*"),
    ("waivers",),
)


def _children(data: Plain) -> Iterator[tuple[str, Plain]]:
    if isinstance(data, dict):
        yield from data.items()
    elif isinstance(data, list):
        yield from ((str(number), value) for number, value in enumerate(data))


def _texts(data: Plain, pattern: tuple[str, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every text where the pattern leads, with its path."""
    if not pattern:
        if isinstance(data, str) and data:
            yield data, path
        return
    for key, value in _children(data):
        if pattern[0] in {"*", key}:
            yield from _texts(value, pattern[1:], (*path, key))


def _place(locations: Mapping[str, Location], path: tuple[str, ...]) -> Location:
    return locations[".".join(path)]


def named_files(tree: Tree) -> Iterator[tuple[str, Location, bool]]:
    """Every file or folder that the plan names, where it does, and whether it is an image list."""
    for pattern in FILES:
        for name, path in _texts(tree.data, pattern):
            yield name, _place(tree.locations, path), pattern in LISTS


def dangling_pools(tree: Tree) -> list[Problem]:
    """Pools that images name and that the plan does not have."""
    pools = tree.data.get("pools") if isinstance(tree.data, dict) else None
    known = list(pools) if isinstance(pools, dict) else []
    every = short(f"pools: {', '.join(known)}", 200)
    return [
        Problem(_place(tree.locations, path), f"there is no pool {shown(name)}", nearest(name, known) or every)
        for name, path in _texts(tree.data, ("images", "*", "pools", "*"))
        if known and name not in known
    ]
