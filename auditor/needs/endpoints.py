"""The TLS endpoints of a plan: the listed ones, and the unlisted registries that its nodes pull from.

Only this module decides which endpoints exist. The collector observes them, and the site evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.errors import Location
from auditor.needs.model import Needs
from auditor.net import Reach, bare, canonical, is_loopback
from auditor.plan.host_port import split_host_port
from auditor.plan.model import API_SERVER_KIND, REGISTRY_KIND, Endpoint, EndpointOrigin, Plan, Registry
from auditor.readers.node_config.model import Namespace
from auditor.readers.node_config.urls import default_scheme, own_host

if TYPE_CHECKING:
    from auditor.readers.node_config import NodeConfig, Server

API_SERVER_PORT = 6443
Name = tuple[str, int]  # canonical host, port


@dataclass(frozen=True, slots=True)
class _Source:
    """A host that nodes pull from, as written in the plan or in a file of it."""

    host: str
    location: Location
    origin: EndpointOrigin
    is_tls: bool = True


def tls_endpoints(plan: Plan, needs: Needs, configs: Mapping[str, NodeConfig], reach: Reach) -> tuple[Endpoint, ...]:
    """Return the endpoints that the plan lists, then the internal registries that its nodes connect to by TLS, each once.

    A listed endpoint keeps its location and its chain file, and gets the kind `registry` if nodes pull from it. Only
    hosts that the plan makes internal are endpoints: not external ones, and not a node's own loopback or a name inside the
    cluster, which cannot be observed from elsewhere.
    """
    sources: dict[Name, list[_Source]] = {}
    for source in _sources(plan, needs, configs):
        if (name := _name(source.host)) is not None:
            sources.setdefault(name, []).append(source)
    found = {(canonical(one.host), one.port): replace(one, kind=_kind(one, sources)) for one in plan.endpoints}
    for name, written in sources.items():
        first = next((source for source in written if source.is_tls), None)
        if first is None or name in found or not reach.declares(name[0]):
            continue
        host, port = split_host_port(first.host)
        found[name] = Endpoint(host, port or 443, first.location, kind=REGISTRY_KIND, origin=first.origin)
    return tuple(found.values())


def _kind(endpoint: Endpoint, sources: Mapping[Name, list[_Source]]) -> str:
    if endpoint.kind:
        return endpoint.kind
    if (canonical(endpoint.host), endpoint.port) in sources:
        return REGISTRY_KIND
    return API_SERVER_KIND if endpoint.port == API_SERVER_PORT else ""


def _name(host: str) -> Name | None:
    """Return host and port, or None for a host that no client can connect to."""
    try:
        name, port = split_host_port(host)
    except ValueError:
        return None
    return canonical(name), port or 443


def _domain(place: str) -> str:
    return place.partition("/")[0]


def _sources(plan: Plan, needs: Needs, configs: Mapping[str, NodeConfig]) -> Iterator[_Source]:
    """Yield every host that nodes pull from, external ones too."""
    if plan.registry is not None:
        yield from _of_registry(plan, plan.registry)
    for config in configs.values():
        for server in _servers(config):
            yield _Source(server.host, server.location, EndpointOrigin.REGISTRY, server.scheme == "https")
    yield from _of_images(plan, needs, configs)


def _of_registry(plan: Plan, registry: Registry) -> Iterator[_Source]:
    host = _domain(registry.host)
    # The same rule as the collector's: a loopback registry uses plain HTTP unless the plan names its CA.
    is_tls = not registry.insecure and (bool(registry.ca) or not is_loopback(bare(host)))
    yield _Source(host, plan.where("registry", "host"), EndpointOrigin.REGISTRY, is_tls)
    for prefix, place in registry.rewrites.items():
        if (target := _domain(place)) != host:
            yield _Source(
                target, plan.where("registry", "rewrites", prefix), EndpointOrigin.REGISTRY, not is_loopback(bare(target))
            )


def _servers(config: NodeConfig) -> Iterator[Server]:
    """Yield every mirror of a node configuration, in file order."""
    namespaces = [*(config.mirrors or {}).values(), *(config.registries or {}).values()]
    namespaces += [entry for root in config.roots for entry in root.values() if isinstance(entry, Namespace)]
    for namespace in namespaces:
        yield from namespace.servers


def _of_images(plan: Plan, needs: Needs, configs: Mapping[str, NodeConfig]) -> Iterator[_Source]:
    """Yield the hosts from which nodes pull an image by its own name: all hosts, unless a node configuration overrides them."""
    plain = {source.host for source in plan.sources if source.insecure}
    first: dict[tuple[str, str], Location] = {}
    for need in needs.needs:
        first.setdefault((need.pool, need.reference.domain), need.why[0].location if need.why else Location(plan.path))
    for (pool, domain), location in first.items():
        config = configs.get(pool)
        is_tls = domain not in plain and default_scheme(domain) == "https"
        if config is None or config.doubt(domain) is not None:
            yield _Source(own_host(domain), location, EndpointOrigin.IMAGE, is_tls)
            continue
        for server in config.servers(domain):
            if server.role == "default":
                yield _Source(server.host, location, EndpointOrigin.IMAGE, is_tls and server.scheme == "https")
