"""YAML as plain data, with the place of every key, from a file that may be hostile.

Aliases are expanded only up to a number of nodes, nesting only to a depth, and duplicate keys are errors: in a plan the
second of two keys would silently win.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from auditor.errors import Location, PlanError, Problem
from auditor.text import clean, short, shown

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 60
MAX_NUMBER = 64
# What YAML 1.2 calls printable, and the byte-order mark.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OWN_TAGS = "tag:yaml.org,2002:"
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Tree:
    """Plain data, and by dotted path (`pools.win2022.disk`, `images.0.list`) where its keys and items stand.

    `written` has the numbers and switches as their author wrote them: `1.30`, which YAML folds to 1.3. `problems` are the
    places that cannot be read as meant; the rest of the data is there all the same.
    """

    data: Plain
    locations: dict[str, Location] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _Builder:
    """Turns YAML nodes into plain data, counting what it makes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._left = MAX_NODES
        self._scalars = yaml.SafeLoader("")
        self.locations: dict[str, Location] = {}
        self.written: dict[str, str] = {}
        self.problems: list[Problem] = []

    def place(self, node: yaml.Node) -> Location:
        return Location(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def build(self, node: yaml.Node, path: str, depth: int) -> Plain:
        self._left -= 1
        if self._left < 0:
            raise PlanError([Problem(self.place(node), f"more than {MAX_NODES:,} values", "write aliases out")])
        if depth > MAX_DEPTH:
            raise PlanError(
                [
                    Problem(
                        self.place(node),
                        f"nested deeper than {MAX_DEPTH} levels, or an alias inside itself",
                        "no plan is that deep",
                    )
                ]
            )
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self._item(child, path, number, depth) for number, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _item(self, child: yaml.Node, path: str, number: int, depth: int) -> Plain:
        below = f"{path}.{number}" if path else str(number)
        self.locations.setdefault(below, self.place(child))
        return self.build(child, below, depth + 1)

    def _pairs(self, node: yaml.MappingNode, path: str, depth: int) -> Iterator[tuple[str, Plain]]:
        seen: dict[str, Location] = {}
        for key_node, value_node in node.value:
            place = self.place(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                self.problems.append(Problem(place, "only plain keys are understood here", "write the keys out"))
                continue
            key = str(key_node.value)
            if key in seen:
                self.problems.append(
                    Problem(place, f"the key {shown(key)} stands here again", f"the first is at line {seen[key].line}")
                )
                continue
            seen[key] = place
            below = f"{path}.{key}" if path else key
            self.locations.setdefault(below, place)
            yield key, self.build(value_node, below, depth + 1)

    def _scalar(self, node: yaml.Node, path: str) -> Plain:
        if len(node.value) > MAX_NUMBER and node.tag in _NUMBERS:
            return str(node.value)  # no number is that long; building one would take for ever
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            return str(node.value)  # it looks like a date or a number and is none: the 31st of June
        if isinstance(value, int | float):
            self.written[path] = str(node.value)
        return value if value is None or isinstance(value, str | int | float) else str(node.value)


def _syntax_problem(file: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
    where = Location(file, mark.line + 1, mark.column + 1) if mark is not None else Location(file)
    line = text.split("\n")[mark.line] if mark is not None and mark.line <= text.count("\n") else ""
    tab = "\t" in line[: len(line) - len(line.lstrip())] or "\\t" in str(said) or " tab " in str(said)
    return Problem(where, f"not YAML: {clean(short(str(said), 200))}", "indent with spaces, not with tabs" if tab else "")


def _as_written(tag: str) -> str:
    """A tag as it stands in a file: YAML's own begin with two exclamation marks."""
    return f"!!{tag.removeprefix(_OWN_TAGS)}" if tag.startswith(_OWN_TAGS) else tag


def _refuse_hostile(file: str, text: str) -> None:
    """Stop at what must not reach the composer, which recurses in C, or the constructor, which trusts tags.

    Events come one by one, so that nothing deep is ever built.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark = event.start_mark
        where = Location(file, mark.line + 1, mark.column + 1) if mark is not None else Location(file)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise PlanError([Problem(where, f"nested deeper than {MAX_DEPTH} levels", "no plan is that deep")])
        tag = event.tag if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) else None
        if tag not in {None, "!"}:
            raise PlanError([Problem(where, f"the tag {shown(_as_written(tag or ''))} means nothing in a plan", "remove it")])


def _decoded(file: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "it is UTF-16: save it as UTF-8" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "save it as UTF-8"
        raise PlanError([Problem(Location(file, line), "not UTF-8 text", hint)]) from error
    if found := _UNPRINTABLE.search(text):
        before = text[: found.start()]
        where = Location(file, before.count("\n") + 1, found.start() - before.rfind("\n"))
        raise PlanError([Problem(where, f"the invisible character U+{ord(found[0]):04X} stands here", "remove it")])
    return text


def parse_tree(file: str, data: bytes) -> Tree:
    """Parse one YAML (or JSON) document.

    Raises PlanError when nothing of it can be read; single places that cannot are in `Tree.problems`.
    """
    if len(data) > MAX_BYTES:
        raise PlanError([Problem(Location(file), f"it is larger than {MAX_BYTES:,} bytes", "is it the right file?")])
    text = _decoded(file, data)
    try:
        _refuse_hostile(file, text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise PlanError([_syntax_problem(file, text, error)]) from error
    if node is None:
        raise PlanError([Problem(Location(file), "the file is empty", "`auditor init` writes a plan to start from")])
    builder = _Builder(file)
    return Tree(builder.build(node, "", 0), builder.locations, builder.written, builder.problems)
