"""Operators in the workloads: the version of each, and the settings from which it gets images.

An operator is recognised by the end of its image's repository, so a mirror changes nothing. Its settings are arguments,
environment variables, and keys of ConfigMaps that its pods name. Facts: auditor/facts/operator_programs.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, pairwise

import msgspec

from auditor.facts import Fact, table
from auditor.located import Marked, NotStructured, load_marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.readers.workloads.pod_specs import containers_of, pod_specs

_MAX_WORDS = 20_000  # scalars of one operator's pods
_MOST_OBJECTS = 100  # of one kind whose fields other objects use
_MAX_CONFIG = 256 * 1024  # bytes of one value of a ConfigMap that is parsed as YAML
_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]{0,127})\)")


class OperatorSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Where an operator reads one setting: flags, variables, or keys of its ConfigMap. `default` is the value in its binary."""

    arguments: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    default: str | None = None


class OperatorProgram(Fact, frozen=True, kw_only=True):
    """An operator: the ends of its image's repository, and its settings by name. `as_of` is the day of the last check.

    `maps` are the ConfigMaps that it reads although its pods do not name them.
    """

    operator: str
    images: tuple[str, ...]
    as_of: str
    maps: tuple[str, ...] = ()
    settings: dict[str, OperatorSetting] = msgspec.field(default_factory=dict)


class OperatorDefaults(Fact, frozen=True, kw_only=True):
    """The defaults in an operator's binary, by setting. Each line of `versions` covers one range, whose ends were both read:

    its first and its last version, and a value for each column; `-` means that these versions have no such image.
    """

    operator: str
    columns: tuple[str, ...]
    versions: str


@dataclass(frozen=True, slots=True)
class _Range:
    """The defaults of a range of versions of one operator."""

    first: str
    last: str
    values: Mapping[str, str]


@cache
def programs() -> Mapping[str, OperatorProgram]:
    """Return every operator in the facts, by name."""
    rows: tuple[OperatorProgram, ...] = table("operator_programs", OperatorProgram)
    return {row.operator: row for row in rows}


@cache
def _defaults() -> Mapping[str, tuple[_Range, ...]]:
    rows: tuple[OperatorDefaults, ...] = table("operator_defaults", OperatorDefaults)
    return {row.operator: tuple(_ranges(row)) for row in rows}


def _ranges(row: OperatorDefaults) -> Iterator[_Range]:
    for line in row.versions.splitlines():
        first, last, *values = line.split()
        texts = ("" if value == "-" else value for value in values)
        yield _Range(first, last, dict(zip(row.columns, texts, strict=True)))


def release_key(version: str) -> tuple[int, int, int] | None:
    """Return a comparable key for a release; None for a pre-release, a branch build or other text."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def default_of(operator: str, version: str, name: str) -> str | None:
    """Return the default of a setting in an operator's version; None if the facts do not cover the version."""
    key = release_key(version)
    for row in _defaults().get(operator, ()) if key is not None else ():
        first, last = release_key(row.first), release_key(row.last)
        if first is not None and last is not None and key is not None and first <= key <= last and name in row.values:
            return row.values[name]
    return None


def covered(operator: str, name: str) -> tuple[str, str] | None:
    """Return the first and the last version for which the facts have a setting's default."""
    rows = [row for row in _defaults().get(operator, ()) if name in row.values]
    return (rows[0].first, rows[-1].last) if rows else None


@dataclass(frozen=True, slots=True)
class InstalledOperator:
    """One operator of the workloads. `settings`: the settings by name; None if a missing source sets one."""

    program: OperatorProgram
    image: Reference
    settings: Mapping[str, str | None]

    @property
    def version(self) -> str:
        """The tag of its image, or an empty string if only a digest is known."""
        return self.image.tag if self.image.explicit_tag else ""

    @property
    def location(self) -> str:
        """Registry and path before the last part of its image's name."""
        return self.image.repository.rpartition("/")[0]


@dataclass(slots=True)
class _Pod:
    """An operator's pod during the read: its own settings, and the words that may name a ConfigMap."""

    program: OperatorProgram
    image: Reference
    flags: dict[str, str]
    variables: dict[str, str | None]
    words: set[str]


@dataclass(slots=True)
class Operators:
    """The operators in the workloads, read on first use, because most plans have no object that belongs to one.

    `read` yields the objects that contain one of the needles.
    """

    read: Callable[[tuple[bytes, ...]], Iterator[Marked]]
    _found: dict[str, tuple[InstalledOperator, ...]] | None = field(default=None, init=False)
    _objects: dict[tuple[str, str], tuple[Marked, ...]] = field(default_factory=dict, init=False)

    def of(self, operator: str) -> tuple[InstalledOperator, ...]:
        """Return the installed operators of this name; those with the same image and settings only once."""
        if self._found is None:
            self._found = _installed(self.read)
        return self._found.get(operator, ())

    def objects(self, group: str, kind: str) -> tuple[Marked, ...]:
        """Return the first objects of a kind."""
        key = (group, kind)
        if key not in self._objects:
            with_group = (item for item in self.read((group.encode(),)) if item.text_at("apiVersion").startswith(f"{group}/"))
            self._objects[key] = tuple(islice((item for item in with_group if item.text_at("kind") == kind), _MOST_OBJECTS))
        return self._objects[key]


def _installed(read: Callable[[tuple[bytes, ...]], Iterator[Marked]]) -> dict[str, tuple[InstalledOperator, ...]]:
    pods: list[_Pod] = []
    needles = tuple({name.encode() for program in programs().values() for name in program.images})
    for item in read(needles):
        pods.extend(_pods(item))
    wanted = {key for pod in pods for setting in pod.program.settings.values() for key in (*setting.keys, *setting.variables)}
    maps: list[Marked] = []
    if wanted:
        maps = [item for item in read(tuple(key.encode() for key in wanted)) if item.text_at("kind") == "ConfigMap"]
    found: dict[str, tuple[InstalledOperator, ...]] = {}
    for pod in pods:
        keys = dict(_keys(pod, maps))
        settings = {name: value for name, setting in pod.program.settings.items() for value in _values(pod, setting, keys)}
        made = InstalledOperator(pod.program, pod.image, settings)
        known = found.get(pod.program.operator, ())
        if made not in known:
            found[pod.program.operator] = (*known, made)
    return found


def _pods(item: Marked) -> Iterator[_Pod]:
    for spec in pod_specs(item):
        for container in containers_of(spec):
            try:
                image = parse_reference(container.text_at("image").strip())
            except InvalidReference:
                continue
            for program in programs().values():
                if any(f"/{image.repository}".endswith(f"/{end}") for end in program.images):
                    variables = dict(_variables(container))
                    yield _Pod(program, image, dict(_flags(container, variables)), variables, set(_words(spec)))


def _flags(container: Marked, variables: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield the flags of a container with their values; a flag without a value is `true`."""
    words = [
        _VARIABLE.sub(lambda match: variables.get(match[1]) or match[0], word.text)
        for part in ("command", "args")
        if (found := container.get(part)) is not None
        for word in found.list
    ]
    for word, following in pairwise((*words, "-")):
        flag, equals, value = word.partition("=")
        if flag.startswith("-"):
            yield flag.lstrip("-"), value if equals else "true" if following.startswith("-") else following


def _variables(container: Marked) -> Iterator[tuple[str, str | None]]:
    """Yield the variables of a container; None for a variable with its value elsewhere."""
    found = container.get("env")
    for variable in found.list if found is not None else ():
        value = variable.get("value")
        if value is not None or variable.get("valueFrom") is not None:
            yield variable.text_at("name"), value.text if value is not None else None


def _words(value: Marked) -> Iterator[str]:
    waiting, left = [value], _MAX_WORDS
    while waiting and left > 0:
        here = waiting.pop()
        left -= 1
        if isinstance(here.value, dict | list):
            waiting.extend(here.value.values() if isinstance(here.value, dict) else here.value)
        elif here.text:
            yield here.text
            yield here.text.rpartition("=")[2].rpartition("/")[2]


def _keys(pod: _Pod, maps: Iterable[Marked]) -> Iterator[tuple[str, str]]:
    """Yield the keys of the ConfigMaps that a pod names, and the top-level keys of YAML in their values."""
    for item in maps:
        data = item.get("data")
        if data is None or item.text_at("metadata", "name") not in pod.words | set(pod.program.maps):
            continue
        for key, value in data.items():
            yield key, value.text
            if "\n" in value.text and len(value.text) <= _MAX_CONFIG:
                try:
                    documents = load_marked(value.text.encode("utf-8", "replace"))
                except NotStructured:
                    continue
                yield from ((inner, one.text) for document in documents for inner, one in document.items() if one.text)


def _values(pod: _Pod, setting: OperatorSetting, keys: Mapping[str, str]) -> Iterator[str | None]:
    """Yield the value of a setting: flags come before variables, and both before files. Nothing if it is not set."""
    for flag in setting.arguments:
        if flag.lstrip("-") in pod.flags:
            value = pod.flags[flag.lstrip("-")]
            yield None if "$(" in value else value
            return
    for name in setting.variables:
        if name in pod.variables:
            yield pod.variables[name] if pod.variables[name] is not None else keys.get(name)
            return
    for key in (*setting.keys, *setting.variables):
        if key in keys:
            yield keys[key]
            return
