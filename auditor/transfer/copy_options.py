"""The options of a copy tool as the plan lists them: one per item, or several with their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_OFF = frozenset({"false", "0", "no"})
_AND = " and "
PINNED = "pinned"  # stands among the options of a hop for a reference with a digest
_SETTING = re.compile("[=:]")


@dataclass(frozen=True, slots=True)
class Options:
    """Options in order: the name of an option or the key of a setting, and its value (empty for a switch)."""

    given: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of an option, in order; nothing for a switch."""
        return tuple(value for key, value in self.given if key == name and value)

    def has(self, condition: str) -> bool:
        """Return whether `--name`, `--name value`, or several of these joined by `and`, are set. `--name=false` is not set."""
        return all(self._has_one(part) for part in condition.split(_AND))

    def _has_one(self, condition: str) -> bool:
        name, _, value = condition.partition(" ")
        if value:
            return any(key == name and value in given.split(",") for key, given in self.given)
        return any(key == name and given.lower() not in _OFF for key, given in self.given)


def options_for(condition: str) -> Options:
    """Return options that fulfil exactly one condition."""
    parts = (part.partition(" ") for part in condition.split(_AND))
    return Options(tuple((name, value) for name, _, value in parts))


def read_options(texts: Iterable[str]) -> Options:
    """Return the options of a plan: `--all`, `--platform linux/amd64`, `--format=oci`, `includeExternal: true`."""
    return Options(tuple(_pairs([word for text in texts for word in text.split()])))


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names with their values. A bare word after an option counts as its value, and may also be a setting itself."""
    for position, word in enumerate(words):
        follows = words[position + 1] if position + 1 < len(words) else ""
        if word.startswith("-"):
            name, joined, value = word.partition("=")
            yield name, value if joined else ("" if follows.startswith("-") else follows)
        else:
            name, value = [*_SETTING.split(word, maxsplit=1), ""][:2]
            yield name, value or (follows if word.endswith(":") else "")
