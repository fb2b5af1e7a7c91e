"""Docker's daemon.json: `registry-mirrors`, which apply to Docker Hub only, and every key by Docker's grammar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.errors import Location
from auditor.located import Marked, NotStructured
from auditor.readers.go_json import GoJson, load_go_json
from auditor.readers.node_config.model import DOCKER_HUB, PULL, RESOLVE, Namespace, Server, Unreadable
from auditor.readers.node_config.slips import WANTED, ConfigSlip, Effect, Grammar, Where, slip, slips_of, unknown_key
from auditor.readers.node_config.urls import split_url
from auditor.text import shown

NAME = "daemon.json"
_KEYS = (
    b'"registry-mirrors"',
    b'"insecure-registries"',
    b'"allow-nondistributable-artifacts"',
    b'"data-root"',
    b'"storage-driver"',
)
_CAPABILITIES = frozenset({PULL, RESOLVE})


def recognises(data: bytes) -> bool:
    """Detect the format by keys that no other file has."""
    return data.lstrip()[:1] == b"{" and any(key in data for key in _KEYS)


def load(data: bytes) -> GoJson:
    """Return the document, whose root is a mapping or None. Raises Unreadable with dockerd's error."""
    try:
        document = load_go_json(data)
    except NotStructured as error:
        raise Unreadable(str(error), error.line, error.column) from error
    root = document.root
    if root is None or root.value is None or isinstance(root.value, dict):
        return document
    kind = "array" if isinstance(root.value, list) else "value"
    why = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    raise Unreadable(why, root.line, root.column)


def read(file: str, document: GoJson) -> dict[str, Namespace]:
    """Return the servers for images of Docker Hub. Raises Unreadable."""
    mirrors = document.root.get("registry-mirrors") if document.root is not None else None
    if mirrors is None or mirrors.value is None:
        return {}
    if not isinstance(mirrors.value, list):
        raise Unreadable("`registry-mirrors` must be a list", mirrors.line, mirrors.column)
    servers = []
    for mirror in mirrors.list:
        try:
            address = split_url(mirror.text, "https")
        except Unreadable as error:
            raise Unreadable(str(error), mirror.line, mirror.column) from error
        if address.path.strip("/"):
            raise Unreadable("the mirror has a path, so Docker does not start", mirror.line, mirror.column)
        place = Location(file, mirror.line, mirror.column)
        servers.append(Server(address.scheme, address.host, "/v2", _CAPABILITIES, place))
    return {DOCKER_HUB: Namespace(tuple(servers), Location(file, mirrors.line))} if servers else {}


def slips(file: str, document: GoJson, grammar: Grammar) -> Iterator[ConfigSlip]:
    """Yield every mistake in the keys. dockerd also accepts known keys one level down, because it flattens objects."""
    root = document.root

    def where(path: tuple[str, ...]) -> Location:
        return Location(file, *document.keys.get(path, (1, 1)))

    for path, line, column in document.twice:
        why = "this key occurs twice, and dockerd uses the last value"
        yield slip(grammar, Effect.REPLACED, path, why, Location(file, line, column))
    for key, value in root.items() if root is not None else ():
        row = grammar.row((key,))
        if isinstance(value.value, dict) and (row is None or row.kind not in {"mapping", "any", "list"}):
            yield from _nested(grammar, key, value, where)
        else:
            yield from slips_of(grammar, {key: value.plain()}, where)


def _nested(grammar: Grammar, outer: str, found: Marked, where: Where) -> Iterator[ConfigSlip]:
    """Yield the keys of an object that is not a setting. dockerd accepts known keys there and ignores them."""
    if (row := grammar.row((outer,))) is not None:
        yield slip(grammar, Effect.REFUSED, (outer,), f"must be {WANTED[row.kind]}", where((outer,)), instead=WANTED[row.kind])
        return
    for key in found.mapping:
        inner = (outer, key)
        if grammar.row((key,)) is None:
            named = unknown_key(grammar, (key,), where(inner))
            yield replace(named, key=".".join(inner))
        else:
            why = f"dockerd accepts this key inside {shown(outer)} but ignores it"
            yield slip(grammar, Effect.IGNORED, inner, why, where(inner), instead=key)
    if not found.mapping:
        yield slip(grammar, Effect.IGNORED, (outer,), "dockerd does not know this key", where((outer,)))
