"""Parse hostile TOML files into plain data, with the line of every table and key.

The standard library's parser keeps no positions, so they are searched line by line. Its cost is quadratic in the length of one
dotted key. So both lines and file are limited.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from auditor.readers.node_config.model import Unreadable
from auditor.text import clean, short

MAX_BYTES = 256 * 1024
MAX_LINE = 8 * 1024
Path = tuple[str, ...]
_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_HEADER = re.compile(rf"\s*\[\[?\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\]?")
_PARTS = re.compile(_PART)
_AT_LINE = re.compile(r"at line (\d{1,9}), column (\d{1,9})")
_TRIPLE = re.compile(r'"""|\'\'\'')


@dataclass(frozen=True, slots=True)
class Toml:
    """Plain data. `headers` are the tables as `[…]` lines name them, in order; `lines` holds the line of
    every table and key."""

    data: dict[str, Any]
    headers: tuple[Path, ...] = ()
    lines: dict[Path, int] = field(default_factory=dict)

    def get(self, *path: str) -> Any:  # noqa: ANN401 - whatever the file holds there
        """Return the value at a path, or None."""
        found: Any = self.data
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def line(self, *path: str) -> int:
        """Return the line of a key or table, or of the nearest parent that has one."""
        for length in range(len(path), 0, -1):
            if line := self.lines.get(path[:length]):
                return line
        return 1


def load_toml(data: bytes, *, bom: bool = False) -> Toml:
    """Parse a TOML file; `bom` states whether its program allows a byte-order mark. Raises Unreadable."""
    text = _decoded(data)
    if text.startswith("\ufeff"):
        if not bom:
            raise Unreadable("it begins with a byte-order mark: save it as UTF-8 without one", 1, 1)
        text = text[1:]
    try:
        parsed = tomllib.loads(text)
    except RecursionError:
        raise Unreadable("not TOML: nested too deeply", accepted=True) from None
    except ValueError as error:
        found = _AT_LINE.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        raise Unreadable(f"not TOML: {clean(short(str(error), 200))}", line, column) from error
    headers, lines = _places(text)
    return Toml(parsed, headers, lines)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        why = f"{len(data):,} bytes, but the limit for a configuration file is {MAX_BYTES:,}"
        raise Unreadable(why, accepted=True)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        hint = ": it is UTF-16, save it as UTF-8" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ""
        raise Unreadable(f"not UTF-8 text{hint}", data[: error.start].count(b"\n") + 1) from error
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise Unreadable(f"a line of {len(line):,} characters, which is too long for a setting", number, accepted=True)
    return text


def _parts(dotted: str) -> Path:
    """Return the parts of a dotted key that `_KEY` or `_HEADER` matched."""
    found, position = [], 0
    while (part := _PARTS.match(dotted, position)) is not None:
        found.append(_unquoted(part[0]))
        position = part.end()
        while position < len(dotted) and dotted[position] in ". \t":
            position += 1
    return tuple(found)


def _unquoted(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    return str(tomllib.loads(f"x = {part}")["x"]) if part.startswith('"') else part


def _places(text: str) -> tuple[tuple[Path, ...], dict[Path, int]]:
    """Return the tables in order, and the line of each table and key. Lines inside multi-line strings are skipped."""
    headers: list[Path] = []
    lines: dict[Path, int] = {}
    table: Path = ()
    inside = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not inside and (header := _HEADER.match(line)):
            table = _parts(header[1])
            headers.append(table)
            lines.setdefault(table, number)
        elif not inside and (key := _KEY.match(line)):
            lines.setdefault((*table, *_parts(key[1])), number)
        for quotes in _TRIPLE.findall(line):
            inside = quotes if not inside else "" if quotes == inside else inside
    return tuple(headers), lines
