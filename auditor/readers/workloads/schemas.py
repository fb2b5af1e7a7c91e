"""Schemas of custom resources among the manifests: set aside, and parsed only for kinds with an object.

The API server fills the defaults of a schema into each object, so an image may be in the schema only. Schemas are the largest
part of many releases: one of 15 MB holds a few hundred relevant values. Format: apiextensions.k8s.io/v1,
CustomResourceDefinition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.located import Marked, NotStructured, iter_marked

KIND = "CustomResourceDefinition"
MAX_SCHEMA = 4 * 1024 * 1024  # bytes of one definition that is parsed
_MARKER = re.compile(rb"^---(?:[ \t][^\n]*)?$", re.MULTILINE)
_IS_DEFINITION = re.compile(rb"^kind:[ \t]+[\"']?CustomResourceDefinition[\"']?[ \t\r]*$", re.MULTILINE)
_API = re.compile(rb"^apiVersion:[ \t]+[\"']?apiextensions\.k8s\.io/v1(?:beta1)?[\"']?[ \t\r]*$", re.MULTILINE)
_KIND_KEY = re.compile(rb"^[\"']?kind[\"']?[ \t]*:", re.MULTILINE)
_GROUP = re.compile(rb"^[ \t]{1,8}group:[ \t]+[\"']?([A-Za-z0-9.-]{1,253})[\"']?[ \t\r]*$", re.MULTILINE)
_NAME = re.compile(rb"^[ \t]{1,16}kind:[ \t]+[\"']?([A-Za-z0-9]{1,63})[\"']?[ \t\r]*$", re.MULTILINE)
_MAX_FILLED = 2_000  # defaults that are filled into one object


@dataclass(frozen=True, slots=True)
class Definition:
    """The text of one definition, and the group and kind that it defines."""

    group: str
    kind: str
    text: bytes


def without_definitions(data: bytes) -> tuple[bytes, list[Definition]]:
    """Return a file with empty lines in place of its definitions, and the definitions. Lines keep their numbers.

    Only a document that is certainly a definition is removed: it has exactly one `kind` in column 1. A file with YAML
    directives stays unchanged.
    """
    if KIND.encode() not in data or data.startswith(b"%") or b"\n%" in data:
        return data, []
    kept: list[bytes] = []
    found: list[Definition] = []
    for document in documents_of(data):
        definition = _definition(document)
        if definition is None:
            kept.append(document)
        else:
            found.append(definition)
            kept.append(b"---" * document.startswith(b"---") + b"\n" * document.count(b"\n"))
    return (b"".join(kept), found) if found else (data, [])


def documents_of(data: bytes) -> Iterator[bytes]:
    """Yield the parts of a file, each beginning with its `---`."""
    start = 0
    for match in _MARKER.finditer(data):
        if match.start() > start:
            yield data[start : match.start()]
        start = match.start()
    yield data[start:]


def _definition(document: bytes) -> Definition | None:
    if KIND.encode() not in document or len(_KIND_KEY.findall(document)) != 1:
        return None
    if not _IS_DEFINITION.search(document) or not _API.search(document):
        return None
    group, kind = _GROUP.search(document), _NAME.search(document)
    if group is None or kind is None:
        return None
    return Definition(group[1].decode(), kind[1].decode(), document)


class Schemas:
    """The definitions of a plan's workloads, by group and kind. Each is parsed at the first object of its kind."""

    def __init__(self, definitions: list[Definition]) -> None:
        self._texts: dict[tuple[str, str], bytes] = {(one.group, one.kind): one.text for one in definitions}
        self._parsed: dict[tuple[str, str], Mapping[str, Marked]] = {}

    def defines(self, group: str, kind: str) -> bool:
        """Return whether the manifests contain a definition of the kind."""
        return (group, kind) in self._texts

    def filled(self, item: Marked, group: str, kind: str) -> Marked:
        """Return an object with the missing defaults of its schema; the object itself if it has all of them."""
        text = self._texts.get((group, kind))
        if text is None or b"default:" not in text or len(text) > MAX_SCHEMA:
            return item
        versions = self._parsed.get((group, kind))
        if versions is None:
            versions = self._parsed[group, kind] = _versions(text)
        schema = versions.get(item.text_at("apiVersion").rpartition("/")[2])
        return _Filling(item).with_defaults(item, schema) if schema is not None else item


def _versions(text: bytes) -> Mapping[str, Marked]:
    """Return the schema of each version; empty if the definition is unreadable."""
    try:
        definition = next(iter_marked(text), None)
    except NotStructured:
        return {}
    versions = definition.get("spec", "versions") if definition is not None else None
    schemas = {
        version.text_at("name"): schema
        for version in (versions.list if versions is not None else [])
        if (schema := version.get("schema", "openAPIV3Schema")) is not None
    }
    one = definition.get("spec", "validation", "openAPIV3Schema") if definition is not None else None
    return schemas if schemas or one is None or definition is None else {definition.text_at("spec", "version"): one}


class _Filling:
    """Fills defaults into one object. They get the location of the object, because its author sees that
    file, not the schema."""

    def __init__(self, item: Marked) -> None:
        self._at = item
        self._left = _MAX_FILLED

    def with_defaults(self, value: Marked, schema: Marked) -> Marked:
        """Return the value with the defaults below it, as the API server fills them: only into existing mappings."""
        properties, items = schema.get("properties"), schema.get("items")
        if isinstance(value.value, list) and items is not None:
            return Marked([self.with_defaults(each, items) for each in value.value], value.line, value.column)
        if not isinstance(value.value, dict):
            return value
        filled = dict(value.value)
        for key, below in properties.items() if properties is not None else ():
            own, default = filled.get(key), below.get("default")
            if own is None and default is not None and self._left > 0:
                self._left -= 1
                own = self._here(default)
            if own is not None:
                filled[key] = self.with_defaults(own, below)
        return Marked(filled, value.line, value.column)

    def _here(self, default: Marked) -> Marked:
        """Return a default, with the location of the object that it is filled into."""
        if isinstance(default.value, dict):
            inner: dict[str, Marked] = {key: self._here(value) for key, value in default.value.items()}
            return Marked(inner, self._at.line, self._at.column)
        if isinstance(default.value, list):
            return Marked([self._here(each) for each in default.value], self._at.line, self._at.column)
        return Marked(default.value, self._at.line, self._at.column, default.text)
