"""What the nodes of a pool trust, and which of it a client looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.store import TrustStore

NOTHING = TrustStore("nothing")


@dataclass(frozen=True, slots=True)
class Anchors:
    """The stores that a client looks at, and the certificates that help it to build without being trusted."""

    stores: tuple[TrustStore, ...]
    helpers: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolTrust:
    """What the nodes of a pool trust.

    `given` are the plan's certificates, `system` the stores of the OS with what was added to them. `known` are stores whose
    roots are recognised without being trusted: the public programmes, and every CA in the plan. `helpers` are intermediates
    and `disallowed` certificates that a dump of a node shows; `dump` names the dump where it proves that what it lacks is
    not on the node. `mirror` is where Windows gets roots, if that stays reachable.
    """

    given: TrustStore
    system: tuple[TrustStore, ...]
    known: tuple[TrustStore, ...] = ()
    helpers: tuple[Certificate, ...] = ()
    disallowed: TrustStore = NOTHING
    dump: str = ""
    mirror: str = ""
    _views: dict[tuple[tuple[str, ...], bool, bool], Anchors] = field(default_factory=dict, repr=False, compare=False)

    def anchors(self, client: ClientModel) -> Anchors:
        """What the client looks at; worked out once per kind of client."""
        key = (client.reads, client.partial_chain, client.asks_windows)
        if key not in self._views:
            self._views[key] = self._seen_by(client)
        return self._views[key]

    def _seen_by(self, client: ClientModel) -> Anchors:
        stores = (*((self.given,) if "pool" in client.reads else ()), *(self.system if "system" in client.reads else ()))
        stores = tuple(dict.fromkeys(stores))
        helpers = self.helpers if client.asks_windows else ()
        if client.partial_chain:
            return Anchors(stores, helpers)
        # Others take only roots for anchors; the intermediates in a store still help them to build.
        lower = tuple(anchor for store in stores for anchor in store.anchors if not anchor.self_signed)
        return Anchors(tuple(map(_roots_of, stores)), (*helpers, *lower))


def _roots_of(store: TrustStore) -> TrustStore:
    if all(anchor.self_signed for anchor in store.anchors):
        return store
    return TrustStore.of(store.name, (anchor for anchor in store.anchors if anchor.self_signed), store.unread)
