"""The ConfigMaps and Secrets of the workloads, as texts with their locations."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auditor.located import Marked
from auditor.readers.pods.model import PodText
from auditor.readers.workloads import Manifests

MAX_TEXT = 256 * 1024  # characters of one value
MAX_ALL = 32 * 1024 * 1024  # characters of all values
HOLDERS = frozenset({"ConfigMap", "Secret"})


@dataclass(slots=True)
class Texts:
    """The values of ConfigMaps and Secrets: kind and name, then namespace, then key."""

    found: dict[tuple[str, str], dict[str, dict[str, PodText]]] = field(default_factory=dict)
    is_full: bool = False
    _left: int = MAX_ALL

    def add(self, source: Manifests, item: Marked, namespace: str) -> None:
        """Keep the values of one object, up to a number of characters."""
        kind = item.text_at("kind")
        keys = self.found.setdefault((kind, item.text_at("metadata", "name")), {}).setdefault(namespace, {})
        for key, value, text in _values(item, kind):
            self._left -= len(text)
            if len(text) > MAX_TEXT or self._left < 0:
                self.is_full = True
                continue
            is_block = "\n" in text.strip() and source.origins is None and text is value.text
            keys[key] = PodText(text, source.place(value), is_block)

    def of(self, kind: str, name: str, namespace: str) -> Mapping[str, PodText] | None:
        """Return the values of one object, or None if it is not among the workloads.

        An object without a namespace belongs to the namespace of the release, so it matches any.
        """
        known = self.found.get((kind, name))
        if known is None:
            return None
        for one in (namespace, ""):
            if one in known:
                return known[one]
        return next(iter(known.values())) if not namespace else None

    def maps(self) -> dict[str, tuple[PodText, ...]]:
        """Return the values of every ConfigMap by its name."""
        return {name: tuple(_named(spaces)) for (kind, name), spaces in self.found.items() if kind == "ConfigMap"}


def _named(spaces: Mapping[str, Mapping[str, PodText]]) -> Iterator[PodText]:
    """Yield each value; a short one as `key=value`, so that its key can be found."""
    for keys in spaces.values():
        yield from keyed(keys)


def keyed(keys: Mapping[str, PodText]) -> Iterator[PodText]:
    """Yield the values of a ConfigMap or Secret; those of one line as `key=value`."""
    for key, piece in keys.items():
        text = piece.text if "\n" in piece.text.strip() else f"{key}={piece.text}"
        yield PodText(text, piece.location, piece.is_block)


def _values(item: Marked, kind: str) -> Iterator[tuple[str, Marked, str]]:
    for part in ("data", "stringData"):
        values = item.get(part)
        for key, value in values.items() if values is not None else ():
            if isinstance(value.value, dict | list) or value.value is None:
                continue
            if kind == "Secret" and part == "data":
                yield key, value, _decoded(value.text)
            else:
                yield key, value, value.text


def _decoded(text: str) -> str:
    if len(text) > 2 * MAX_TEXT:
        return ""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
