"""Plain JSON values in ASCII. Values that JSON readers may reject become visible text.

Each row of a list is on its own line, so line-based tools can compare two files.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

Json = dict[str, Any]
_Value = TypeVar("_Value", Json, list[Json])
_SURROGATES = re.compile("[\ud800-\udfff]")


def plain(value: _Value) -> _Value:
    """Return `value` in JSON's types. Lone surrogates and NaN, which JSON readers may reject, become visible text."""
    made: _Value = _plain(value)
    return made


def _plain(value: Any) -> Any:  # noqa: ANN401 - the values of JSON have no common type
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def written(document: Json) -> str:
    """Return a document of plain values, with each section and each row of a section on its own line. No final newline."""
    return "".join(pieces(document.items()))


def pieces(sections: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield the text of `written` row by row. A section may be an iterator; no row is kept in memory.

    Values are converted with `plain`, so the caller need not do it.
    """
    separator = "{\n"
    for key, value in sections:
        yield f"{separator}{json.dumps(key)}: "
        yield from _section(value)
        separator = ",\n"
    yield "\n}"


def _section(value: object) -> Iterator[str]:
    match value:
        case [_, *_] | Iterator():
            yield from _rows(value)
        case dict() if value and all(isinstance(row, dict) for row in value.values()):
            rows = (f"  {json.dumps(_plain(key))}: {json.dumps(_plain(row))}" for key, row in value.items())
            yield "{\n" + ",\n".join(rows) + "\n}"
        case _:
            yield json.dumps(_plain(value))


def _rows(rows: Iterable[object]) -> Iterator[str]:
    separator = "[\n"
    for row in rows:
        yield f"{separator}  {json.dumps(_plain(row))}"
        separator = ",\n"
    yield "[]" if separator == "[\n" else "\n]"


def written_list(rows: Iterable[object]) -> str:
    """Return a list of plain values, each on its own line. No final newline."""
    return "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]"
