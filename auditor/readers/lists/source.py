"""The source of an importer: the file that it reads, and constructors for its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from auditor.errors import Location
from auditor.facts import Fact, table
from auditor.oci.platform import Platform
from auditor.oci.reference import InvalidReference, is_digest, parse_reference
from auditor.readers.model import ListLine
from auditor.redaction import redact
from auditor.text import shown

MAX_TEXT = 4096
SHOWN = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff]")


class Placeholder(Fact, frozen=True, kw_only=True):
    """A pattern of an unfilled template."""

    pattern: str
    names: str


@dataclass(frozen=True, slots=True)
class ListSource:
    """The file's name for users, and the pools that need its images. `name` is the file relative to the plan."""

    file: str
    pools: tuple[str, ...]
    host_process: bool = False
    name: str = ""

    @property
    def whole(self) -> str:
        """The name of a line for the whole file. Its fingerprint must not hold a path of the machine."""
        return self.name or self.file

    def error(self, text: str, line: int, column: int, message: str) -> ListLine:
        """Return a line that is not an entry. Control characters in the text are escaped."""
        written = redact(text[:MAX_TEXT])[:SHOWN]
        written = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", written)
        why = redact(message)
        return ListLine(written, Location(self.file, line, column), self.pools, error=why, host_process=self.host_process)

    def each_line(self, data: bytes, most: int, read: Callable[[int, int, str], Iterator[ListLine]]) -> Iterator[ListLine]:
        """Yield `read(line, column, text)` for every line that is neither blank nor a comment; an error beyond `most` lines."""
        lines = data.decode("utf-8", "backslashreplace").splitlines()
        for number, line in enumerate(lines[:most], 1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield from read(number, line.index(text) + 1, text)
        if len(lines) > most:
            yield self.error("…", most + 1, 1, f"the list has more than {most:,} lines")

    def unbounded(self, text: str, line: int, column: int, why: str) -> ListLine:
        """Return a line for images that cannot be enumerated from the list alone, with the reason."""
        written = self.error(text, line, column, why)
        return replace(written, error="", unbounded=written.error)

    def entry(
        self,
        text: str,
        line: int,
        column: int,
        *,
        digest: str = "",
        sources: tuple[str, ...] = (),
        platforms: tuple[Platform, ...] = (),
    ) -> ListLine:
        """Return a line with one reference, or with the reason why it is invalid."""
        if problem := text_problem(text):
            return self.error(text, line, column, problem)
        if is_digest(text):
            return self.error(text, line, column, "a digest without a reference before it")
        try:
            reference = parse_reference(text)
        except InvalidReference as error:
            return self.error(text, line, column, str(error))
        place = Location(self.file, line, column)
        return ListLine(text, place, self.pools, reference, "", digest, sources, self.host_process, platforms)


@cache
def _placeholders() -> tuple[tuple[re.Pattern[str], str], ...]:
    rows: tuple[Placeholder, ...] = table("placeholders", Placeholder)
    return tuple((re.compile(row.pattern), row.names) for row in rows)


@cache
def _any_placeholder() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _placeholders()))


def placeholder_in(text: str) -> str:
    """Return the kind of placeholder that is left in the text, or an empty string."""
    if _any_placeholder().search(text) is None:  # one search decides nearly every line
        return ""
    found, names = next((match[0], names) for pattern, names in _placeholders() if (match := pattern.search(text)))
    return f"unfilled template: {names} ({shown(found)})"


def text_problem(text: str) -> str:
    """Return why a text cannot be parsed as a reference, or an empty string."""
    if len(text) > MAX_TEXT:
        return f"{len(text):,} characters, but a reference is shorter"
    if control := _CONTROL.search(text):
        return f"it contains the invisible character U+{ord(control[0]):04X}"
    return placeholder_in(text)
