"""The kinds of objects that run pods, from auditor/facts/workload_kinds.yaml. An unknown kind may run any image."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from functools import cache

from auditor.facts import Fact, table
from auditor.located import Marked

_EVERY = "*"


class Runs(enum.StrEnum):
    """What the controller of a kind starts for one object."""

    NOTHING = "nothing"
    TEMPLATE = "template"  # exactly the pod templates in the object
    SOURCE = "source"  # the content of a chart or of manifests that it fetches


class KindRow(Fact, frozen=True, kw_only=True):
    """The facts about some kinds of one API group. `names`: the fields that state what is fetched."""

    group: str
    kinds: tuple[str, ...]
    runs: Runs
    names: tuple[str, ...] = ()


@cache
def _rows() -> Mapping[tuple[str, str], KindRow]:
    rows: tuple[KindRow, ...] = table("workload_kinds", KindRow)
    return {(row.group, kind): row for row in rows for kind in row.kinds}


def group_of(item: Marked) -> str:
    """Return the API group of an object; empty for the core group."""
    return item.text_at("apiVersion").rpartition("/")[0]


def row_of(group: str, kind: str) -> KindRow | None:
    """Return the row of a kind; None for an unknown kind."""
    return _rows().get((group, kind)) or _rows().get((group, _EVERY))


def fetched(item: Marked, row: KindRow) -> Iterator[tuple[str, str]]:
    """Yield each set field, with its text, that states what the object's controller fetches."""
    for path in row.names:
        yield from ((path.replace("[]", ""), value.text) for value in values_at(item, path) if value.text)


def values_at(item: Marked, path: str) -> Iterator[Marked]:
    """Yield the values at a path of keys; `[]` after a key means each item of its list."""
    head, _, rest = path.partition("[]")
    found = item.get(*head.split("."))
    if found is None:
        return
    if "[]" not in path:
        yield found
        return
    for each in found.list:
        if rest:
            yield from values_at(each, rest.removeprefix("."))
        else:
            yield each
