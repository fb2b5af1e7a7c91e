"""Images that operators build for an object: from a version in the object, or from a default in the operator's binary.

Facts: auditor/facts/operator_images.yaml has the kinds, operator_programs.yaml the operators and their settings, and
operator_defaults.yaml the built-in defaults of each operator version. Images that no fact covers stay unknown, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import msgspec

from auditor.facts import Fact, table
from auditor.located import Marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.readers.demands import Certainty
from auditor.readers.workloads.installed import InstalledOperator, Operators, covered, default_of, programs
from auditor.text import shown

_HOLE = re.compile(r"\{([^{}]{1,200})\}")
_OWN = frozenset({"image", "location", "repository", "version"})  # of the operator itself
_WITH_V = "v:"
_OPERATIONS = ("!=", ">=", "<", "~", "=")
_NUMBERS = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-+].{0,200})?")


class OperatorImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One image of a kind: its template, when it is pulled, and the operating system of its nodes.

    `tag` is the template of a tag for an image without one. With `needs_host`, a name without a registry is unknown.

    A placeholder of the template is `{spec.version}`, a field of the object; `{Kind:spec.version}`, a field of the object of
    another kind of the same group; `{@name}`, a setting of the operator; or alternatives with `|`, where the first one that is
    set counts. `'text'` is text, and `v:spec.version` begins with `v` in any case. `{@images[spec.version]}` is the item of a
    setting that maps keys to images.
    """

    image: str
    tag: str = ""
    when: tuple[str, ...] = ()
    os: str = ""
    needs_host: bool = False


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A case that the facts do not cover, with the reason."""

    why: str
    when: tuple[str, ...] = ()


class OperatorRow(Fact, frozen=True, kw_only=True):
    """The images of some kinds of one group. `unknown`: cases without coverage. `more`: cases with further images."""

    group: str
    kinds: tuple[str, ...]
    operator: str
    images: tuple[OperatorImage, ...] = ()
    unknown: tuple[Refusal, ...] = ()
    more: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """An image that an operator builds: its text and reference, its certainty and its OS.

    `field` is the field that it comes from, or the operator and its version.
    """

    at: Marked
    field: str
    text: str
    reference: Reference
    certainty: Certainty
    os: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The images of one object, and why others are unknown."""

    images: tuple[Built, ...]
    missing: tuple[str, ...] = ()


class _Missing(Exception):
    """A fact that a template or a condition needs is missing; the message names it."""


@cache
def _rows() -> Mapping[tuple[str, str], OperatorRow]:
    rows: tuple[OperatorRow, ...] = table("operator_images", OperatorRow)
    return {(row.group, kind): row for row in rows for kind in row.kinds}


def built_images(item: Marked, group: str, kind: str, operators: Operators) -> Outcome | None:
    """Return the images that an operator runs for an object; None if no fact has its kind."""
    row = _rows().get((group, kind))
    return _Object(item, row, operators).outcome() if row is not None else None


@dataclass(slots=True)
class _Object:
    item: Marked
    row: OperatorRow
    operators: Operators
    _used: list[tuple[str, Marked]] = field(default_factory=list)  # fields of the object that one image used
    _is_configured: bool = False

    def outcome(self) -> Outcome:
        missing: dict[str, None] = {}
        refused = [refusal.why for refusal in self.row.unknown if self._is_refused(refusal, missing)]
        if refused:
            return Outcome((), tuple(refused))
        missing.update((refusal.why, None) for refusal in self.row.more if self._is_refused(refusal, missing))
        made: dict[Reference, Built] = {}
        for rule in self.row.images:
            self._used, self._is_configured = [], False
            try:
                if self._all(rule.when):
                    one = self._built(rule)
                    made.setdefault(one.reference, one)
            except _Missing as error:
                missing[str(error)] = None
        return Outcome(tuple(made.values()), tuple(missing))

    def _is_refused(self, refusal: Refusal, missing: dict[str, None]) -> bool:
        try:
            return self._all(refusal.when)
        except _Missing as error:
            missing[str(error)] = None
            return False

    def _filled(self, template: str) -> str:
        return _HOLE.sub(lambda match: self._hole(match[1]), template)

    def _built(self, rule: OperatorImage) -> Built:
        self._used.clear()
        text = self._filled(rule.image).removeprefix("docker://")
        while "//" in text:
            text = text.replace("//", "/")
        text = text.removeprefix("/")
        if rule.tag and not any(sign in text.rpartition("/")[2] for sign in ":@"):
            text = f"{text}:{self._filled(rule.tag)}"
        if rule.needs_host and not any(sign in text.partition("/")[0] for sign in ".:"):
            raise _Missing(f"{shown(text)} names no registry, and the registry that {self.row.operator} adds is unknown")
        try:
            reference = parse_reference(text)
        except InvalidReference as error:
            raise _Missing(f"{shown(text)} is not an image reference ({error})") from None
        name, at = self._used[0] if self._used else (self._source(), self.item)
        sure = Certainty.CONFIGURED if self._is_configured else Certainty.STATED
        return Built(at, name, text, reference, sure, rule.os)

    def _source(self) -> str:
        """Return the operator and its version, if no field of the object has a part of an image."""
        installed = self._one()
        return f"{self.row.operator} {installed.version}" if installed is not None else self.row.operator

    def _hole(self, hole: str) -> str:
        """Return the text for a placeholder: the first alternative that is set."""
        reasons = []
        for part in hole.split("|"):
            if part.startswith("'"):
                return part.strip("'")
            name, _, key = part.partition("[") if part.startswith("@") else (part, "", "")
            try:
                value = self._setting(name[1:]) if part.startswith("@") else self._field(part.removeprefix(_WITH_V))
            except _Missing as error:
                reasons.append(str(error))
                break
            if value and key:
                value = self._mapped(name[1:], value, key.removesuffix("]"))
            if value:
                return f"v{value.removeprefix('v')}" if part.startswith(_WITH_V) else value
            if not part.startswith("@"):
                reasons.append(f"{part.removeprefix(_WITH_V)} is not set")
            else:
                reasons.append(f"{self.row.operator} does not set {name[1:]}")
        raise _Missing(reasons[-1])

    def _mapped(self, name: str, lines: str, path: str) -> str:
        """Return the image of a setting with lines `key=image`, for the key in a field, or the default."""
        wanted = next((one for part in path.split("+") if (one := self._key(part))), "")
        if not wanted:
            raise _Missing(f"{path.partition('+')[0]} is not set")
        for line in lines.split():
            key, equals, image = line.partition("=")
            if equals and key == wanted:
                return image
        raise _Missing(f"{name} of {self.row.operator} has no image for {shown(wanted)}")

    def _key(self, part: str) -> str:
        return (self._setting(part[1:]) or "") if part.startswith("@") else self._field(part)

    def _field(self, path: str) -> str:
        for value in self._at(path):
            if value.text and value.value is not None:
                if not path[0].isupper():
                    self._used.append((path, value))
                return value.text.strip()
        return ""

    def _at(self, path: str) -> Iterator[Marked]:
        """Yield the values at a path: `spec.image`, or `Kind:spec.image` in the objects of that kind and this group.

        `Kind[spec.ref.name]:spec.image` is for the object with the name in `spec.ref.name`.
        """
        kind, colon, rest = path.partition(":")
        if not colon:
            yield from found_at(self.item, path)
            return
        kind, bracket, reference = kind.partition("[")
        name = self._field(reference.removesuffix("]")) if bracket else ""
        for other in self.operators.objects(self.row.group, kind):
            if not bracket or other.text_at("metadata", "name") == name:
                yield from found_at(other, rest)

    def _one(self) -> InstalledOperator | None:
        """Return the operator of this row in the workloads; an error if there are different ones."""
        found = self.operators.of(self.row.operator)
        if len(found) > 1:
            names = ", ".join(dict.fromkeys(str(one.image) for one in found))
            raise _Missing(f"{self.row.operator} is in the workloads more than once ({names})")
        return found[0] if found else None

    def _setting(self, name: str) -> str | None:
        """Return a setting of the operator, or its default. None if it has neither; an error if it is unknown."""
        operator, installed = self.row.operator, self._one()
        if name in _OWN:
            return self._own(installed, name)
        if installed is not None and name in installed.settings:
            value = installed.settings[name]
            if value is None:
                raise _Missing(f"the value of {name} of {operator} is not in the workloads")
            self._is_configured = True
            if value:
                return value
        setting = programs()[operator].settings.get(name)
        if setting is not None and setting.default is not None:
            if _HOLE.search(setting.default) is None:
                return setting.default
            self._is_configured = True
            return self._filled(setting.default)
        if covered(operator, name) is not None:
            return self._by_version(installed, name)
        return None if installed is not None else self._own(None, name)

    def _own(self, installed: InstalledOperator | None, name: str) -> str:
        if installed is None:
            raise _Missing(f"{self.row.operator} selects an image, but it is not in the workloads")
        if name == "version" and not installed.version:
            raise _Missing(f"the image {installed.image} does not state the version of {self.row.operator}")
        self._is_configured = True
        own = {"location": installed.location, "repository": installed.image.repository, "image": str(installed.image)}
        return own.get(name, installed.version)

    def _by_version(self, installed: InstalledOperator | None, name: str) -> str:
        operator, version = self.row.operator, self._own(installed, "version")
        value = default_of(operator, version, name)
        if value is None:
            first, last = covered(operator, name) or ("", "")
            raise _Missing(f"{operator} has the version {shown(version)}, but the facts cover {first} to {last}")
        self._is_configured = True
        return value

    def _all(self, conditions: tuple[str, ...]) -> bool:
        return all(self._holds(condition) for condition in conditions)

    def _holds(self, condition: str) -> bool:
        """Return whether `spec.image`, `!spec.image`, `spec.type=a,b`, `spec.version>=8.16` or the same for a setting `@name`
        is true."""
        start = condition.rfind("]") + 1
        operation = next((one for one in _OPERATIONS if one in condition[start:]), "")
        tail, _, wanted = condition[start:].partition(operation) if operation else (condition[start:], "", "")
        path = (condition[:start] + tail).removeprefix("!")
        if path.startswith("@"):
            texts: tuple[str, ...] = (self._setting(path[1:]) or "",)
            is_set = texts[0] not in {"", "false"}
        else:
            values = tuple(self._at(path))
            texts = tuple(value.text for value in values) or ("",)
            is_set = any(bool(value.value) or isinstance(value.value, dict) for value in values)
        holds = _compared(texts, operation, wanted, path) if operation else is_set
        return holds is not condition.startswith("!")


def _compared(texts: tuple[str, ...], operation: str, wanted: str, path: str) -> bool:
    """Return whether a text is (`=`), or none is (`!=`), in a list; else whether the first has a character, or is an older
    version."""
    if operation in {"=", "!="}:
        return (operation == "=") is not set(texts).isdisjoint(wanted.split(","))
    text = texts[0]
    if operation == "~":
        return not set(text).isdisjoint(wanted)
    have, want = _numbers(text), _numbers(wanted)
    if have is None or want is None:
        raise _Missing(f"{path} is not set" if not text else f"{path} is not a version: {shown(text)}")
    return have < want if operation == "<" else have >= want


def _numbers(text: str) -> tuple[int, int, int] | None:
    found = _NUMBERS.fullmatch(text)
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else None


def found_at(item: Marked, path: str) -> Iterator[Marked]:
    """Yield the values at a path. `containers[name=kibana]` is the item of a list with that name, `nodes[]` each item."""
    end = path.find("]") if "[" in path.partition(".")[0] else -1
    head, rest = (path[: end + 1], path[end + 1 :].removeprefix(".")) if end >= 0 else path.partition(".")[::2]
    key, bracket, selector = head.partition("[")
    found = item.get(key)
    if found is None:
        return
    name, _, wanted = selector.removesuffix("]").partition("=")
    below = [one for one in found.list if not name or one.text_at(name) == wanted] if bracket else [found]
    for one in below:
        if rest:
            yield from found_at(one, rest)
        else:
            yield one
