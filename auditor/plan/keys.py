"""Declare the keys of a plan. The schema, the validation and the conversion of a plan derive from these declarations.

A field of a part of the plan (auditor/plan/parts.py) is a key if its annotation carries a `Key`. To add a key, add such a
field: `auditor schema`, docs/plan.md, error messages and `Plan` then have it.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints


class ValueForm(enum.Enum):
    """How a value is written in YAML. auditor/plan/fields.py has the type that parses and checks each form."""

    ARCHIVES = enum.auto()  # files that only `collect` reads
    AREAS = enum.auto()
    BODY_SIZE = enum.auto()
    COUNT = enum.auto()
    DATE = enum.auto()
    DURATION = enum.auto()
    ENDPOINT_KIND = enum.auto()
    FILE = enum.auto()
    FILE_OR_FOLDER = enum.auto()
    FILES = enum.auto()  # or folders
    FILESYSTEM = enum.auto()
    FLAG = enum.auto()
    HOST = enum.auto()
    IMAGE_LIST = enum.auto()
    IMAGE_LISTS = enum.auto()  # a mapping of texts to image lists
    RELEASE_LISTS = enum.auto()  # one image list of a release, or several
    NAME = enum.auto()
    NAMESPACE = enum.auto()
    ONLY_FILES = enum.auto()
    OPTIONS = enum.auto()
    PLATFORM = enum.auto()
    PREFIXES = enum.auto()
    PROGRAM = enum.auto()
    RATE = enum.auto()
    REACHABLE = enum.auto()
    REGISTRY_AUTH = enum.auto()
    RELEASE = enum.auto()
    RENEWAL = enum.auto()
    ROOT_UPDATES = enum.auto()
    SEVERITIES = enum.auto()
    SIZE = enum.auto()
    TEXT = enum.auto()
    TEXTS = enum.auto()
    VERSION = enum.auto()


@dataclass(frozen=True, slots=True)
class SingleKeySection:
    """The mapping that holds only this key: `staging: {disk: 200GB}` is one value of the plan."""

    section: str
    about: str
    key: str
    description: str
    required: bool = False
    examples: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """The YAML key of a field. Without `form` it holds the part, or the parts, that the annotation names.

    `name`: the key, if it differs from the field's name. `by`: the form of the keys of a mapping of parts. `optional`: the key
    may be missing although the field has no default, or a default that the schema does not show. `or_file`: a file name may
    replace the value. `least` and `most` bound a number, `fewest` the items.
    """

    description: str
    form: ValueForm | None = None
    name: str = ""
    by: ValueForm | None = None
    examples: tuple[object, ...] = ()
    optional: bool = False
    required: bool = False
    or_file: bool = False
    inside: SingleKeySection | None = None
    least: int | None = None
    most: int | None = None
    fewest: int | None = None


@dataclass(frozen=True, slots=True)
class PlanSection:
    """The schema of a part of the plan: its name, and rules for several of its keys.

    `exactly_one` names keys: exactly one is required. `shorthand` is the key for a plain text value. `first` are the
    keys that the schema lists before the others.
    """

    name: str
    title: str = ""
    exactly_one: tuple[str, ...] = ()
    shorthand: str = ""
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """A key of a part: its field, its `Key`, its default, and the part that it holds, if any."""

    field: str
    key: Key
    part: type[Any] | None
    is_many: bool
    default: object

    @property
    def name(self) -> str:
        """The key in YAML."""
        return self.key.name or self.field


NO_DEFAULT = dataclasses.MISSING


def section_of(part: type[Any]) -> PlanSection:
    """Return the section that a part declares."""
    section = part.SECTION
    assert isinstance(section, PlanSection)  # noqa: S101 - every part declares one
    return section


_KNOWN: dict[type[Any], tuple[Declared, ...]] = {}


def keys_of(part: type[Any]) -> tuple[Declared, ...]:
    """Return the keys of a part in the order of the schema."""
    if part not in _KNOWN:
        first = section_of(part).first
        order = {name: number for number, name in enumerate(first)}
        _KNOWN[part] = tuple(sorted(_declared(part), key=lambda one: order.get(one.name, len(first))))
    return _KNOWN[part]


def _declared(part: type[Any]) -> Iterator[Declared]:
    fields = dataclasses.fields(part)
    hints: dict[str, Any] = {field.name: field.type for field in fields}
    if any(isinstance(hint, str) for hint in hints.values()):
        hints = get_type_hints(part, include_extras=True)
    for field in fields:
        key = next((extra for extra in getattr(hints[field.name], "__metadata__", ()) if isinstance(extra, Key)), None)
        if key is None:
            continue
        inner = get_args(hints[field.name])[0]
        made = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        yield Declared(field.name, key, _part_in(inner), getattr(inner, "__origin__", None) is tuple, made)


def _part_in(annotation: object) -> type[Any] | None:
    """Return the part that an annotation such as `tuple[Pool, ...]` or `Media | None` holds."""
    if isinstance(annotation, type) and hasattr(annotation, "SECTION"):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _part_in(inner)) is not None), None)
