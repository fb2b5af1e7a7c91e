"""Mistakes in a configuration file by the grammar of the program that reads it: keys, types and locations.

Keys and types are facts (facts/config_keys.yaml, facts/config_programs.yaml). Nothing here parses a file.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal

from auditor.errors import Location
from auditor.facts import Fact, table
from auditor.facts.lookup import rows_at
from auditor.facts.versions import Versioned, is_beyond
from auditor.plan.spelling import closest
from auditor.text import shown

Path = tuple[str, ...]
Kind = Literal["text", "texts", "switch", "number", "list", "mapping", "text-or-texts", "any", "ignored"]
_ANY: Final = "*"
_ALIKE: Final = 0.75
_COMMENTS: Final = ("_", "//", "#", "$")
WANTED: Final[Mapping[str, str]] = {
    "text": "text",
    "texts": "a list of texts",
    "switch": "true or false",
    "number": "a number",
    "list": "a list",
    "mapping": "a mapping",
    "text-or-texts": "text or a list of texts",
}


class Effect(StrEnum):
    """How the program reacts."""

    REFUSED = "refused"  # it does not start
    UNREAD = "unread"  # it ignores the whole file
    IGNORED = "ignored"  # it ignores the key
    REPLACED = "replaced"  # it uses one of two equal keys


class ConfigKey(Versioned, frozen=True, kw_only=True):
    """A key that a program knows, and the type of its value."""

    program: str
    path: Path
    kind: Kind
    os: str = ""
    instead: str = ""


class ConfigProgram(Fact, frozen=True, kw_only=True):
    """How the program that reads a kind of file handles mistakes, and the newest version with known behaviour."""

    file: str
    program: str
    unknown: Literal["refused", "ignored"]
    wrong: Literal["refused", "unread"]
    verified_through: str
    as_of: datetime.date


@dataclass(frozen=True, slots=True)
class ConfigSlip:
    """One mistake. `key` is dotted, or empty for the whole file; `why` gives the reason.

    `message` is the program's error, if known. `instead` is the key or the value that was probably intended. `unsure_beyond` is
    the newest version that the facts cover, if the program is newer.
    """

    program: str
    effect: Effect
    key: str
    why: str
    location: Location
    message: str = ""
    instead: str = ""
    unsure_beyond: str = ""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The keys of one kind of file for a version of its program on an OS. An empty version knows all keys."""

    file: str
    version: str = ""
    os: str = ""
    keys: Mapping[Path, ConfigKey] = field(init=False)

    def __post_init__(self) -> None:
        """Select the rows of the version."""
        rows: tuple[ConfigKey, ...] = table("config_keys", ConfigKey)
        own = (row for row in rows if row.program == self.file and (not row.os or not self.os or row.os == self.os))
        fitting = {row.path: row for row in rows_at(own, self.version, self.file).rows}
        object.__setattr__(self, "keys", fitting)

    @property
    def fact(self) -> ConfigProgram:
        """Return how the program handles mistakes."""
        rows: tuple[ConfigProgram, ...] = table("config_programs", ConfigProgram)
        return next(row for row in rows if row.file == self.file)

    @property
    def beyond(self) -> str:
        """The newest version that the facts cover, if the program is newer; else empty."""
        through = self.fact.verified_through
        return through if is_beyond(self.version, through) else ""

    def row(self, path: Path) -> ConfigKey | None:
        """Return the key at a path, with names under `*`."""
        return next((self.keys[found] for found in _patterns(path) if found in self.keys), None)

    def names(self, path: Path) -> list[str]:
        """Return the keys that a mapping may hold; empty for one that may hold any."""
        return [row.path[-1] for row in self.keys.values() if len(row.path) == len(path) + 1 and _fits(row.path[:-1], path)]

    def meant(self, path: Path) -> str:
        """Return the known key, dotted, that an unknown key at this path probably stands for; empty if none is similar."""
        name, above = path[-1], path[:-1]
        names = [known for known in self.names(above) if known != _ANY]
        if near := closest(name.lower(), names, _ALIKE):
            return ".".join((*above, near))
        elsewhere = next((row.path for row in self.keys.values() if row.path[-1] == name and row.kind != "ignored"), None)
        return ".".join(elsewhere) if elsewhere is not None else ""


Where = Callable[[Path], Location]


def slips_of(grammar: Grammar, data: Any, where: Where, path: Path = ()) -> Iterator[ConfigSlip]:  # noqa: ANN401 - any file
    """Yield every unknown key and every value of a wrong type in a mapping, in file order."""
    if not isinstance(data, dict) or not grammar.names(path):
        return
    for key, value in data.items():
        here = (*path, str(key))
        row = grammar.row(here)
        if row is None:
            yield unknown_key(grammar, here, where(here))
        elif row.kind == "ignored":
            why = f"{grammar.fact.program} accepts this key but ignores it"
            yield slip(grammar, Effect.IGNORED, here, why, where(here), instead=row.instead)
        elif (wrong := wrong_kind(grammar, row, value)) is not None:
            effect = Effect(grammar.fact.wrong)
            yield slip(grammar, effect, here, f"must be {wrong}", where(here), instead=wrong)
        else:
            yield from slips_of(grammar, value, where, here)


def unknown_key(grammar: Grammar, path: Path, at: Location) -> ConfigSlip:
    """Return the mistake of an unknown key."""
    fact = grammar.fact
    effect, name = Effect(fact.unknown), shown(path[-1])[1:-1]
    message = f"the following directives don't match any configuration option: {name}" if effect is Effect.REFUSED else ""
    made = slip(grammar, effect, path, f"{fact.program} does not know this key", at, message=message)
    meant = grammar.meant(path)
    # Without a version, an unfamiliar key may belong to a newer program. Comments are not keys of any version.
    newer = "" if meant or grammar.version or name.startswith(_COMMENTS) else fact.verified_through
    return replace(made, instead=meant, unsure_beyond="" if name.startswith(_COMMENTS) else made.unsure_beyond or newer)


def slip(
    grammar: Grammar, effect: Effect, path: Path, why: str, at: Location, *, message: str = "", instead: str = ""
) -> ConfigSlip:
    """Return one mistake in a file of this grammar."""
    beyond = grammar.beyond if effect in {Effect.REFUSED, Effect.IGNORED} else ""
    key = shown(".".join(path))[1:-1]
    return ConfigSlip(grammar.fact.program, effect, key, why, at, message, instead, beyond)


def wrong_kind(grammar: Grammar, row: ConfigKey, value: Any) -> str | None:  # noqa: ANN401 - any file
    """Return the required type of a value, or None if it fits. YAML accepts a number or a switch as text."""
    is_yaml = grammar.file == "registries.yaml"
    if (value is None and grammar.file in {"dockerd", "registries.yaml"}) or row.kind in {"any", "ignored"}:
        return None
    return None if _is_kind(row.kind, value, lenient=is_yaml) else WANTED[row.kind]


def _is_kind(kind: str, value: Any, *, lenient: bool) -> bool:  # noqa: ANN401 - any file
    match kind:
        case "text":
            return isinstance(value, str) or (lenient and isinstance(value, int | float))
        case "texts":
            return isinstance(value, list) and all(_is_kind("text", each, lenient=lenient) for each in value)
        case "text-or-texts":
            return isinstance(value, str) or _is_kind("texts", value, lenient=lenient)
        case "switch":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "list":
            return isinstance(value, list)
    return isinstance(value, dict)


def _patterns(path: Path) -> Iterator[Path]:
    """Yield the paths of rows that may match, the most literal first. Paths in the facts are short."""
    if not path or len(path) > 8:
        yield ()
        return
    for above in _patterns(path[:-1]):
        yield (*above, path[-1])
        yield (*above, _ANY)


def _fits(pattern: Path, path: Path) -> bool:
    return len(pattern) == len(path) and all(part in {_ANY, name} for part, name in zip(pattern, path, strict=True))


def refusal(file: str, why: str, at: Location) -> ConfigSlip:
    """Return the mistake of a file that its program cannot read."""
    grammar = Grammar("dockerd" if file == "daemon.json" else file)
    message = why if file == "daemon.json" else ""
    return ConfigSlip(grammar.fact.program, Effect(grammar.fact.wrong), "", why, at, message)
