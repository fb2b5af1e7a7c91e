"""Find the files and pools that a plan names in its plain data, to report dangling names with all other mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
    ValueForm.FILE_OR_FOLDER: ((),),
    ValueForm.FILES: (("*",),),
    ValueForm.ONLY_FILES: (("*",),),
    ValueForm.IMAGE_LIST: ((),),
    ValueForm.IMAGE_LISTS: (("*",),),
    ValueForm.RELEASE_LISTS: ((), ("*",)),
}
_SINGLE = (ValueForm.FILE, ValueForm.ONLY_FILES)
_LISTS = (ValueForm.IMAGE_LIST, ValueForm.IMAGE_LISTS, ValueForm.RELEASE_LISTS)


@dataclass(frozen=True, slots=True)
class _FileKey:
    """The pattern of a key that names files, whether these are image lists, and whether it names one file, not a folder."""

    pattern: tuple[str, ...]
    is_list: bool = False
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file or folder that the plan names, and its location in the plan. `is_single`: it must be a file, not a folder."""

    name: str
    location: Location
    key: str
    is_list: bool
    is_single: bool


def _file_keys(part: type[Any]) -> Iterator[_FileKey]:
    """Yield the keys under which a part of the plan names files."""
    for one in keys_of(part):
        if one.key.or_file:
            yield _FileKey((one.name,), is_single=True)
        if one.part is not None:
            between = ("*",) if one.is_many else ()
            yield from (replace(key, pattern=(one.name, *between, *key.pattern)) for key in _file_keys(one.part))
        for more in _NAMING.get(one.key.form, ()):
            yield _FileKey((one.name, *more), one.key.form in _LISTS, one.key.form in _SINGLE)


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


def named_files(tree: Tree) -> Iterator[NamedFile]:
    """Yield every file or folder that the plan names."""
    for key in FILES:
        for name, path in _texts(tree.data, key.pattern):
            named_by = next(part for part in reversed(path) if not part.isdigit())
            yield NamedFile(name, _place(tree.locations, path), named_by, key.is_list, key.is_single)


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
