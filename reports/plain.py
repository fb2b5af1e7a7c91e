"""Values as JSON has them: what its readers need not accept becomes visible text."""

from __future__ import annotations

import math
import re
from typing import Any

Json = dict[str, Any]
_SURROGATES = re.compile("[\ud800-\udfff]")


def plain(document: Json) -> Json:
    """`document` in JSON's own types. Lone surrogates and NaN, which no JSON reader must accept, become visible text."""
    made: Json = _plain(document)
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
