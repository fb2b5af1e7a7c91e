"""Waivers in a separate file, which holds a list as in the plan and replaces its file name there.

Every waiver keeps its location in that file, so that problems are reported there.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.errors import Location, PlanError, Problem
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.plan.tree import Plain, Tree, parse_tree
from auditor.text import shown

KEY = "waivers"


def put_in_place(tree: Tree, plan_path: str, files: Mapping[str, bytes]) -> list[Problem]:
    """Replace the name of a file under `waivers`, if any, by the content of the file. Return the problems in it.

    A file that is not among `files` gives no waivers; the code that read the files has reported it.
    """
    data = tree.data
    name = data.get(KEY) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(name, str) or not name:
        return []
    found, problems = _read(name, tree, plan_path, files)
    data[KEY] = found
    return problems


def _read(name: str, tree: Tree, plan_path: str, files: Mapping[str, bytes]) -> tuple[Plain, list[Problem]]:
    content = files.get(normal(name))
    if content is None:
        if any(is_inside(file, normal(name)) for file in files):
            return [], [Problem(tree.locations[KEY], f"{shown(name)[1:-1]}: it is a folder", "name one file of waivers")]
        return [], []
    file = shown_path(plan_path, normal(name))
    try:
        own = parse_tree(file, content)
    except PlanError as error:
        return [], list(error.problems)
    if not isinstance(own.data, list):
        return [], [
            Problem(
                Location(file, 1, 1),
                "expected a list of waivers",
                "write one `- {check: …, subject: …, …}` for each",
            )
        ]
    tree.locations.update((f"{KEY}.{path}", place) for path, place in own.locations.items())
    tree.written.update((f"{KEY}.{path}", written) for path, written in own.written.items())
    return own.data, own.problems
