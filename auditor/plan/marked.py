"""YAML and JSON files of other tools as values that know their line: image lists, manifests, lock files.

They may be hostile: size, nesting and the number of values are bounded while the file is read, and an alias counts each time
it is used. A key that stands twice is an error, as the second would silently replace the first.

Values are made from the events of libyaml, in one pass. `yaml.compose_all` makes a node with two marks of each key and value
first: for a list of 50,000 objects (27 MB) that takes twice the time and three times the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from auditor.text import clean, short, shown

MAX_BYTES = 64 * 1024 * 1024
MAX_VALUES = 3_000_000  # of one document, and of the documents that are held together
MAX_DEPTH = 150
MAX_DOCUMENTS = 500_000
_MAX_NUMBER = 64
_MERGE = "<<"
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
_PRINTABLE = bytes([9, 10, 13, *range(0x20, 0x7F)])
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value = str | int | float | bool | None | list["Marked"] | dict[str, "Marked"]


class NotStructured(Exception):
    """The file cannot be read as YAML or JSON: the message, and the line and column (from 1) where that shows."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class BeyondLimit(NotStructured):
    """The file has more than is read: what stands before was read, and the rest is unknown."""


class TwiceKey(NotStructured):
    """A key that occurs a second time in its mapping. Some programs take the later value, without a message."""

    def __init__(self, key: str, line: int, column: int) -> None:
        super().__init__(f"the key {shown(key)} stands here again", line, column)
        self.key = key


@dataclass(slots=True)  # not frozen: making one takes three times as long then, and large files hold millions
class Marked:
    """A value and where it stands. `text` is a scalar as its author wrote it; empty for lists and mappings.

    An alias is the value of its anchor, at the location of the anchor.
    """

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
        found = self
        for key in keys:
            value = found.value
            below = value.get(key) if isinstance(value, dict) else None
            if below is None:
                return None
            found = below
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
    return list(_Reader(data, holds_all=True).documents())


def iter_marked(data: bytes) -> Iterator[Marked]:
    """As `load_marked`, one document after another, for files of any number of documents.

    Raises NotStructured where the file cannot be read on: the documents before that place were yielded.
    """
    return _Reader(data, holds_all=False).documents()


def _checked(data: bytes) -> bytes:
    """The file as libyaml may read it: UTF-8 of a bounded size without invisible characters. Raises NotStructured."""
    if len(data) > MAX_BYTES:
        raise BeyondLimit(f"it is larger than {MAX_BYTES:,} bytes, the most that is read of such a file")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.isascii() or data.translate(None, _PRINTABLE):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotStructured("not UTF-8 text: save it as UTF-8", data[: error.start].count(b"\n") + 1) from error
        if found := _UNPRINTABLE.search(text):
            before = text[: found.start()]
            line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
            raise NotStructured(f"the invisible character U+{ord(found[0]):04X} stands here: remove it", line, column)
    # JSON may be indented with tabs, which YAML forbids; inside its strings a tab is always escaped.
    return data.replace(b"\t", b" ") if data.lstrip()[:1] in {b"{", b"["} else data


def _explained(error: yaml.YAMLError, data: bytes) -> NotStructured:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__)
    message = f"not YAML: {clean(short(said, 200))}"
    if "maximum nesting depth" in said:  # libyaml reads ahead of what it returns
        message = f"nested deeper than {MAX_DEPTH} levels"
    if mark is None:
        return NotStructured(message)
    lines = data.decode("utf-8", "replace").splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    hint = "; indent with spaces, not with tabs" if "\t" in line[: len(line) - len(line.lstrip())] else ""
    return NotStructured(message + hint, mark.line + 1, mark.column + 1)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


_scalars = yaml.SafeLoader("")
_resolved: Any = _scalars.resolve  # it has no types


@lru_cache(maxsize=50_000)
def _plain(text: str) -> str | int | float | bool | None:
    """What a scalar without quotes and without a tag is."""
    return text if len(text) > _MAX_NUMBER else _constructed(text, _resolved(yaml.ScalarNode, text, (True, False)))


def _constructed(text: str, tag: str) -> str | int | float | bool | None:
    if tag not in _PLAIN or len(text) > _MAX_NUMBER:
        return text
    try:
        value = _scalars.construct_object(yaml.ScalarNode(tag, text))
    except (yaml.YAMLError, ValueError, OverflowError, LookupError):  # the last for `!!bool x` and `!!int ''`
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value with an anchor, how many values it has, and how many levels are nested in it, with its aliases."""

    value: Marked
    size: int
    height: int


class _Open:
    """A list or mapping whose end was not read yet.

    `key` is the key whose value comes next: None where a key comes next, empty in lists. `before` is how many values were read
    before it, and `merged` what `<<` brings.
    """

    __slots__ = ("anchor", "before", "height", "items", "key", "mapping", "marked", "merged", "merges")

    def __init__(self, marked: Marked, anchor: str | None = None, before: int = 0) -> None:
        self.marked = marked
        self.anchor = anchor
        self.before = before
        self.height = 1
        self.items = marked.value if isinstance(marked.value, list) else None
        self.mapping = marked.value if isinstance(marked.value, dict) else {}
        self.key: str | None = None if self.items is None else ""
        self.merges = False
        self.merged: list[Marked] = []

    def put(self, made: Marked, height: int = 0) -> None:
        """Add an item, or the value of the key."""
        if height >= self.height:
            self.height = height + 1
        if self.items is not None:
            self.items.append(made)
            return
        if self.merges:
            self.merged += [part for part in (made.list or [made]) if part.mapping]
        elif self.key is not None:
            self.mapping[self.key] = made
        self.key, self.merges = None, False

    def close(self) -> None:
        """Add the keys that `<<` brings: the mapping's own keys win, then the first of several mappings."""
        if self.merged:
            merged: dict[str, Marked] = {}
            for part in self.merged:
                merged.update((key, value) for key, value in part.items() if key not in merged)
            self.marked.value = {**merged, **self.mapping}


class _Reader:
    """Reads the events of a file into marked values, counting what it makes."""

    def __init__(self, data: bytes, *, holds_all: bool) -> None:
        self._data = data
        self._holds_all = holds_all
        self._values = self._documents = 0
        self._anchors: dict[str, _Anchored] = {}
        self._here = _Open(Marked([], 1, 1))  # the list of documents, at first
        self._above: list[_Open] = []

    def documents(self) -> Iterator[Marked]:
        """Every document that is not empty. Raises NotStructured."""
        data = _checked(self._data)
        try:
            next_event = _Loader(data).get_event
            while (kind := type(event := next_event())) is not yaml.StreamEndEvent:
                if kind is yaml.ScalarEvent:
                    self._scalar(event)
                elif kind is not yaml.DocumentEndEvent:
                    self._other(kind, event)
                else:
                    yield from self._document()
        except yaml.YAMLError as error:
            raise _explained(error, data) from error

    def _document(self) -> Iterator[Marked]:
        for found in self._here.marked.list:
            if isinstance(found.value, list | dict) or found.text.strip():
                yield found
        self._here = _Open(Marked([], 1, 1))
        self._anchors.clear()
        if not self._holds_all:
            self._values = 0

    def _other(self, kind: type[yaml.Event], event: Any) -> None:  # noqa: ANN401 - one of several kinds of events
        if kind is yaml.MappingStartEvent:
            self._begin(event, {})
        elif kind is yaml.SequenceStartEvent:
            self._begin(event, [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > MAX_DOCUMENTS:
                raise BeyondLimit(f"more than {MAX_DOCUMENTS:,} documents", *_place(event))

    def _counted(self, event: yaml.Event, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise BeyondLimit(f"more than {MAX_VALUES:,} values, which aliases may multiply", *_place(event))

    def _begin(self, event: Any, empty: list[Marked] | dict[str, Marked]) -> None:  # noqa: ANN401 - two kinds of events
        if len(self._above) >= MAX_DEPTH:
            raise NotStructured(f"nested deeper than {MAX_DEPTH} levels", *_place(event))
        if self._here.key is None:
            raise NotStructured("only plain keys are understood here", *_place(event))
        self._above.append(self._here)
        self._here = _Open(Marked(empty, *_place(event)), event.anchor, self._values)
        self._counted(event, 1)

    def _end(self) -> None:
        done = self._here
        done.close()
        if done.anchor is not None:
            self._anchors[done.anchor] = _Anchored(done.marked, self._values - done.before, done.height)
        self._here = self._above.pop()
        self._here.put(done.marked, done.height)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401 - its types say that a mark may be missing
        here, text = self._here, event.value
        if here.key is None and event.anchor is None:
            self._key(text, event)
            return
        value = _plain(text) if event.implicit[0] else _constructed(text, event.tag) if event.tag else text
        mark = event.start_mark
        made = Marked(value, mark.line + 1, mark.column + 1, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(made, 1, 0)
        if here.key is None:
            self._key(text, event)
            return
        self._values += 1
        if self._values > MAX_VALUES:
            self._counted(event, 0)
        here.put(made)

    def _key(self, text: str, event: Any) -> None:  # noqa: ANN401 - a scalar, or an alias of one
        here = self._here
        if text == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            here.merges = True
        elif text in here.mapping:
            raise TwiceKey(text, *_place(event))
        here.key = text

    def _alias(self, event: Any) -> None:  # noqa: ANN401 - its types say that the anchor may be missing
        found = self._anchors.get(event.anchor)
        is_circle = found is None and any(one.anchor == event.anchor for one in (*self._above, self._here))
        if is_circle or (found is not None and len(self._above) + found.height > MAX_DEPTH):
            raise NotStructured(f"nested deeper than {MAX_DEPTH} levels, or an alias inside itself", *_place(event))
        if found is None:
            raise NotStructured(f"not YAML: no anchor is named {shown(event.anchor)}", *_place(event))
        if self._here.key is not None:
            self._counted(event, found.size)
            self._here.put(found.value, found.height)
        elif isinstance(found.value.value, list | dict):
            raise NotStructured("only plain keys are understood here", *_place(event))
        else:
            self._key(found.value.text, event)
