"""The trust of each pool's nodes: the plan's certificates, node dumps, and the roots that the OS ships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from auditor.errors import unexpected
from auditor.net import Reach, Scope
from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel, with_system_roots
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.stores.dump import AUTH_ROOT, DISALLOWED, INTERMEDIATE, ROOT, Dump, RootUpdates
from auditor.pki.stores.node_state import NodeState
from auditor.pki.stores.store_reader import StoreRead, read_store
from auditor.pki.stores.trust_list import TrustList
from auditor.pki.stores.windows_roots import inbox_microsoft
from auditor.pki.trust_store import TrustStore, linux_public, windows_program
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.plan_paths import is_inside
from auditor.readers.node_config import NodeConfig
from auditor.site.trust.api_server_ca import API_CLIENTS, ApiServerCa, api_server_ca
from auditor.site.trust.ldap_urls import is_joined
from auditor.site.trust.runtime import runtime_cas, trusted_for


@dataclass(frozen=True)
class Given:
    """The content of a pool's `trust`: certificates, node dumps by file, and Microsoft's lists as the nodes have them.

    `problems` are pairs of a file, or a named path, and what could not be used of it. `usable` counts the
    certificates that were read, by file.
    """

    certificates: TrustStore
    dumps: dict[str, Dump] = field(default_factory=dict)
    lists: tuple[TrustList, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    usable: dict[str, int] = field(default_factory=dict)

    @property
    def proof(self) -> str:
        """Return the file of a dump that proves what is not on the nodes, or an empty string."""
        return next((file for file, dump in self.dumps.items() if dump.proves_absence), "")

    @property
    def updates(self) -> RootUpdates | None:
        """Return how the nodes update their roots, from the first dump that includes it."""
        return next((dump.updates for dump in self.dumps.values() if dump.updates is not None), None)

    @property
    def states(self) -> tuple[NodeState, ...]:
        """Return the states of the dumped nodes. A list in a file of its own replaces that of each node."""
        trusted = next((one for one in self.lists if not one.is_disallowed), None)
        disallowed = next((one for one in self.lists if one.is_disallowed), None)
        states = tuple(dump.state for dump in self.dumps.values() if dump.state is not None)
        if not self.lists:
            return states
        return tuple(
            replace(one, trusted=trusted or one.trusted, disallowed=disallowed or one.disallowed)
            for one in states or (NodeState(),)
        )

    def dumped(self, *stores: str) -> tuple[Certificate, ...]:
        """Return what every dump has in these stores: only common certificates count for all nodes of a pool."""
        each = [dump.certificates(*stores) for dump in self.dumps.values()]
        return tuple(one for one in each[0] if all(one in other for other in each[1:])) if each else ()


def read_given(plan: Plan, paths: tuple[str, ...]) -> Given:
    """Read the files that `paths` name, each by its detected format."""
    anchors: list[Certificate] = []
    problems: list[tuple[str, str]] = []
    dumps: dict[str, Dump] = {}
    lists: list[TrustList] = []
    usable: dict[str, int] = {}
    for path in paths:
        inside = [name for name in plan.files if is_inside(name, path)]
        left_out = [(name, reason) for name, reason in plan.left_out.items() if is_inside(name, path)]
        problems.extend(left_out or ([] if inside else [(path, "it does not exist")]))
        for name in inside:
            found = _read(name, plan.files[name])
            anchors.extend(found.certificates)
            usable[name] = len(found.certificates)
            problems.extend((name, problem) for problem in found.problems)
            if found.dump is not None:
                dumps[name] = found.dump
            if found.trust_list is not None:
                lists.append(found.trust_list)
    unread = tuple(f"{name}: {problem}" for name, problem in problems)
    return Given(TrustStore.of(", ".join(paths) or "nothing", anchors, unread), dumps, tuple(lists), tuple(problems), usable)


def _read(name: str, data: bytes) -> StoreRead:
    try:
        return read_store(data)
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        return StoreRead(problems=(unexpected(f"reading {name}", error),))


def root_updates(pool: Pool, given: Given) -> str:
    """Return how a Windows pool updates its roots: from the plan, else from a dump; empty if unknown."""
    if pool.root_updates or given.updates is None:
        return pool.root_updates
    return given.updates.setting


class Trusts:
    """The trust of each pool, computed once per set of files."""

    def __init__(self, plan: Plan, configs: Mapping[str, NodeConfig], reach: Reach) -> None:
        self._plan = plan
        self.reach = reach
        self.runtime = {name: runtime_cas(plan, config.pool, config) for name, config in configs.items()}
        self._with_runtime: dict[tuple[int, tuple[Certificate, ...], tuple[str, ...]], PoolTrust] = {}
        self._given: dict[tuple[str, ...], Given] = {}
        self._api_server_cas: dict[str, ApiServerCa | None] = {}
        self._with_own_ca: dict[tuple[int, ApiServerCa], PoolTrust] = {}
        self._pools: dict[tuple[tuple[str, ...], bool, str], PoolTrust] = {}

    @cached_property
    def _known(self) -> tuple[TrustStore, ...]:
        """Return all stores that may hold a root. Loading the root programs takes 0.1 s, so it is done on demand."""
        plan = self._plan
        stores = [store for pool in plan.pools for store in self._stores(self.given(pool.trust))]
        authorities = tuple(
            dict.fromkeys(ca for ca in (plan.registry.ca if plan.registry else "", *(s.ca for s in plan.sources)) if ca)
        )
        own = self.given(authorities).certificates
        return (*dict.fromkeys(stores), own, linux_public(), windows_program())

    @staticmethod
    def _stores(given: Given) -> Iterator[TrustStore]:
        yield given.certificates
        for name, dump in given.dumps.items():
            yield TrustStore.of(name, dump.certificates(ROOT, AUTH_ROOT))

    def given(self, paths: tuple[str, ...]) -> Given:
        """Return the content of these files."""
        if paths not in self._given:
            self._given[paths] = read_given(self._plan, paths)
        return self._given[paths]

    def of(self, pool: Pool) -> PoolTrust:
        """Return the trust of a pool's nodes. Pools with equal trust share one value."""
        given = self.given(pool.trust)
        updates = root_updates(pool, given) if pool.is_windows else ""
        mirror = updates if updates not in {"", "enabled", "disabled"} and self.reach.of_url(updates) is Scope.INTERNAL else ""
        key = (pool.trust, pool.is_windows, mirror)
        if key not in self._pools:
            found = self._windows(given) if pool.is_windows else self._linux(given)
            self._pools[key] = replace(found, mirror=mirror)
        return self._pools[key]

    def for_client(self, pool: Pool, client: str, endpoint: Endpoint) -> PoolTrust:
        """Return a client's trust at an endpoint. A runtime also uses its own configuration, kubelet only its kubeconfig."""
        trust = self.of(pool)
        if (ca := self.api_server_ca(pool, client)) is not None and not ca.uses_system:
            return self._with_own_ca.setdefault((id(trust), ca), trust.of_own_ca(ca.name, ca.certificates, ca.unread, ca.fault))
        own, unread = trusted_for(self.runtime, pool, client, endpoint)
        if not own and not unread:
            return trust
        key = (id(trust), own, unread)
        if key not in self._with_runtime:
            self._with_runtime[key] = trust.with_anchors(own, unread)
        return self._with_runtime[key]

    def is_joined(self, pool: Pool) -> bool | None:
        """Return whether a pool's nodes are members of a Windows domain, or None if unknown."""
        return is_joined(pool, self.given(pool.trust).states)

    def api_server_ca(self, pool: Pool, client: str) -> ApiServerCa | None:
        """Return the CA that the plan states for kubelet or kube-proxy of a pool; None for other clients."""
        if client.partition(" ")[0].lower() not in API_CLIENTS:
            return None
        if pool.name not in self._api_server_cas:
            self._api_server_cas[pool.name] = api_server_ca(self._plan, pool)
        return self._api_server_cas[pool.name]

    def model_of(self, pool: Pool, model: ClientModel) -> ClientModel:
        """Return the model of a client on a pool. kubelet uses the system's roots if its kubeconfig names no CA."""
        ca = self.api_server_ca(pool, model.id)
        return with_system_roots(model) if ca is not None and ca.uses_system else model

    def skips_verification(self, pool: Pool, client: str) -> bool:
        """Return whether the kubeconfig of a client turns verification off."""
        ca = self.api_server_ca(pool, client)
        return ca is not None and ca.skips_verification

    def host_of(self, pool: Pool, client: str, endpoint: Endpoint) -> str:
        """Return the name that a client verifies at an endpoint."""
        ca = self.api_server_ca(pool, client)
        declared = {(one.host.lower(), one.port) for one in self._plan.endpoints} if ca is not None else ()
        return ca.host_at(endpoint, declared) if ca is not None else endpoint.host

    def ca_error(self, pool: Pool, model: ClientModel) -> str:
        """Return the error of a client that cannot use the CA of its kubeconfig, or an empty string."""
        ca = self.api_server_ca(pool, model.id)
        return ca.error if ca is not None else ""

    def _linux(self, given: Given) -> PoolTrust:
        return PoolTrust(given.certificates, (given.certificates, linux_public()), self._known)

    def _windows(self, given: Given) -> PoolTrust:
        """Return the trust of Windows nodes. Without a dump, the plan's certificates count as installed on the machine."""
        on_nodes = TrustStore.of("the dump of the nodes", given.dumped(ROOT, AUTH_ROOT))
        system = (on_nodes,) if given.proof else (given.certificates, on_nodes, inbox_microsoft())
        return PoolTrust(
            given.certificates,
            system,
            self._known,
            given.dumped(INTERMEDIATE),
            TrustStore.of("disallowed", given.dumped(DISALLOWED)),
            given.proof,
            nodes=given.states,
        )
