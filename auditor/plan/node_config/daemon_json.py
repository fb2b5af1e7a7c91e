"""Docker's daemon.json: `registry-mirrors`, which stand for Docker Hub alone. Nothing else of it is read here."""

from __future__ import annotations

from auditor.errors import Location
from auditor.plan.marked import NotStructured, load_marked
from auditor.plan.node_config.addresses import split_url
from auditor.plan.node_config.model import DOCKER_HUB, PULL, RESOLVE, Namespace, Server, Unreadable

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
    """By keys that nothing else has."""
    return data.lstrip()[:1] == b"{" and any(key in data for key in _KEYS)


def read(file: str, data: bytes) -> dict[str, Namespace]:
    """Who is asked for images of Docker Hub. Raises Unreadable."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise Unreadable(str(error), error.line) from error
    mirrors = documents[0].get("registry-mirrors") if documents else None
    if mirrors is None:
        return {}
    if not isinstance(mirrors.value, list):
        raise Unreadable("`registry-mirrors` must be a list", mirrors.line)
    servers = []
    for mirror in mirrors.list:
        try:
            address = split_url(mirror.text, "https")
        except Unreadable as error:
            raise Unreadable(str(error), mirror.line) from error
        if address.path.strip("/"):
            raise Unreadable("a mirror with a path: Docker does not start with it", mirror.line)
        place = Location(file, mirror.line, mirror.column)
        servers.append(Server(address.scheme, address.host, "/v2", _CAPABILITIES, place))
    return {DOCKER_HUB: Namespace(tuple(servers), Location(file, mirrors.line))} if servers else {}
