"""Build the values of a YAML or JSON file from the events of libyaml, in one pass, without recursion and in linear time.

`yaml.compose_all` makes a node with two marks of each key and value first: for a list of 50,000 objects (27 MB) that takes
twice the time and three times the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import yaml

from auditor.located.values import BeyondLimit, Marked, NotStructured, ReadLimits, TooDeep, TwiceKey
from auditor.text import clean, short, shown

_MAX_NUMBER: Final = 64  # characters; Python parses long numbers in quadratic time
_MERGE = "<<"
_OWN_TAGS = "tag:yaml.org,2002:"
_PLAIN = frozenset(f"{_OWN_TAGS}{name}" for name in ("int", "float", "bool", "null"))
_PRINTABLE = bytes([9, 10, 13, *range(0x20, 0x7F)])
# All characters that YAML 1.2 does not call printable, and the byte-order mark.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_scalars = yaml.SafeLoader("")
_resolved: Any = _scalars.resolve  # it holds only text, no types


def _at(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


@lru_cache(maxsize=50_000)
def _plain(text: str) -> str | int | float | bool | None:
    """Return the value of a scalar without quotes and without a tag."""
    return text if len(text) > _MAX_NUMBER else _constructed(text, _resolved(yaml.ScalarNode, text, (True, False)))


def _constructed(text: str, tag: str) -> str | int | float | bool | None:
    if tag not in _PLAIN or len(text) > _MAX_NUMBER:
        return text
    try:
        value = _scalars.construct_object(yaml.ScalarNode(tag, text))
    except (yaml.YAMLError, ValueError, OverflowError, LookupError):  # LookupError: `!!bool x` and `!!int ''`
        return text  # it looks like a number but is not one
    return value if value is None or isinstance(value, bool | int | float) else text


class _Anchored:
    """A value with an anchor, its number of values, and its depth, both including its aliases."""

    __slots__ = ("height", "size", "value")

    def __init__(self, value: Marked, size: int, height: int) -> None:
        self.value = value
        self.size = size
        self.height = height


class _Open:
    """A list or mapping whose end is not read yet.

    `key` is the key whose value comes next; it is None where a key comes next, and empty in lists. `before` is the number of
    values read before it. `merged` holds the mappings that `<<` adds. `drops`: the next value belongs to a rejected key.
    `is_key`: it is itself a rejected key.
    """

    __slots__ = (
        "anchor",
        "before",
        "drops",
        "height",
        "is_key",
        "items",
        "key",
        "key_at",
        "mapping",
        "marked",
        "merged",
        "merges",
    )

    def __init__(self, marked: Marked, anchor: str | None = None, before: int = 0) -> None:
        self.marked = marked
        self.anchor = anchor
        self.before = before
        self.height = 1
        self.items = marked.value if isinstance(marked.value, list) else None
        self.mapping = marked.value if isinstance(marked.value, dict) else {}
        self.key: str | None = None if self.items is None else ""
        self.key_at: tuple[int, int] | None = None
        self.merges = self.drops = self.is_key = False
        self.merged: list[Marked] = []

    def put(self, made: Marked, height: int = 0) -> None:
        """Add an item, or the value of the key."""
        if height >= self.height:
            self.height = height + 1
        if self.items is not None:
            self.items.append(made)
            return
        if self.drops:
            self.drops = False
        elif self.merges:
            self.merged += [part for part in (made.list or [made]) if part.mapping]
        elif self.key is not None:
            if self.key_at is not None:  # its own object, because an alias may occur under several keys
                made = Marked(made.value, made.line, made.column, made.text, self.key_at)
            self.mapping[self.key] = made
        self.key, self.merges = None, False

    def close(self) -> None:
        """Add the keys from `<<`: the mapping's own keys win, then the first of several mappings."""
        if self.merged:
            merged: dict[str, Marked] = {}
            for part in self.merged:
                merged.update((key, value) for key, value in part.items() if key not in merged)
            self.marked.value = {**merged, **self.mapping}


class Documents:
    """Iterate over the documents of a file, also empty ones. Raises NotStructured if the file cannot be read further.

    With strict limits, unusable keys are left out with their values, and `faults` gives the reasons.
    """

    def __init__(self, data: bytes, limits: ReadLimits, *, holds_all: bool = True) -> None:
        self.faults: list[NotStructured] = []
        self._data = data
        self._limits = limits
        self._holds_all = holds_all
        self._values = self._documents = 0
        self._anchors: dict[str, _Anchored] = {}
        self._here = _Open(Marked([], 1, 1))  # the list of documents, at first
        self._above: list[_Open] = []

    def __iter__(self) -> Iterator[Marked]:
        """Read the file once, from its beginning."""
        data = _checked(self._data, self._limits)
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
            raise _explained(error, data, self._limits) from error

    def _document(self) -> list[Marked]:
        found = self._here.marked.list
        self._here = _Open(Marked([], 1, 1))
        self._anchors.clear()
        if not self._holds_all:
            self._values = 0
        return found

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
            if self._documents > (most := self._limits.documents):
                what = "not YAML: but found another document" if most == 1 else f"more than {most:,} documents"
                raise BeyondLimit(what, *_at(event))

    def _counted(self, event: yaml.Event, more: int) -> None:
        self._values += more
        if self._values > self._limits.values:
            raise BeyondLimit(f"more than {self._limits.values:,} values", *_at(event), "write aliases out")

    def _begin(self, event: Any, empty: list[Marked] | dict[str, Marked]) -> None:  # noqa: ANN401 - two kinds of events
        if len(self._above) >= self._limits.depth:
            raise too_deep(self._limits, *_at(event))
        if event.tag is not None:
            self._refuse_tag(event)
        below = _Open(Marked(empty, *_at(event)), event.anchor, self._values)
        if self._here.key is None and not self._here.drops:
            self._refuse_key(NotStructured(_PLAIN_KEYS, *_at(event), _WRITE_OUT))
            below.is_key = True
        self._above.append(self._here)
        self._here = below
        self._counted(event, 1)

    def _end(self) -> None:
        done = self._here
        done.close()
        if done.anchor is not None:
            self._anchors[done.anchor] = _Anchored(done.marked, self._values - done.before, done.height)
        self._here = self._above.pop()
        if not done.is_key:  # the value of a rejected key is still to come
            self._here.put(done.marked, done.height)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401 - its types say that a mark may be missing
        here, text = self._here, event.value
        if event.tag is not None:
            self._refuse_tag(event)
        is_key = here.key is None and not here.drops
        if is_key and event.anchor is None:
            self._key(text, event)
            return
        value = _plain(text) if event.implicit[0] else _constructed(text, event.tag) if event.tag else text
        mark = event.start_mark
        made = Marked(value, mark.line + 1, mark.column + 1, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(made, 1, 0)
        if is_key:
            self._key(text, event)
            return
        self._values += 1
        if self._values > self._limits.values:
            self._counted(event, 0)
        here.put(made)

    def _key(self, text: str, event: Any) -> None:  # noqa: ANN401 - a scalar, or an alias of one
        here = self._here
        if self._limits.strict:
            here.key_at = _at(event)
        if text == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            here.merges = True
            if self._limits.strict:
                self._refuse_key(NotStructured(_PLAIN_KEYS, *_at(event), _WRITE_OUT))
                return
        elif text in here.mapping:
            first = here.mapping[text]
            self._refuse_key(TwiceKey(text, *_at(event), first.key[0] if first.key else first.line))
            return
        here.key = text

    def _alias(self, event: Any) -> None:  # noqa: ANN401 - its types say that the anchor may be missing
        found = self._anchors.get(event.anchor)
        is_circle = found is None and any(one.anchor == event.anchor for one in (*self._above, self._here))
        if is_circle or (found is not None and len(self._above) + found.height > self._limits.depth):
            raise too_deep(self._limits, *_at(event))
        if found is None:
            raise NotStructured(f"not YAML: the anchor {shown(event.anchor)} is not defined", *_at(event))
        if self._here.key is not None or self._here.drops:
            self._counted(event, found.size)
            self._here.put(found.value, found.height)
        elif isinstance(found.value.value, list | dict):
            self._refuse_key(NotStructured(_PLAIN_KEYS, *_at(event), _WRITE_OUT))
        else:
            self._key(found.value.text, event)

    def _refuse_key(self, fault: NotStructured) -> None:
        """Record the fault of a key and drop its value. Raise the fault unless the limits are strict."""
        if not self._limits.strict:
            raise fault
        self.faults.append(fault)
        self._here.key, self._here.merges, self._here.drops = None, False, True

    def _refuse_tag(self, event: Any) -> None:  # noqa: ANN401 - three kinds of events
        tag = event.tag
        if self._limits.strict and tag is not None and tag != "!":
            written = f"!!{tag.removeprefix(_OWN_TAGS)}" if tag.startswith(_OWN_TAGS) else tag
            raise NotStructured(f"the tag {shown(written)} is not allowed in a plan", *_at(event), "remove it")


_PLAIN_KEYS = "only plain keys are allowed here"
_WRITE_OUT = "write the keys out"


def too_deep(limits: ReadLimits, line: int, column: int) -> TooDeep:
    """Return the fault for a file that is nested too deeply, for any parser."""
    return TooDeep(f"nested deeper than {limits.depth} levels, or an alias inside itself", line, column)


def _checked(data: bytes, limits: ReadLimits) -> bytes:
    """Return the file if libyaml can read it: UTF-8 of a bounded size, without invisible characters. Raises NotStructured."""
    if len(data) > limits.bytes:
        raise BeyondLimit(f"it is larger than {limits.bytes:,} bytes", 0, 0, "is it the right file?")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.isascii() or data.translate(None, _PRINTABLE):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            hint = "it is UTF-16: save it as UTF-8" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "save it as UTF-8"
            raise NotStructured("not UTF-8 text", data[: error.start].count(b"\n") + 1, 0, hint) from error
        if found := _UNPRINTABLE.search(text):
            line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
            raise NotStructured(f"invisible character U+{ord(found[0]):04X}", line, column, "remove it")
    # JSON may be indented with tabs, but YAML forbids them; inside JSON strings, tabs are always escaped.
    return data.replace(b"\t", b" ") if data.lstrip()[:1] in {b"{", b"["} else data


def _explained(error: yaml.YAMLError, data: bytes, limits: ReadLimits) -> NotStructured:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    if "maximum nesting depth" in said:  # libyaml has its own limit, and reads ahead of the events
        return too_deep(limits, line, column)
    written = data.decode("utf-8", "replace").split("\n")[line - 1 : line] or [""]
    indent = written[0][: len(written[0]) - len(written[0].lstrip())]
    has_tab = "\t" in indent or "\\t" in said or " tab " in said
    hint = "indent with spaces, not with tabs" if has_tab else ""
    return NotStructured(f"not YAML: {clean(short(said, 200))}", line, column, hint)
