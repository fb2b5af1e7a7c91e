"""containerd's `certs.d/<registry>/hosts.toml`: the servers for the images of one registry.

Only tables in the form `[host."URL"]` count, in their order; containerd ignores dotted keys and inline tables. Then comes
`server`, or the registry itself. Format: containerd docs/hosts.md, core/remotes/docker/config/hosts.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.errors import Location
from auditor.facts import table
from auditor.facts.lookup import Found, Gap, rows_at
from auditor.facts.versions import Answer, Versioned, range_of
from auditor.readers.node_config.marked_toml import Toml
from auditor.readers.node_config.model import EVERYTHING, Namespace, Note, Role, Server, Unreadable
from auditor.readers.node_config.slips import ConfigSlip, Effect, Grammar, slip, slips_of
from auditor.readers.node_config.urls import hosts_toml_address
from auditor.text import shown

NAME = "hosts.toml"
REFERRERS = "referrers"  # a capability since containerd 2.2
_NO_REFERRERS = range_of(before="2.2")
DEFAULT = "_default"
_LOOKS = re.compile(rb"^[ \t]*+(?:\[[ \t]*+host\b|server[ \t]*+=[ \t]*+[\"']|host[ \t]*+[.=])", re.MULTILINE)
_HOST = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|localhost|[A-Za-z0-9-]+(?=[:_]\d)|\[[0-9a-fA-F:]+\])(?::\d+|_\d+_)?")
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:ns|us|µs|μs|ms|s|m|h))++)")
_NO_HOSTS = frozenset({"certs.d", "hosts.d"})
_KINDS: dict[str, tuple[type, str]] = {
    "server": (str, "text"),
    "capabilities": (list, "a list"),
    "override_path": (bool, "true or false"),
    "skip_verify": (bool, "true or false"),
    "dial_timeout": (str, "text"),
    "header": (dict, "a table"),
    "rewrite": (dict, "a table"),
}


def recognises(data: bytes) -> bool:
    """Detect the format by its first keys."""
    return _LOOKS.search(data) is not None


def names_host(folder: str) -> bool:
    """Return whether a folder of this name belongs to a registry."""
    return folder == DEFAULT or (folder not in _NO_HOSTS and _HOST.fullmatch(folder) is not None)


def folders_for(registry: str, *, windows: bool) -> tuple[str, ...]:
    """Return the folders that containerd tries for a registry, in order. The first existing one decides."""
    host, colon, port = registry.rpartition(":")
    marked = f"{host}_{port}_" if colon and host else registry
    names = [marked, registry, DEFAULT]
    return tuple(dict.fromkeys(name.replace(":", "") if windows else name for name in names))


class HostsReading(Versioned, frozen=True, kw_only=True):
    """How a range of containerd versions reads a hosts.toml."""

    needs_host: bool
    bom: bool


def readings_at(runtime: str) -> Found[HostsReading]:
    """Return how a version of containerd reads the file, or why this is unknown."""
    return rows_at(table("hosts_toml", HostsReading), runtime, "containerd")


def reading_of(runtime: str) -> HostsReading | None:
    """Return how a version reads the file; None if the version is unknown."""
    return readings_at(runtime).first


def slips(file: str, toml: Toml, runtime: str) -> Iterator[ConfigSlip]:
    """Yield every key that containerd does not know, and every mistake for which it skips the file."""
    grammar = Grammar(NAME, runtime)

    def where(path: tuple[str, ...]) -> Location:
        return Location(file, toml.line(*path))

    yield from slips_of(grammar, toml.data, where)
    hosts = toml.get("host")
    for path in ((), *(("host", url) for url in (hosts if isinstance(hosts, dict) else ()))):
        timeout = toml.get(*path, "dial_timeout")
        if isinstance(timeout, str) and grammar.row((*path, "dial_timeout")) and not _DURATION.fullmatch(timeout):
            here = (*path, "dial_timeout")
            yield slip(grammar, Effect.UNREAD, here, f"{shown(timeout)} is not a duration", where(here), instead="30s")
        capabilities = toml.get(*path, "capabilities")
        if isinstance(capabilities, list) and REFERRERS in capabilities and _NO_REFERRERS.answer(runtime) is Answer.YES:
            here = (*path, "capabilities")
            yield slip(grammar, Effect.UNREAD, here, f"containerd before 2.2 has no capability {REFERRERS}", where(here))
    reading = reading_of(runtime)
    if toml.get("host") is None and toml.data and reading is not None and reading.needs_host:
        why = f"containerd {runtime} ignores a hosts.toml without a [host] table"
        yield slip(grammar, Effect.UNREAD, (), why, Location(file, 1), message="invalid `host` tree", instead="[host]")


def read(file: str, toml: Toml, *, rewrites: bool, runtime: str = "") -> tuple[Namespace, tuple[Note, ...]]:
    """Return the servers, and the settings without effect. `rewrites` states whether this containerd supports them. Raises
    Unreadable."""
    hosts = toml.get("host")
    if hosts is not None and not isinstance(hosts, dict):
        raise Unreadable("`host` is not a table", toml.line("host"))
    _check(toml, toml.data, ())
    if hosts is None and toml.get("server") and (passed := _passed_over(file, runtime)) is not None:
        return passed
    servers = [_server(file, toml, url, rewrites=rewrites) for url in _ordered(toml)]
    server = toml.get("server")
    if server:
        servers.append(_made(file, toml, server, toml.data, toml.line("server"), "server"))
    notes = tuple(_ignored(file, toml, hosts or {}, rewrites=rewrites))
    return Namespace(tuple(servers), Location(file, 1), own=not server), notes


def _passed_over(file: str, runtime: str) -> tuple[Namespace, tuple[Note, ...]] | None:
    """Return the result for a file without a [host] table: containerd before 2.0 ignores it. Raises Unreadable."""
    reading = readings_at(runtime).agreed(lambda row: row.needs_host)
    if isinstance(reading, Gap):
        why = f"containerd before 2.0 ignores a hosts.toml without a [host] table, and {reading.why}"
        raise Unreadable(f"{why}: add an empty `[host]` table", 1, accepted=True)
    if not reading.needs_host:
        return None
    why = f"containerd {runtime} ignores a hosts.toml without a [host] table: add an empty `[host]` table at its end"
    return Namespace((), Location(file, 1)), (Note(Location(file, 1), why),)


def _ordered(toml: Toml) -> Iterator[str]:
    before = ""
    for header in toml.headers:
        if len(header) > 1 and header[0] == "host" and header[1] != before:
            before = header[1]
            yield before


def _check(toml: Toml, table: dict[str, Any], path: tuple[str, ...]) -> None:
    """Raise Unreadable for a value of the wrong type, because containerd then ignores the whole file."""
    for key, (kind, words) in _KINDS.items():
        if key in table and not isinstance(table[key], kind):
            raise Unreadable(f"{shown(key)} must be {words}", toml.line(*path, key))


def _server(file: str, toml: Toml, url: str, *, rewrites: bool) -> Server:
    path = ("host", url)
    table = toml.get(*path)
    if not isinstance(table, dict):
        raise Unreadable(f"{shown(url)} is not a table", toml.line(*path))
    _check(toml, table, path)
    made = _made(file, toml, url, table, toml.line(*path), "mirror")
    if not rewrites or "rewrite" not in table:
        return made
    pairs = tuple((pattern, str(instead)) for pattern, instead in table["rewrite"].items())
    return Server(made.scheme, made.host, made.root, made.capabilities, made.location, made.role, pairs)


def _made(file: str, toml: Toml, url: str, table: dict[str, Any], line: int, role: Role) -> Server:
    try:
        address = hosts_toml_address(url, override_path=table.get("override_path", False))
    except Unreadable as error:
        raise Unreadable(str(error), line) from error
    capabilities = frozenset(str(name).lower() for name in table.get("capabilities", ())) or EVERYTHING
    if unknown := capabilities - EVERYTHING - {REFERRERS}:
        path = ("host", url) if role == "mirror" else ()
        raise Unreadable(f"{shown(min(unknown))} is not a capability", toml.line(*path, "capabilities"))
    return Server(address.scheme, address.host, address.path, capabilities, Location(file, line), role)


def _ignored(file: str, toml: Toml, hosts: dict[str, Any], *, rewrites: bool) -> Iterator[Note]:
    seen = set(_ordered(toml))
    for url, found in hosts.items():
        place = Location(file, toml.line("host", url))
        if url not in seen:
            yield Note(place, f"containerd uses only hosts with a separate table: write [host.{_quoted(url)}]")
        elif isinstance(found, dict) and "rewrite" in found and not rewrites:
            yield Note(place, "only the containerd of K3s and RKE2 supports `rewrite`")


def _quoted(text: str) -> str:
    return '"' + shown(text)[1:-1] + '"'
