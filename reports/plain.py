"""Values as JSON has them, in ASCII: what its readers need not accept becomes visible text.

Rows of lists stand on lines of their own: two files can be compared with any line-based tool, and it is written quickly.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, TypeVar

Json = dict[str, Any]
_Value = TypeVar("_Value", Json, list[Json])
_SURROGATES = re.compile("[\ud800-\udfff]")


def plain(value: _Value) -> _Value:
    """`value` in JSON's own types. Lone surrogates and NaN, which no JSON reader must accept, become visible text."""
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
    """A document of plain values, each section on a line of its own, and each row of a section too. No newline at the end."""
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {_section(value)}" for key, value in document.items()) + "\n}"


def _section(value: object) -> str:
    match value:
        case [_, *_]:
            return written_list(value)
        case dict() if value and all(isinstance(row, dict) for row in value.values()):
            return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in value.items()) + "\n}"
        case _:
            return json.dumps(value)


def written_list(rows: Iterable[object]) -> str:
    """A list of plain values, each on a line of its own. No newline at the end."""
    return "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]"
