"""config.yml of distribution, the registry: which `urls` in manifests it accepts. Nothing else is read here.

Its validation is on unless it is disabled. Then every URL must match a pattern of `allow`, if there is one, and none of `deny`.
Without any pattern, no URL is accepted. Patterns are Go regular expressions, and match anywhere in the URL.
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
    """An unreadable configuration, with reason and location. `missing`: the evidence does not contain it."""

    def __init__(self, why: str, location: Location, *, missing: bool = False) -> None:
        super().__init__(why)
        self.location = location
        self.missing = missing


@dataclass(frozen=True, slots=True)
class UrlRules:
    """The registry's rules for `urls`. `location` is the nearest written key."""

    location: Location
    checks: bool = True
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @property
    def takes_none(self) -> bool:
        """Whether every manifest with `urls` is rejected."""
        return self.checks and not self.allow and not self.deny

    def refuses(self, url: str) -> bool:
        """Return whether a manifest with this URL is rejected. Raises NotUnderstood for an unsupported pattern."""
        if not self.checks:
            return False
        if self.takes_none or _is_odd(url):
            return True
        if len(url) > MAX_URL:
            raise NotUnderstood(f"a URL of {len(url):,} characters")
        allowed = not self.allow or any(compiled(pattern, MAX_URL).search(url) for pattern in self.allow)
        return not allowed or any(compiled(pattern, MAX_URL).search(url) for pattern in self.deny)


def _is_odd(url: str) -> bool:
    """Return whether a URL is always rejected: not http(s), or with a fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return parts.scheme not in {"http", "https"} or bool(parts.fragment)


def config_of(plan: Plan) -> tuple[str, bytes] | None:
    """Return the plan's `registry.config` with its name for users; None if the plan names none.

    Raises UnreadableConfig.
    """
    registry = plan.registry
    if registry is None or not registry.config:
        return None
    name = normal(registry.config)
    if (data := plan.files.get(name)) is None:
        why = f"{registry.config}: {plan.left_out.get(name, 'the file is missing')}"
        raise UnreadableConfig(why, plan.where("registry", "config"), missing=True)
    return shown_path(plan.path, name), data


def url_rules(plan: Plan) -> UrlRules | None:
    """Return the rules of the plan's `registry.config`; None if the plan names none. Raises UnreadableConfig."""
    found = config_of(plan)
    return read_rules(*found) if found is not None else None


def document_of(file: str, data: bytes) -> Marked:
    """Return the configuration's mapping. Raises UnreadableConfig."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise UnreadableConfig(str(error), Location(file, error.line, error.column)) from error
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise UnreadableConfig("expected one mapping, as in a configuration of distribution", Location(file, 1))
    return documents[0]


def read_rules(file: str, data: bytes) -> UrlRules:
    """Return the rules in a file. Raises UnreadableConfig."""
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
