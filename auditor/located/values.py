"""Values of YAML and JSON files with their locations, the read limits, and the errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from auditor.text import shown

Value = str | int | float | bool | None | list["Marked"] | dict[str, "Marked"]


class NotStructured(Exception):
    """A file that cannot be read as YAML or JSON. `line` and `column` count from 1, 0 is unknown; `hint` may be empty."""

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str = "") -> None:
        super().__init__(f"{message}: {hint}" if hint else message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


class BeyondLimit(NotStructured):
    """A file that exceeds a read limit. The part before the location was read; the rest is unknown."""


class TooDeep(NotStructured):
    """A file with more levels than the read limit, or with an alias inside itself."""


class TwiceKey(NotStructured):
    """A key that occurs a second time in its mapping. Some programs use the later value without a message."""

    def __init__(self, key: str, line: int, column: int, first_line: int) -> None:
        super().__init__(f"the key {shown(key)} occurs twice", line, column, f"the first is at line {first_line}")
        self.key = key


class Marked(msgspec.Struct):
    """A value and its location. A mutable msgspec structure, because large files hold millions of them.

    `text` is a scalar as written; it is empty for lists and mappings. An alias is the value of its anchor, at the location of
    the anchor. `key` is the location of the mapping key that leads to the value; only the plan is read with key locations.
    """

    value: Value
    line: int
    column: int
    text: str = ""
    key: tuple[int, int] | None = None

    @property
    def list(self) -> list[Marked]:
        """The items of a list; empty for any other value."""
        return self.value if isinstance(self.value, list) else []

    @property
    def mapping(self) -> dict[str, Marked]:
        """The keys of a mapping; empty for any other value."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> Iterator[tuple[str, Marked]]:
        """Yield the keys and values of a mapping."""
        return iter(self.mapping.items())

    def get(self, *keys: str) -> Marked | None:
        """Return the value at a path of keys, or None."""
        found = self
        for key in keys:
            value = found.value
            below = value.get(key) if isinstance(value, dict) else None
            if below is None:
                return None
            found = below
        return found

    def plain(self) -> Any:  # noqa: ANN401 - whatever the file holds
        """Return the value as plain data without locations."""
        if isinstance(self.value, dict):
            return {key: value.plain() for key, value in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value

    def text_at(self, *keys: str) -> str:
        """Return the scalar at a path of keys as written, or an empty string."""
        found = self.get(*keys)
        return found.text if found is not None and found.value is not None else ""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The read limits of a file. `values` counts one document, or all documents that are held together.

    `strict` is for the user's own plan: it rejects tags and merge keys, and keys have locations.
    """

    bytes: int
    values: int
    depth: int
    documents: int
    strict: bool = False


FILES: Final = ReadLimits(bytes=64 * 1024 * 1024, values=3_000_000, depth=150, documents=500_000)
PLAN: Final = ReadLimits(bytes=4 * 1024 * 1024, values=200_000, depth=60, documents=1, strict=True)
