"""containerd's config.toml: the search path for hosts.toml files, the old mirrors, and the sandbox image.

Their location depends on the version that the file declares: facts/containerd_config.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditor.errors import Location
from auditor.facts import table
from auditor.facts.lookup import GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.readers.model import Setting
from auditor.readers.node_config.marked_toml import Toml
from auditor.readers.node_config.model import PULL, RESOLVE, Namespace, Note, Server, Unreadable
from auditor.readers.node_config.slips import ConfigSlip, Effect, Grammar, Where, slip, slips_of
from auditor.readers.node_config.urls import endpoint_address
from auditor.text import shown

NAME = "config.toml"
_LOOKS = re.compile(
    rb"^[ \t]*+(?:\[[ \t]*+plugins\b|plugins[ \t]*+[.=]|version[ \t]*+=[ \t]*+\d|imports[ \t]*+=|disabled_plugins[ \t]*+=)",
    re.MULTILINE,
)
_CAPABILITIES = frozenset({PULL, RESOLVE})


class ConfigPlace(Versioned, frozen=True, kw_only=True):
    """The location of the registry settings and the sandbox image in a config.toml of a version."""

    version: int
    registry: tuple[str, ...]
    sandbox: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerdConfig:
    """The content of one file. `mirrors_at` is the location of `registry.mirrors`, or None."""

    version: int
    config_path: Setting | None
    mirrors: dict[str, Namespace]
    mirrors_at: Location | None
    sandbox: Setting | None
    imports: tuple[Setting, ...]
    notes: tuple[Note, ...]


def recognises(data: bytes) -> bool:
    """Detect the format by its first keys."""
    return _LOOKS.search(data) is not None


def places(version: int, runtime: str) -> tuple[ConfigPlace, ...]:
    """Return where a containerd searches. If `runtime` has no version, return the locations of all versions."""
    rows: tuple[ConfigPlace, ...] = table("containerd_config", ConfigPlace)
    own = tuple(row for row in rows if row.version == version)
    found = rows_at(own, runtime, "containerd")
    # A version that the facts cannot place may use any of the places.
    return own if found.gap is not None and found.gap.kind is not GapKind.UNCOVERED else found.rows


def read(file: str, toml: Toml, runtime: str) -> ContainerdConfig:
    """Return the settings that this version of containerd reads from the file. Raises Unreadable."""
    version = toml.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise Unreadable("`version` must be a number", toml.line("version"))
    read_at = places(version or 1, runtime)
    if not read_at:
        raise Unreadable(f"containerd {runtime} does not read a configuration of version {version}", toml.line("version"))
    registries = [place.registry for place in read_at if _is_table(toml, place.registry)]
    paths = [found for path in registries if (found := _setting(file, toml, (*path, "config_path"))) is not None]
    sandboxes = [found for place in read_at if (found := _setting(file, toml, place.sandbox)) is not None]
    mirrors, mirrors_at = _mirrors(file, toml, registries)
    return ContainerdConfig(
        version=version or 1,
        config_path=next((path for path in reversed(paths) if path.text), None),
        mirrors=mirrors,
        mirrors_at=mirrors_at,
        sandbox=next((image for image in reversed(sandboxes) if image.text), None),
        imports=tuple(_imports(file, toml)),
        notes=tuple(_elsewhere(file, toml, version, read_at)),
    )


def slips(file: str, toml: Toml, runtime: str) -> Iterator[ConfigSlip]:
    """Yield every top-level and registry key that containerd does not know, and every value of a wrong type."""

    def where(path: tuple[str, ...]) -> Location:
        return Location(file, toml.line(*path))

    declared = toml.get("version")
    version = declared if isinstance(declared, int) and not isinstance(declared, bool) else 1
    registries = dict.fromkeys(place.registry for place in places(version, runtime))
    settings = Grammar("config.toml registry", runtime)
    known = settings.names(("registry",))
    for found in slips_of(Grammar(NAME, runtime), toml.data, where):
        yield (
            replace(found, instead=_dotted((*next(iter(registries)), found.key)))
            if found.key in known and registries
            else found
        )
    for registry in registries:
        plugin = toml.get(*registry[:-1])
        for key in plugin if isinstance(plugin, dict) else ():
            if key in known:
                why = "containerd reads this key only in the table `registry`"
                instead = _dotted((*registry, key))
                yield slip(settings, Effect.IGNORED, (*registry[:-1], key), why, where((*registry[:-1], key)), instead=instead)
        inner = toml.get(*registry)
        if isinstance(inner, dict):
            yield from slips_of(settings, {"registry": inner}, _below(where, registry[:-1]))


def _below(where: Where, above: tuple[str, ...]) -> Where:
    """Return the locations of the content of a table."""
    return lambda path: where((*above, *path))


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(f'"{part}"' if "." in part else part for part in path)


def _is_table(toml: Toml, path: tuple[str, ...]) -> bool:
    found = toml.get(*path)
    if found is not None and not isinstance(found, dict):
        raise Unreadable(f"{shown('.'.join(path))} must be a table", toml.line(*path))
    return found is not None


def _setting(file: str, toml: Toml, path: tuple[str, ...]) -> Setting | None:
    found = toml.get(*path)
    if found is None:
        return None
    if not isinstance(found, str):
        raise Unreadable(f"{shown(path[-1])} must be text", toml.line(*path))
    return Setting(found, Location(file, toml.line(*path)))


def _imports(file: str, toml: Toml) -> Iterator[Setting]:
    imports = toml.get("imports")
    for name in imports if isinstance(imports, list) else ():
        yield Setting(str(name), Location(file, toml.line("imports")))


def _mirrors(file: str, toml: Toml, registries: list[tuple[str, ...]]) -> tuple[dict[str, Namespace], Location | None]:
    found: dict[str, Namespace] = {}
    at: Location | None = None
    for path in registries:
        inside = (*path, "mirrors")
        if not _is_table(toml, inside):
            continue
        hosts = toml.get(*inside)
        at = Location(file, toml.line(*inside, *tuple(hosts)[:1])) if hosts else at
        for host, mirror in hosts.items():
            found[host] = _namespace(file, toml, (*inside, host), mirror)
    return found, at


def _namespace(file: str, toml: Toml, path: tuple[str, ...], mirror: Any) -> Namespace:  # noqa: ANN401
    endpoints = mirror.get("endpoint", []) if isinstance(mirror, dict) else None
    line = toml.line(*path, "endpoint")
    if not isinstance(endpoints, list) or not all(isinstance(endpoint, str) for endpoint in endpoints):
        raise Unreadable(f"the endpoint of {shown(path[-1])} must be a list of URLs", line)
    try:
        addresses = [endpoint_address(endpoint) for endpoint in endpoints]
    except Unreadable as error:
        raise Unreadable(str(error), line) from error
    place = Location(file, line)
    servers = tuple(Server(one.scheme, one.host, one.path, _CAPABILITIES, place) for one in addresses)
    return Namespace(servers, place, own=all(server.host != path[-1] for server in servers))


def _elsewhere(file: str, toml: Toml, version: int | None, read_at: tuple[ConfigPlace, ...]) -> Iterator[Note]:
    """Yield settings at the location that another version of the file uses."""
    rows: tuple[ConfigPlace, ...] = table("containerd_config", ConfigPlace)
    own = {place for row in read_at for place in (row.registry, row.sandbox)}
    declared = f"version {version}" if version else "no version, which counts as 1"
    for place in dict.fromkeys(place for row in rows for place in (row.registry, row.sandbox)):
        if place not in own and toml.get(*place) is not None:
            right = _dotted(read_at[-1].registry)
            why = f"the file declares {declared}, so containerd reads the registry settings from [{right}]"
            yield Note(Location(file, toml.line(*place)), why)
