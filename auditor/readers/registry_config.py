"""config.yml of distribution, the registry: which `urls` in manifests it takes. Nothing else of it is read here.

Its validation is on unless it is disabled. Then every URL must match a pattern of `allow`, where there is one, and none of
`deny`; without any pattern none is taken. Patterns are regular expressions of Go, and match anywhere in the URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.errors import Location
from auditor.located import Marked, NotStructured, load_marked
from auditor.plan.model import Plan
from auditor.plan.plan_paths import normal, shown_path
from auditor.readers.node_config.rewriting import NotUnderstood, compiled

MAX_URL = 512


class UnreadableConfig(Exception):
    """The configuration cannot be told: why, and where. `missing`: it was not carried here."""

    def __init__(self, why: str, location: Location, *, missing: bool = False) -> None:
        super().__init__(why)
        self.location = location
        self.missing = missing


@dataclass(frozen=True, slots=True)
class UrlRules:
    """What a registry's configuration says of `urls`. `location` is the nearest key that is written."""

    location: Location
    checks: bool = True
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @property
    def takes_none(self) -> bool:
        """Whether no manifest with `urls` is taken at all."""
        return self.checks and not self.allow and not self.deny

    def refuses(self, url: str) -> bool:
        """Whether a manifest with this URL is refused. Raises NotUnderstood for a pattern that is not read here."""
        if not self.checks:
            return False
        if self.takes_none or _is_odd(url):
            return True
        if len(url) > MAX_URL:
            raise NotUnderstood(f"a URL of {len(url):,} characters")
        allowed = not self.allow or any(compiled(pattern, MAX_URL).search(url) for pattern in self.allow)
        return not allowed or any(compiled(pattern, MAX_URL).search(url) for pattern in self.deny)


def _is_odd(url: str) -> bool:
    """What is refused whatever is allowed: no http(s), or a fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return parts.scheme not in {"http", "https"} or bool(parts.fragment)


def config_of(plan: Plan) -> tuple[str, bytes] | None:
    """The plan's `registry.config`, as its user names it, and what is in it; None where the plan names none.

    Raises UnreadableConfig.
    """
    registry = plan.registry
    if registry is None or not registry.config:
        return None
    name = normal(registry.config)
    if (data := plan.files.get(name)) is None:
        why = f"{registry.config}: {plan.left_out.get(name, 'it is not among the files')}"
        raise UnreadableConfig(why, plan.where("registry", "config"), missing=True)
    return shown_path(plan.path, name), data


def url_rules(plan: Plan) -> UrlRules | None:
    """The rules of the plan's `registry.config`; None where the plan names none. Raises UnreadableConfig."""
    found = config_of(plan)
    return read_rules(*found) if found is not None else None


def document_of(file: str, data: bytes) -> Marked:
    """The mapping that a configuration is. Raises UnreadableConfig."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise UnreadableConfig(str(error), Location(file, error.line, error.column)) from error
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise UnreadableConfig("a configuration of distribution is one mapping", Location(file, 1))
    return documents[0]


def read_rules(file: str, data: bytes) -> UrlRules:
    """The rules in a file. Raises UnreadableConfig."""
    validation = document_of(file, data).get("validation")
    if validation is None:
        return UrlRules(Location(file, 1))
    enabled, disabled = (_switch(file, validation.get(key), key) for key in ("enabled", "disabled"))
    urls = validation.get("manifests", "urls")
    place = urls or validation
    allow, deny = (_patterns(file, urls.get(key) if urls else None, key) for key in ("allow", "deny"))
    return UrlRules(Location(file, place.line, place.column), enabled or not disabled, allow, deny)


def _switch(file: str, found: Marked | None, key: str) -> bool:
    if found is not None and not isinstance(found.value, bool):
        raise UnreadableConfig(f"`validation.{key}` must be true or false", Location(file, found.line, found.column))
    return found is not None and found.value is True


def _patterns(file: str, found: Marked | None, key: str) -> tuple[str, ...]:
    if found is None or found.value is None:
        return ()
    place = Location(file, found.line, found.column)
    if not isinstance(found.value, list) or not all(isinstance(item.value, str) for item in found.list):
        raise UnreadableConfig(f"`validation.manifests.urls.{key}` must be a list of regular expressions", place)
    return tuple(item.text for item in found.list)
