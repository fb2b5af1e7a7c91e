"""YAML and JSON files of other tools as values that know their line: image lists, manifests, lock files.

They may be hostile: size, nesting and the number of values are bounded before anything deep is built, and an alias counts
each time it is used. A key that stands twice is an error, as the second would silently replace the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from auditor.text import clean, short, shown

MAX_BYTES = 16 * 1024 * 1024
MAX_VALUES = 500_000
MAX_DEPTH = 150
MAX_DOCUMENTS = 20_000
_MAX_NUMBER = 64
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value = str | int | float | bool | None | list["Marked"] | dict[str, "Marked"]


class NotStructured(Exception):
    """The file cannot be read as YAML or JSON: the message, and the line and column (from 1) where that shows."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class TwiceKey(NotStructured):
    """A key that occurs a second time in its mapping. Some programs take the later value, without a message."""

    def __init__(self, key: str, line: int, column: int) -> None:
        super().__init__(f"the key {shown(key)} stands here again", line, column)
        self.key = key


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and where it stands. `text` is a scalar as its author wrote it; empty for lists and mappings."""

    value: Value
    line: int
    column: int
    text: str = ""

    @property
    def list(self) -> list[Marked]:
        """The items of a list; none when it is something else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def mapping(self) -> dict[str, Marked]:
        """The keys of a mapping; none when it is something else."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> Iterator[tuple[str, Marked]]:
        """Keys and values of a mapping."""
        return iter(self.mapping.items())

    def get(self, *keys: str) -> Marked | None:
        """The value where a path of keys leads, or None."""
        found: Marked | None = self
        for key in keys:
            found = found.mapping.get(key) if found is not None else None
        return found

    def plain(self) -> Any:  # noqa: ANN401 - whatever the file holds
        """The value as plain data, without places."""
        if isinstance(self.value, dict):
            return {key: value.plain() for key, value in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value

    def text_at(self, *keys: str) -> str:
        """The scalar where a path of keys leads, as written; empty when there is none."""
        found = self.get(*keys)
        return found.text if found is not None and found.value is not None else ""


def head_matches(data: bytes, *needles: bytes) -> bool:
    """Whether all of these occur in the file: a cheap question before it is parsed."""
    return all(needle in data for needle in needles)


def load_marked(data: bytes) -> list[Marked]:
    """Every document of a YAML file, or the one of a JSON file; empty documents are left out. Raises NotStructured."""
    text = _decoded(data)
    try:
        _bounded(text)
        builder = _Builder()
        return [builder.build(node, 0) for node in yaml.compose_all(text, Loader=_Loader) if not _is_empty(node)]
    except yaml.YAMLError as error:
        raise _explained(error, text) from error


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise NotStructured(f"it is larger than {MAX_BYTES:,} bytes, the most that is read of such a file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotStructured("not UTF-8 text: save it as UTF-8", data[: error.start].count(b"\n") + 1) from error
    if found := _UNPRINTABLE.search(text):
        before = text[: found.start()]
        line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
        raise NotStructured(f"the invisible character U+{ord(found[0]):04X} stands here: remove it", line, column)
    # JSON may be indented with tabs, which YAML forbids; inside its strings a tab is always escaped.
    return text.replace("\t", " ") if text.lstrip()[:1] in {"{", "["} else text


def _bounded(text: str) -> None:
    """Stop at what must not reach the composer, which recurses in C. Events come one by one."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH or documents > MAX_DOCUMENTS:
            mark = event.start_mark
            place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            what = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_DOCUMENTS:,} documents"
            raise NotStructured(what, *place)


def _explained(error: yaml.YAMLError, text: str) -> NotStructured:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__)
    message = f"not YAML: {clean(short(said, 200))}"
    if mark is None:
        return NotStructured(message)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    hint = "; indent with spaces, not with tabs" if "\t" in line[: len(line) - len(line.lstrip())] else ""
    return NotStructured(message + hint, mark.line + 1, mark.column + 1)


def _is_empty(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and not str(node.value).strip())


class _Builder:
    """Turns YAML nodes into marked values, counting what it makes."""

    def __init__(self) -> None:
        self._left = MAX_VALUES
        self._scalars = yaml.SafeLoader("")

    def build(self, node: yaml.Node, depth: int) -> Marked:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self._left -= 1
        if self._left < 0:
            raise NotStructured(f"more than {MAX_VALUES:,} values, which aliases may multiply", line, column)
        if depth > MAX_DEPTH:
            raise NotStructured(f"nested deeper than {MAX_DEPTH} levels, or an alias inside itself", line, column)
        if isinstance(node, yaml.MappingNode):
            return Marked(self._mapping(node, depth), line, column)
        if isinstance(node, yaml.SequenceNode):
            return Marked([self.build(child, depth + 1) for child in node.value], line, column)
        return Marked(self._scalar(node), line, column, str(node.value))

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Marked]:
        found: dict[str, Marked] = {}
        merged: dict[str, Marked] = {}
        for key_node, value_node in node.value:
            place = key_node.start_mark
            if not isinstance(key_node, yaml.ScalarNode):
                raise NotStructured("only plain keys are understood here", place.line + 1, place.column + 1)
            key = str(key_node.value)
            if key_node.tag == _MERGE:
                for key, value in self._merged(value_node, depth):
                    merged.setdefault(key, value)
                continue
            if key in found:
                raise TwiceKey(key, place.line + 1, place.column + 1)
            found[key] = self.build(value_node, depth + 1)
        return {**merged, **found} if merged else found

    def _merged(self, node: yaml.Node, depth: int) -> Iterator[tuple[str, Marked]]:
        """The keys that `<<` brings; of several mappings the first wins."""
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(part, yaml.MappingNode):
                yield from self.build(part, depth + 1).items()

    def _scalar(self, node: yaml.Node) -> str | int | float | bool | None:
        text = str(node.value)
        if node.tag not in _PLAIN or len(text) > _MAX_NUMBER:
            return text
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            return text
        return value if value is None or isinstance(value, bool | int | float) else text
