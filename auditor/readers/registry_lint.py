"""Lint the config.yml of distribution: each mistake with its line.

Executed on 2.8.2 and 3.0.0. Both silently ignore unknown keys, and do not start with a value of the wrong type or an invalid
pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from auditor.errors import Location
from auditor.located import Marked
from auditor.plan.spelling import closest
from auditor.readers.go_regexp import go_problem
from auditor.readers.registry_config import document_of

_LISTS = ("allow", "deny")
_URLS = "validation.manifests.urls"
# distribution configuration/configuration.go, v2.8.3 and v3.0.0. Other keys at the top are ignored.
_TOP = (
    "version", "log", "loglevel", "storage", "auth", "middleware", "http", "notifications", "redis", "health", "proxy",
    "compatibility", "policy", "validation", "catalog", "reporting", "tags",
)  # fmt: skip
_ALIKE = 0.75
# The keys of each mapping. A key of one that occurs in another is misplaced.
_KNOWN = {
    "validation": ("enabled", "disabled", "manifests"),
    "validation.manifests": ("urls", "indexes"),
    _URLS: _LISTS,
}
_BELONGS = {"manifests": "validation.manifests", "urls": _URLS, "allow": f"{_URLS}.allow", "deny": f"{_URLS}.deny"}


class Slip(StrEnum):
    """The kind of a mistake."""

    WRONG_KIND = "wrong-kind"  # the registry does not start
    NO_PATTERN = "no-pattern"  # the registry does not start
    UNKNOWN_KEY = "unknown-key"  # it is ignored
    NO_EFFECT = "no-effect"
    PROXY = "proxy"  # nothing can be pushed, and it does not start without its remote
    READ_ONLY = "read-only"  # nothing can be pushed


@dataclass(frozen=True, slots=True)
class RegistrySlip:
    """One mistake: the key, what is wrong, and the location. `detail` states what is expected."""

    slip: Slip
    key: str
    written: str
    location: Location
    detail: str = ""


def slips_in(file: str, data: bytes) -> Iterator[RegistrySlip]:
    """Yield every mistake, ordered by subject. Raises UnreadableConfig for a file that is not a YAML mapping."""
    document = document_of(file, data)
    reader = _Reader(file)
    for key in ("manifests", "urls"):
        if (found := document.get(key)) is not None:
            yield reader.slip(Slip.UNKNOWN_KEY, key, key, found, _BELONGS[key])
    for key, found in document.items():
        if key not in {*_TOP, *_BELONGS} and (near := closest(key.lower(), _TOP, _ALIKE)):
            yield reader.slip(Slip.UNKNOWN_KEY, key, key, found, near)
    validation = document.get("validation")
    if validation is not None:
        yield from reader.validation(validation)
    yield from reader.writing(document)


@dataclass(frozen=True)
class _Reader:
    file: str

    def slip(self, slip: Slip, key: str, written: str, at: Marked, detail: str = "") -> RegistrySlip:
        return RegistrySlip(slip, key, written, Location(self.file, at.line, at.column), detail)

    def validation(self, validation: Marked) -> Iterator[RegistrySlip]:
        """Yield the mistakes under `validation`."""
        switches = {key: found for key in ("enabled", "disabled") if (found := validation.get(key)) is not None}
        for key, found in switches.items():
            if not isinstance(found.value, bool):
                yield self.slip(Slip.WRONG_KIND, f"validation.{key}", found.text, found, "true or false")
        enabled, disabled = (switches[key].value is True if key in switches else False for key in ("enabled", "disabled"))
        if "enabled" in switches and switches["enabled"].value is False and not disabled:
            yield self.slip(Slip.NO_EFFECT, "validation.enabled", "false", switches["enabled"], "validation.disabled: true")
        if enabled and disabled:
            yield self.slip(Slip.NO_EFFECT, "validation.disabled", "true", switches["disabled"], "no validation.enabled")
        yield from self._keys(validation, "validation")
        urls = validation.get("manifests", "urls")
        for key in _LISTS:
            if urls is not None and (found := urls.get(key)) is not None:
                yield from self._patterns(found, f"{_URLS}.{key}", checks=enabled or not disabled)

    def _keys(self, mapping: Marked, path: str) -> Iterator[RegistrySlip]:
        """Yield keys that distribution does not know, here and below."""
        if mapping.value is not None and not isinstance(mapping.value, dict):
            yield self.slip(Slip.WRONG_KIND, path, mapping.text, mapping, "a mapping")
        for key, found in mapping.items():
            below = f"{path}.{key}"
            if key not in _KNOWN[path]:
                near = closest(key, _KNOWN[path])
                yield self.slip(Slip.UNKNOWN_KEY, below, key, found, _BELONGS.get(key) or (near and f"{path}.{near}"))
            elif below in _KNOWN:
                yield from self._keys(found, below)

    def _patterns(self, found: Marked, key: str, *, checks: bool) -> Iterator[RegistrySlip]:
        if found.value is None:
            return
        if not isinstance(found.value, list):
            yield self.slip(Slip.WRONG_KIND, key, found.text, found, "a list of regular expressions")
            return
        if found.list and not checks:
            yield self.slip(Slip.NO_EFFECT, key, f"{len(found.list)} patterns", found, "validation that is not disabled")
            return
        for item in found.list:
            if isinstance(item.value, (list, dict)):
                yield self.slip(Slip.WRONG_KIND, key, "", item, "a list of regular expressions")
            elif problem := go_problem(item.text):
                yield self.slip(Slip.NO_PATTERN, key, item.text, item, problem)

    def writing(self, document: Marked) -> Iterator[RegistrySlip]:
        """Yield settings that prevent every push."""
        remote = document.get("proxy", "remoteurl")
        if remote is not None and remote.text:
            yield self.slip(Slip.PROXY, "proxy.remoteurl", remote.text, remote)
        read_only = document.get("storage", "maintenance", "readonly", "enabled")
        if read_only is not None and read_only.value is True:
            yield self.slip(Slip.READ_ONLY, "storage.maintenance.readonly.enabled", "true", read_only)
