"""Load a plan of only pools and image lists without the schema: the command line creates such plans for lists.

The schema decides what a plan may hold. This module reads only what the schema certainly accepts, and gives the same plan;
tests/plan/test_lists_only.py compares the two. Everything else goes to the schema. It shares YAML parsing, platforms and path
rules with the schema, but not the models: importing these takes 65 ms of CPU, and an audit of lists needs nothing else of them.
"""

from __future__ import annotations

import re

from auditor.errors import Location
from auditor.plan.model import ImageSource, Plan, Pool
from auditor.plan.node_platforms import node_platform
from auditor.plan.plan_paths import normal
from auditor.plan.tree import Plain, Tree

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./, +=-]{0,250}")
_POOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_KEYS = frozenset({"version", "name", "pools", "images"})


def plan_of_lists(tree: Tree, path: str, sha256: str) -> Plan | None:
    """Return the plan, without its files. Return None for a plan with other keys, or with anything that may be wrong."""
    data = tree.data
    if not isinstance(data, dict) or data.keys() != _KEYS or not _is_one(data["version"]) or not _is_plain(data["name"]):
        return None
    pools = _pools(data["pools"], tree.locations)
    images = _images(data["images"], tuple(pools), tree.locations)
    if not pools or not images:
        return None
    return Plan(path, sha256, str(data["name"]), tuple(pools.values()), images=images, severities={}, locations=tree.locations)


def _is_one(value: Plain) -> bool:
    return type(value) is int and value == 1


def _is_plain(value: Plain) -> bool:
    return isinstance(value, str) and bool(value.strip()) and _PLAIN_TEXT.fullmatch(value) is not None


def _pools(data: Plain, where: dict[str, Location]) -> dict[str, Pool]:
    """Return the pools by name; none if one of them has more than a platform."""
    found: dict[str, Pool] = {}
    for name, part in data.items() if isinstance(data, dict) else ():
        platform = part.get("platform") if isinstance(part, dict) and len(part) == 1 else None
        if not isinstance(platform, str) or _POOL_NAME.fullmatch(name) is None:
            return {}
        try:
            found[name] = Pool(name, node_platform(platform), where[f"pools.{name}"])
        except ValueError:
            return {}
    return found


def _images(data: Plain, pools: tuple[str, ...], where: dict[str, Location]) -> tuple[ImageSource, ...]:
    """Return the lists; none if one of them has another key, or a name that the schema must check."""
    found: list[ImageSource] = []
    for number, part in enumerate(data if isinstance(data, list) else ()):
        if not isinstance(part, dict) or not part.keys() <= {"list", "pools"} or not _is_plain(part.get("list")):
            return ()
        own = part.get("pools", list(pools))
        if not isinstance(own, list) or not own or not all(isinstance(name, str) and name in pools for name in own):
            return ()
        found.append(ImageSource(tuple(map(str, own)), where[f"images.{number}"], normal(str(part["list"]))))
    return tuple(found)
