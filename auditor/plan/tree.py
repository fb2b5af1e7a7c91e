"""The plan as plain data, with the location of every key and item."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.errors import Location, PlanError, Problem
from auditor.located import PLAN, Documents, Marked, NotStructured, TooDeep

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None


@dataclass
class Tree:
    """Plain data, and the locations of its keys and items by dotted path (`pools.win2022.disk`, `images.0.list`).

    `written` holds numbers and switches as written: `1.30`, which YAML reads as 1.3. `problems` lists unusable keys, which are
    left out.
    """

    data: Plain
    locations: dict[str, Location] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse_tree(file: str, data: bytes) -> Tree:
    """Parse one YAML or JSON document. Raises PlanError if nothing in it is usable; other faults are in `Tree.problems`."""
    documents = Documents(data, PLAN)
    try:
        found = list(documents)
    except NotStructured as error:
        raise PlanError([_problem(file, error)]) from error
    if not found:
        raise PlanError([Problem(Location(file), "the file is empty", "`auditor init` writes a starter plan")])
    tree = Tree(None, problems=[_problem(file, fault) for fault in documents.faults])
    tree.data = _plain(found[0], file, "", tree)
    return tree


def _problem(file: str, error: NotStructured) -> Problem:
    hint = "a plan has fewer levels" if isinstance(error, TooDeep) else error.hint
    return Problem(Location(file, error.line, error.column), error.message, hint)


def _plain(marked: Marked, file: str, path: str, tree: Tree) -> Plain:
    """Return the value without locations and note them in `tree`. The loader has bounded depth and number of values."""
    match marked.value:
        case dict(pairs):
            below = {key: f"{path}.{key}" if path else key for key in pairs}
            for key, value in pairs.items():
                tree.locations.setdefault(below[key], Location(file, *(value.key or (value.line, value.column))))
            return {key: _plain(value, file, below[key], tree) for key, value in pairs.items()}
        case list(items):
            names = [f"{path}.{number}" if path else str(number) for number in range(len(items))]
            for name, item in zip(names, items, strict=True):
                tree.locations.setdefault(name, Location(file, item.line, item.column))
            return [_plain(item, file, name, tree) for name, item in zip(names, items, strict=True)]
        case scalar:
            if isinstance(scalar, int | float):
                tree.written[path] = marked.text
            return scalar
