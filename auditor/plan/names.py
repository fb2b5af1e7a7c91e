"""Find the files and pools that a plan names in its plain data, to report dangling names with all other mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.errors import Location, Problem
from auditor.plan.keys import ValueForm, keys_of
from auditor.plan.model import Plan
from auditor.plan.spelling import nearest
from auditor.plan.tree import Plain, Tree
from auditor.text import short, shown

# The forms of keys that name files and folders, and what follows the key. Not archives: only `collect` reads them.
_NAMING: dict[ValueForm | None, tuple[tuple[str, ...], ...]] = {
    ValueForm.FILE: ((),),
    ValueForm.FILES: (("*",),),
    ValueForm.IMAGE_LIST: ((),),
    ValueForm.IMAGE_LISTS: (("*",),),
    ValueForm.RELEASE_LISTS: ((), ("*",)),
}
_LISTS = (ValueForm.IMAGE_LIST, ValueForm.IMAGE_LISTS, ValueForm.RELEASE_LISTS)


def _file_keys(part: type[Any]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the patterns of keys under which a part of the plan names files, and whether these are image lists."""
    for one in keys_of(part):
        if one.key.or_file:
            yield (one.name,), False
        if one.part is not None:
            between = ("*",) if one.is_many else ()
            yield from (((one.name, *between, *keys), is_list) for keys, is_list in _file_keys(one.part))
        for more in _NAMING.get(one.key.form, ()):
            yield (one.name, *more), one.key.form in _LISTS


FILES = tuple(_file_keys(Plan))


def _children(data: Plain) -> Iterator[tuple[str, Plain]]:
    if isinstance(data, dict):
        yield from data.items()
    elif isinstance(data, list):
        yield from ((str(number), value) for number, value in enumerate(data))


def _texts(data: Plain, pattern: tuple[str, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every text that the pattern leads to, with its path."""
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
    """Yield every file or folder that the plan names, its location in the plan, and whether it is an image list."""
    for pattern, is_list in FILES:
        for name, path in _texts(tree.data, pattern):
            yield name, _place(tree.locations, path), is_list


def dangling_pools(tree: Tree) -> list[Problem]:
    """Return the pools that images name but the plan does not have."""
    pools = tree.data.get("pools") if isinstance(tree.data, dict) else None
    known = list(pools) if isinstance(pools, dict) else []
    every = short(f"pools: {', '.join(known)}", 200)
    return [
        Problem(_place(tree.locations, path), f"unknown pool {shown(name)}", nearest(name, known) or every)
        for name, path in _texts(tree.data, ("images", "*", "pools", "*"))
        if known and name not in known
    ]
