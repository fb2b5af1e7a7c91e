"""Parse JSON as Go's encoding/json does: no comments, no trailing commas; of two equal keys, the last one counts.

Syntax errors have Go's messages, as in the program's log. Source: Go 1.24 src/encoding/json/scanner.go.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from auditor.located import Marked, NotStructured, TooDeep, Value

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 100
_BLANK = re.compile(r"[ \t\r\n]*+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class GoJson:
    """A document. `root` is None for an empty file; `keys` gives line and column of each key by its path.

    `twice` are the keys that occur again in their object: path, line and column of the later one.
    """

    root: Marked | None
    keys: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    twice: tuple[tuple[tuple[str, ...], int, int], ...] = ()


def load_go_json(data: bytes) -> GoJson:
    """Parse a document. A byte-order mark is allowed, because dockerd allows it. Raises NotStructured with Go's message."""
    if len(data) > MAX_BYTES:
        raise NotStructured(f"it is larger than {MAX_BYTES:,} bytes, the limit for this kind of file")
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotStructured("not UTF-8 text: save it as UTF-8", data[: error.start].count(b"\n") + 1) from error
    reader = _Reader(text)
    if not text.strip(" \t\r\n"):
        return GoJson(None)
    root = reader.value((), 0)
    reader.skip()
    if reader.place < len(text):
        raise reader.unexpected("after top-level value")
    return GoJson(root, reader.keys, tuple(reader.twice))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.keys: dict[tuple[str, ...], tuple[int, int]] = {}
        self.twice: list[tuple[tuple[str, ...], int, int]] = []
        self._line = 1
        self._start = 0  # in the line
        self._counted = 0

    def value(self, path: tuple[str, ...], depth: int) -> Marked:
        """Parse the value that begins here, with or without blanks before it."""
        self.skip()
        line, column = self.at(self.place)
        if depth > MAX_DEPTH:
            raise TooDeep(f"nested deeper than {MAX_DEPTH} levels", line, column)
        start = self.text[self.place : self.place + 1]
        if start == "{":
            return Marked(self._object(path, depth), line, column)
        if start == "[":
            return Marked(self._array(path, depth), line, column)
        if start == '"':
            text = self._string("looking for beginning of value")
            return Marked(text, line, column, text)
        value, text = self._plain()
        return Marked(value, line, column, text)

    def skip(self) -> None:
        """Move to the next character that is not blank."""
        found = _BLANK.match(self.text, self.place)
        self.place = found.end() if found is not None else self.place

    def at(self, place: int) -> tuple[int, int]:
        """Return line and column of a position, which must not be before the last requested one."""
        self._line += self.text.count("\n", self._counted, place)
        self._start = self.text.rfind("\n", 0, place) + 1 if "\n" in self.text[self._counted : place] else self._start
        self._counted = max(place, self._counted)
        return self._line, place - self._start + 1

    def unexpected(self, where: str, place: int | None = None) -> NotStructured:
        """Return Go's error for a character, with a guess at the cause."""
        at = self.place if place is None else place
        if at >= len(self.text):
            return NotStructured("unexpected end of JSON input", *self.at(len(self.text)))
        character = self.text[at]
        shown = r"'\''" if character == "'" else f"'{character}'" if character.isprintable() else ascii(character)
        return NotStructured(f"invalid character {shown} {where}{self._guess(character)}", *self.at(at))

    def _guess(self, character: str) -> str:
        before = self.text[: self.place].rstrip()[-1:]
        if character in "}]" and before == ",":
            return ": JSON allows no comma after the last element"
        if character in "/#":
            return ": JSON has no comments"
        return ": JSON requires double quotes" if character == "'" else ""

    def _object(self, path: tuple[str, ...], depth: int) -> dict[str, Marked]:
        found: dict[str, Marked] = {}
        self.place += 1
        self.skip()
        if self.text[self.place : self.place + 1] == "}":
            self.place += 1
            return found
        while True:
            self.skip()
            where = self.at(self.place)
            key = self._string("looking for beginning of object key string")
            here = (*path, key)
            if key in found:
                self.twice.append((here, *where))
            self.keys[here] = where
            self._expect(":", "after object key")
            found[key] = self.value(here, depth + 1)
            if self._ends("}", "after object key:value pair"):
                return found

    def _array(self, path: tuple[str, ...], depth: int) -> list[Marked]:
        found: list[Marked] = []
        self.place += 1
        self.skip()
        if self.text[self.place : self.place + 1] == "]":
            self.place += 1
            return found
        while True:
            found.append(self.value(path, depth + 1))
            if self._ends("]", "after array element"):
                return found

    def _expect(self, sign: str, where: str) -> None:
        self.skip()
        if self.text[self.place : self.place + 1] != sign:
            raise self.unexpected(where)
        self.place += 1

    def _ends(self, sign: str, where: str) -> bool:
        self.skip()
        here = self.text[self.place : self.place + 1]
        if here not in {sign, ","}:
            raise self.unexpected(where)
        self.place += 1
        return here == sign

    def _string(self, where: str) -> str:
        if self.text[self.place : self.place + 1] != '"':
            raise self.unexpected(where)
        found = _STRING.match(self.text, self.place)
        if found is None:
            raise self._in_string()
        self.place = found.end()
        # A lone surrogate becomes a replacement character, as in Go.
        return str(json.loads(found[0])).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _in_string(self) -> NotStructured:
        """Return the error for the first character of a string literal that Go rejects."""
        place = self.place + 1
        while place < len(self.text):
            character = self.text[place]
            if ord(character) < 0x20:
                return self.unexpected("in string literal", place)
            if character == "\\":
                escaped = self.text[place + 1 : place + 2]
                if escaped == "u":
                    digits = self.text[place + 2 : place + 6]
                    bad = next((n for n, digit in enumerate(digits) if digit not in "0123456789abcdefABCDEF"), len(digits))
                    if bad < 4:
                        return self.unexpected("in \\u hexadecimal character escape", place + 2 + bad)
                elif escaped not in tuple('"\\/bfnrt'):
                    return self.unexpected("in string escape code", place + 1)
                place += 1
            place += 1
        return NotStructured("unexpected end of JSON input", *self.at(len(self.text)))

    def _plain(self) -> tuple[Value, str]:
        for word in _WORDS:
            if self.text.startswith(word[0], self.place):
                return self._word(word), word
        found = _NUMBER.match(self.text, self.place)
        if found is None:
            if self.text.startswith("-", self.place):
                raise self.unexpected("in numeric literal", self.place + 1)
            raise self.unexpected("looking for beginning of value")
        self.place = found.end()
        text = found[0]
        following = self.text[self.place : self.place + 1]
        if following == "." and "." not in text and not set(text) & set("eE"):
            raise self.unexpected("after decimal point in numeric literal", self.place + 1)
        if following in {"e", "E"} and not set(text) & set("eE"):
            signed = self.text[self.place + 1 : self.place + 2] in {"+", "-"}
            raise self.unexpected("in exponent of numeric literal", self.place + 1 + signed)
        return (float(text) if set(text) & set(".eE") else int(text[:64])), text

    def _word(self, word: str) -> bool | None:
        for number, letter in enumerate(word):
            if self.text[self.place + number : self.place + number + 1] != letter:
                raise self.unexpected(f"in literal {word} (expecting '{letter}')", self.place + number)
        self.place += len(word)
        return _WORDS[word]
