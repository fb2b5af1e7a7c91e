"""Which TLS clients of a pool connect to an endpoint. Clients that never connect to it are not evaluated."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.pki.clients import client_ids, client_model, default_clients
from auditor.plan.model import API_SERVER_KIND, REGISTRY_KIND, Endpoint, Plan, Pool

_OTHER = {"linux": "windows", "windows": "linux"}
_ANY = "any"


def clients_of(pool: Pool) -> tuple[str, ...]:
    """Return the TLS clients on a pool's nodes, without duplicates: from the plan, else the runtime and kubelet."""
    named = pool.clients or default_clients(_runtime(pool))
    return tuple(dict.fromkeys(named))


class Callers:
    """Decides for each endpoint and pool which clients connect.

    The plan's `endpoints[].clients` decide. Otherwise a runtime connects to registries and kubelet to API servers, even if
    `pools.*.clients` does not list them. Every other client of the pool connects to the registries and the other endpoints, but
    not to API servers. If an endpoint names such a client, the client connects only to the endpoints that name it. If no
    endpoint has a known kind, the listed clients of a pool connect to all of them.
    """

    def __init__(self, plan: Plan, endpoints: Iterable[Endpoint]) -> None:
        self._plan = plan
        self._endpoints = tuple(endpoints)
        self._kinds_known = any(endpoint.kind for endpoint in self._endpoints)
        self._placed = frozenset(name for endpoint in self._endpoints for name in _names(endpoint.clients))

    def of(self, endpoint: Endpoint, pool: Pool) -> tuple[str, ...]:
        """Return the clients of a pool that connect to an endpoint, without duplicates; may be empty."""
        if endpoint.clients:
            named = (_as_listed(client, pool) for client in endpoint.clients if _is_on(self._plan, client, pool))
            return tuple(dict.fromkeys(named))
        if not self._kinds_known and pool.clients:
            return tuple(client for client in clients_of(pool) if not self._is_elsewhere(client, pool))
        found = [client for client in clients_of(pool) if self._may_connect(client, pool, endpoint)]
        if endpoint.kind in {REGISTRY_KIND, API_SERVER_KIND}:
            own = next(one for one in default_clients(_runtime(pool)) if _connects(one, pool) == endpoint.kind)
            if not any(_connects(client, pool) == endpoint.kind for client in found):
                found.insert(0, own)
        return tuple(found)

    def _may_connect(self, client: str, pool: Pool, endpoint: Endpoint) -> bool:
        kind = _connects(client, pool)
        if kind != _ANY:
            return kind == endpoint.kind
        return endpoint.kind != API_SERVER_KIND and not self._is_elsewhere(client, pool)

    def _is_elsewhere(self, client: str, pool: Pool) -> bool:
        """Return whether the plan names the endpoints of a client that could connect to any."""
        return _connects(client, pool) == _ANY and client.lower().partition(" ")[0] in self._placed

    def nobody(self, endpoint: Endpoint) -> bool:
        """Return whether no client of any pool is known to connect to an endpoint."""
        return not any(self.of(endpoint, pool) for pool in self._plan.pools)


def _as_listed(client: str, pool: Pool) -> str:
    """Return a client as the pool lists it, with its version: `python` of an endpoint may be `python 3.13` of the pool."""
    return next((one for one in pool.clients if one.partition(" ")[0] == client), client)


def _names(clients: Iterable[str]) -> tuple[str, ...]:
    """Return the names of clients, without their versions."""
    return tuple(client.lower().partition(" ")[0] for client in clients)


def _runtime(pool: Pool) -> str:
    return pool.runtime.name if pool.runtime is not None else ""


def version_of(plan: Plan, pool: Pool, client: str) -> str:
    """Return the version of a client on a pool's nodes, as the plan states it; an empty string if it does not."""
    name, _, version = client.lower().partition(" ")
    if version:
        return version.strip()
    if pool.runtime is not None and name == pool.runtime.name.lower():
        return pool.runtime.version
    return plan.cluster.version if name == "kubelet" and plan.cluster is not None else ""


def _os(pool: Pool) -> str:
    return "windows" if pool.is_windows else "linux"


def _connects(client: str, pool: Pool) -> str:
    """The kind of endpoint that a client connects to, or `any`."""
    model = client_model(client, _os(pool))
    if model is not None:
        return model.connects
    # The facts may not list the pool's runtime, but it still pulls images.
    return REGISTRY_KIND if client.lower() == _runtime(pool).lower() else _ANY


def _is_on(plan: Plan, client: str, pool: Pool) -> bool:
    """Return whether a client that the endpoint names runs on the pool's nodes.

    It does if the pool lists it or has it by default, or if no pool does; not if it exists only on the other OS.
    """
    client = client.partition(" ")[0]
    if client in _names(pool.clients):
        return True
    if client_model(client, _os(pool)) is None and client in client_ids(_OTHER[_os(pool)]):
        return False
    found = [one.name for one in plan.pools if client in _names((*clients_of(one), *default_clients(_runtime(one))))]
    return not found or pool.name in found
