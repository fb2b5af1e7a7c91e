"""The format of `sha256sum`: one line for each file, with the escapes of coreutils.

Names are those of the operating system; bytes that are not UTF-8 are surrogates (os.fsdecode).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

MAX_LIST: Final = 1024 * 1024 * 1024
MAX_LINES: Final = 2_000_000
# The order matters: a backslash is escaped first, and the others keep theirs.
_ESCAPES: Final = ((b"\\", b"\\\\"), (b"\n", b"\\n"), (b"\r", b"\\r"))
_UNESCAPED: Final = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}
_ESCAPE: Final = re.compile(rb"\\(?:[\\nr])?")
_LINE: Final = re.compile(rb"(\\?)([0-9A-Fa-f]{64}) [ *]([^\n]+)")
_TAGGED: Final = re.compile(rb"(\\?)SHA256 \(([^\n]+)\) = ([0-9A-Fa-f]{64})")


class MalformedList(ValueError):
    """A line that is not of the format. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def to_list(files: Iterable[tuple[str, str]]) -> bytes:
    """Return the lines for names and SHA-256 digests (hexadecimal digits), in the order of the names' bytes."""
    return b"".join(_line(name, sha256) for name, sha256 in sorted((os.fsencode(name), sha256) for name, sha256 in files))


def _line(name: bytes, sha256: str) -> bytes:
    escaped = name
    for plain, written in _ESCAPES:
        escaped = escaped.replace(plain, written)
    return b"%s%s  %s\n" % (b"\\" if escaped != name else b"", sha256.encode("ascii"), escaped)


def from_list(data: bytes) -> dict[str, str]:
    """Return the SHA-256 by name. Also reads the lines of `sha256sum --tag`, and names that begin with `./`.

    Raises MalformedList for any other line, and if a name occurs twice with different digests.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if number > MAX_LINES:
            raise MalformedList(number, f"the list has more than {MAX_LINES:,} lines")
        text = line.removesuffix(b"\r")
        if not text or text.startswith(b"#"):  # sha256sum ignores them as well
            continue
        name, sha256 = _parsed(text, number)
        if found.setdefault(name, sha256) != sha256:
            raise MalformedList(number, f"{name!r:.100} occurs twice with different SHA-256")
    return found


def _parsed(text: bytes, number: int) -> tuple[str, str]:
    if match := _LINE.fullmatch(text):
        escaped, digits, name = match.groups()
    elif match := _TAGGED.fullmatch(text):
        escaped, name, digits = match.groups()
    else:
        raise MalformedList(number, "it is not a line of sha256sum: 64 hexadecimal digits, two spaces and a name")
    if escaped:
        name = _unescaped(name, number)
    return os.fsdecode(name).removeprefix("./"), digits.decode("ascii").lower()


def _unescaped(name: bytes, number: int) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        if match[0] not in _UNESCAPED:
            raise MalformedList(number, "its name has an unknown escape")
        return _UNESCAPED[match[0]]

    return _ESCAPE.sub(plain, name)
