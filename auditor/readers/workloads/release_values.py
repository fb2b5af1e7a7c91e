"""The values of releases as YAML documents, and the objects that name them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.located import Marked
from auditor.readers.workloads.gitops_releases import GitOpsRelease

_TEMPLATE = ("{{", "${")
_MOST = 100  # sources of values of one release
_DEFAULT_KEY = "values.yaml"


@dataclass(frozen=True, slots=True)
class Draft:
    """One object or document: its file (relative to the plan), its location for users, and its namespace."""

    file: str
    place: Location
    item: Marked
    default_namespace: str = ""
    folder: str = ""  # the folder that the plan names and that contains `file`

    @property
    def namespace(self) -> str:
        """The namespace of the object."""
        return self.item.text_at("metadata", "namespace") or self.default_namespace

    @property
    def owner(self) -> str:
        """The name of the object in messages: `HelmRelease apps/podinfo`; for a file its path."""
        if not self.item.text_at("kind"):
            return self.file
        space, name = self.namespace, self.item.text_at("metadata", "name") or self.item.text_at("metadata", "generateName")
        return f"{self.item.text_at('kind')} {f'{space}/' if space else ''}{name}"

    def release(self, chart: str) -> GitOpsRelease:
        """Return a release that this object states."""
        return GitOpsRelease(self.file, self.item.line, self.place, self.owner, chart)


@dataclass(frozen=True, slots=True)
class Objects:
    """The documents that state releases or belong to them. `others` finds ConfigMaps, `file` reads a file of the plan."""

    drafts: tuple[Draft, ...]
    others: Callable[[str, str], Iterator[Marked]] = field(repr=False)
    file: Callable[[str], bytes | None] = field(repr=False)

    def named(self, kind: str, namespace: str, name: str) -> Draft | None:
        """Return the object of a kind, namespace and name. An object without a namespace matches any."""
        return next(
            (
                one
                for one in self.drafts
                if one.item.text_at("kind") == kind
                and one.item.text_at("metadata", "name") == name
                and (one.namespace == namespace or not one.namespace or not namespace)
            ),
            None,
        )

    def config(self, namespace: str, name: str) -> Marked | None:
        """Return the data of a ConfigMap."""
        for item in self.others("ConfigMap", name):
            space = item.text_at("metadata", "namespace")
            if item.text_at("metadata", "name") == name and (space == namespace or not space or not namespace):
                return item.get("data")
        return None


def as_values(value: Marked) -> bytes:
    """Return a mapping of values as a document for helm."""
    return json.dumps(value.plain(), default=str).encode()


def is_templated(value: Marked) -> list[str]:
    """Return a doubt if a text in the values has a template that a controller fills in."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here.value, str) and any(mark in here.text for mark in _TEMPLATE):
            return ["its values have templates that the controller fills in"]
        waiting.extend([*here.mapping.values(), *here.list])
    return []


def set_values(pairs: Iterable[tuple[str, Marked]]) -> bytes:
    """Return values given by paths, as with `--set`: `image.tag=1`, `hosts[0].name=a`."""
    made: dict[str, object] = {}
    for path, value in pairs:
        _put(made, path, value.plain() if not isinstance(value.value, str) else _typed(value.text))
    return json.dumps(_listed(made), default=str).encode()


def _typed(text: str) -> object:
    """Return the value of a text as `--set` parses it."""
    if text in {"true", "false"}:
        return text == "true"
    if text == "null":
        return None
    return int(text) if text.isdigit() and len(text) < 19 and (text == "0" or not text.startswith("0")) else text


def _put(into: dict[str, object], path: str, value: object) -> None:
    keys = path.replace("\\.", "\x00").replace("[", ".[").split(".")
    here = into
    for key in (part.replace("\x00", ".") for part in keys[:-1]):
        below = here.setdefault(key, {})
        if not isinstance(below, dict):
            below = here[key] = {}
        here = below
    here[keys[-1].replace("\x00", ".")] = value


def _listed(value: object) -> object:
    """Turn mappings with the keys `[0]`, `[1]`, … into lists."""
    if not isinstance(value, dict):
        return value
    made = {key: _listed(inner) for key, inner in value.items()}
    if made and all(key.startswith("[") and key[1:-1].isdigit() for key in made):
        return [made[key] for key in sorted(made, key=lambda key: int(key[1:-1]))]
    return made


def configured(spec: Marked, namespace: str, objects: Objects) -> tuple[list[bytes], list[str]]:
    """Return the values of `valuesFrom`, as in Flux and Fleet, and doubts about values that are not in the manifests."""
    values: list[bytes] = []
    doubts: list[str] = []
    found = spec.get("valuesFrom")
    for one in (found.list if found is not None else [])[:_MOST]:
        reference = one.get("configMapKeyRef") or one.get("secretKeyRef") or one
        kind = one.text_at("kind") or ("ConfigMap" if one.get("configMapKeyRef") is not None else "Secret")
        name, space = reference.text_at("name"), reference.text_at("namespace") or namespace
        key = reference.text_at("key") or reference.text_at("valuesKey") or _DEFAULT_KEY
        data = objects.config(space, name) if kind == "ConfigMap" else None
        value = data.get(key) if data is not None else None
        if value is None:
            is_optional = one.text_at("optional") == "true" and kind == "ConfigMap"
            if not is_optional:
                doubts.append(f"its values in the {kind} {name} (key {key}) are not among the manifests")
        elif path := one.text_at("targetPath"):
            values.append(set_values([(path, value)]))
        else:
            values.append(value.text.encode())
    return values, doubts
