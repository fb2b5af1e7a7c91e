"""The trust of a pool's nodes, and the part of it that a client uses."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.stores.node_state import NodeState
from auditor.pki.stores.windows_roots import microsoft_list, refusal
from auditor.pki.trust_store import TrustStore

NOTHING = TrustStore("nothing")


@dataclass(frozen=True, slots=True)
class Anchors:
    """The stores that a client uses, and the untrusted certificates that help it to build paths."""

    stores: tuple[TrustStore, ...]
    helpers: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolTrust:
    """The trust of a pool's nodes.

    `given` are the plan's certificates. `system` are the OS stores with their additions. `known` are stores whose roots are
    recognised but not trusted: the public root programs, and every CA in the plan. `helpers` (intermediates) and `disallowed`
    come from a node dump. `dump` names the dump if it proves that certificates missing from it are not on the node. `mirror` is
    the reachable source of roots for Windows, if any. `nodes` are the states of the dumped nodes. `own_ca` names the CA that
    the plan states for a client with a root of its own; `given` holds it then. `ca_fault` states why the client reads no
    certificate, or not all, from the file of that CA.
    """

    given: TrustStore
    system: tuple[TrustStore, ...]
    known: tuple[TrustStore, ...] = ()
    helpers: tuple[Certificate, ...] = ()
    disallowed: TrustStore = NOTHING
    dump: str = ""
    mirror: str = ""
    nodes: tuple[NodeState, ...] = ()
    own_ca: str = ""
    ca_fault: str = ""
    _views: dict[tuple[tuple[str, ...], bool, bool], Anchors] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def anchors(self, client: ClientModel) -> Anchors:
        """Return the anchors that the client uses; computed once per kind of client."""
        key = (client.reads, client.partial_chain, client.asks_windows)
        if key not in self._views:
            self._views[key] = self._seen_by(client)
        return self._views[key]

    def refusal(self, anchor: Certificate, leaf: Certificate, at: datetime.datetime) -> str:
        """Return why a node of the pool rejects this root for a TLS server, or an empty string.

        What the nodes know decides. Without a state of a node, the packaged list of Microsoft does.
        """
        if not self.nodes:
            return refusal(anchor, leaf, at)
        reasons = (node.refusal(anchor, leaf.not_before, at, microsoft_list()) for node in self.nodes)
        return next(filter(None, reasons), "")

    def rejects(self, certificate: Certificate) -> str:
        """Return why a node rejects this certificate although it is in a store, or an empty string."""
        if certificate in self.disallowed:
            return "it is in the node's Disallowed store"
        return next(filter(None, (node.rejects(certificate) for node in self.nodes)), "")

    def with_anchors(self, anchors: Iterable[Certificate], unread: Iterable[str]) -> PoolTrust:
        """Return this trust with more certificates of the plan, and more files that could not be read."""
        given = self.given
        more = TrustStore.of(given.name, (*given.anchors, *anchors), (*given.unread, *unread))
        return replace(self, given=more)

    def of_own_ca(self, name: str, anchors: Iterable[Certificate], unread: tuple[str, ...], fault: str = "") -> PoolTrust:
        """Return the trust of a client that uses only this CA, and nothing of the operating system."""
        return PoolTrust(TrustStore.of(name, anchors, unread), (), self.known, own_ca=name, ca_fault=fault)

    def _seen_by(self, client: ClientModel) -> Anchors:
        stores = (*((self.given,) if "pool" in client.reads else ()), *(self.system if "system" in client.reads else ()))
        stores = tuple(dict.fromkeys(stores))
        helpers = self.helpers if client.asks_windows else ()
        if client.partial_chain:
            return Anchors(stores, helpers)
        # Other clients accept only roots as anchors; intermediates in a store still help to build paths.
        lower = tuple(anchor for store in stores for anchor in store.anchors if not anchor.self_signed)
        return Anchors(tuple(map(_roots_of, stores)), (*helpers, *lower))


def _roots_of(store: TrustStore) -> TrustStore:
    if all(anchor.self_signed for anchor in store.anchors):
        return store
    return TrustStore.of(store.name, (anchor for anchor in store.anchors if anchor.self_signed), store.unread)
