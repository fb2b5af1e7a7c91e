"""registries.yaml of K3s and RKE2, from which they write a hosts.toml per registry.

Endpoints are used in order with the rewrites of their mirror, and then the registry itself, unless a server flag disables that.
Format: docs.k3s.io installation/private-registry; k3s pkg/agent/containerd/config.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.errors import Location
from auditor.located import Marked, NotStructured, TwiceKey, load_marked
from auditor.readers.node_config.model import PULL, RESOLVE, Namespace, Note, Server, Unreadable
from auditor.readers.node_config.slips import ConfigSlip, Grammar, slips_of
from auditor.readers.node_config.urls import Address, default_scheme, own_host, registries_yaml_address
from auditor.text import shown

NAME = "registries.yaml"
ANY = "*"
_LOOKS = re.compile(rb"^\s{0,2}[\"']?(?:mirrors|configs)[\"']?[ \t]*:", re.MULTILINE)
_KNOWN = {"endpoint", "rewrite"}
_CAPABILITIES = frozenset({PULL, RESOLVE})


def recognises(data: bytes) -> bool:
    """Detect the format by its two keys."""
    return _LOOKS.search(data) is not None and b"apiVersion" not in data


def load(data: bytes) -> Marked:
    """Return the document. Raises Unreadable."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise Unreadable(str(error), error.line, error.column, accepted=isinstance(error, TwiceKey)) from error
    if not documents:
        return Marked({}, 1, 1)  # K3s and RKE2 treat it as a file without mirrors
    if len(documents) > 1:
        raise Unreadable("K3s and RKE2 read only the first of its documents", documents[1].line, accepted=True)
    if not isinstance(documents[0].value, dict):
        raise Unreadable("expected a mapping with mirrors and configs", documents[0].line)
    return documents[0]


def slips(file: str, document: Marked) -> Iterator[ConfigSlip]:
    """Yield every key that K3s and RKE2 do not know, and every value of a wrong type."""

    def where(path: tuple[str, ...]) -> Location:
        found = document.get(*path)
        return Location(file, found.line, found.column) if found is not None else Location(file, 1)

    return slips_of(Grammar(NAME), document.plain(), where)


def read(file: str, document: Marked) -> tuple[dict[str, Namespace], tuple[Note, ...]]:
    """Return the servers by registry (`*`: every other), and the settings without effect. Raises Unreadable."""
    found: dict[str, Namespace] = {}
    notes: list[Note] = []
    for host, config in _mapping(document, "configs"):
        if host != ANY and any(config.get(part) is not None for part in ("tls", "auth")):
            found[host] = Namespace((), Location(file, config.line))  # a separate file, which hides that of `*`
    for host, mirror in _mapping(document, "mirrors"):
        notes += _unknown_keys(file, mirror)
        servers = _servers(file, host, mirror)
        if servers:
            own = servers[-1].host != own_host(host) or _url(servers[-1]) != _own_url(host)
            found[host] = Namespace(servers, Location(file, mirror.line), own)
    return found, tuple(notes)


def _mapping(document: Marked, key: str) -> Iterator[tuple[str, Marked]]:
    part = document.get(key)
    if part is not None and part.value is not None and not isinstance(part.value, dict):
        raise Unreadable(f"`{key}` must be a mapping", part.line)
    for host, value in part.items() if part is not None else ():
        if value.value is not None and not isinstance(value.value, dict):
            raise Unreadable(f"{shown(host)} must be a mapping", value.line)
        yield host, value


def _unknown_keys(file: str, mirror: Marked) -> Iterator[Note]:
    for key, value in mirror.items():
        if key not in _KNOWN:
            yield Note(Location(file, value.line), f"{shown(key)} is not a key of a mirror: K3s and RKE2 ignore it silently")


def _servers(file: str, host: str, mirror: Marked) -> tuple[Server, ...]:
    endpoints = mirror.get("endpoint")
    if endpoints is None or endpoints.value is None:
        return ()
    if not isinstance(endpoints.value, list):
        raise Unreadable(f"the endpoint of {shown(host)} must be a list", endpoints.line)
    rewrites = tuple(_rewrites(mirror))
    made: dict[str, Server] = {}
    for endpoint in endpoints.list:
        try:
            address = registries_yaml_address(endpoint.text)
        except Unreadable as error:
            raise Unreadable(str(error), endpoint.line) from error
        place = Location(file, endpoint.line, endpoint.column)
        server = Server(address.scheme, address.host, address.path, _CAPABILITIES, place, "mirror", rewrites)
        made.setdefault(_url(server), server)  # a second endpoint of the same URL is skipped
    return tuple(made.values())


def _rewrites(mirror: Marked) -> Iterator[tuple[str, str]]:
    rewrite = mirror.get("rewrite")
    if rewrite is None or rewrite.value is None:
        return
    if not isinstance(rewrite.value, dict):
        raise Unreadable("`rewrite` must be a mapping from patterns to replacements", rewrite.line)
    for pattern, instead in rewrite.items():
        yield pattern, instead.text


def _url(server: Server | Address) -> str:
    path = server.root if isinstance(server, Server) else server.path
    return f"{server.scheme}://{server.host}{path}"


def _own_url(host: str) -> str:
    return f"{default_scheme(host)}://{own_host(host)}/v2"
