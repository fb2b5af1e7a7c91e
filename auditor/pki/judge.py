"""Whether a client on a node would verify a served chain with the cable cut.

First whether the chain is whole, then whether its root is trusted, then whether everything on the way holds at the date.
What a node has is only what the plan gives it and, on Linux, Mozilla's roots: a root that Windows would download on
demand is not known to be on a node, and never verifies.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.paths import End, Way, Ways, find_ways
from auditor.pki.rules import Flaw, FlawKind, flaws_of
from auditor.pki.store import TrustStore, windows_programme


@dataclass(frozen=True, slots=True)
class PoolTrust:
    """What the nodes of a pool trust. `given` is the plan's, `system` the OS's out of the box (empty on Windows).

    `known` are stores whose roots are recognised without being trusted: the public programmes, and every CA in the plan.
    """

    given: TrustStore
    system: TrustStore
    known: tuple[TrustStore, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A way with everything that is wrong with it. Leaf first; the last one is the anchor where there is one."""

    certificates: tuple[Certificate, ...]
    flaws: tuple[Flaw, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The certificates by name, leaf first."""
        return tuple(certificate.name for certificate in self.certificates)

    @property
    def top(self) -> Certificate:
        """The last certificate."""
        return self.certificates[-1]


class Gap(enum.StrEnum):
    """What is missing to decide."""

    NOT_KNOWN_ON_NODE = "not-known-on-node"  # Windows would download the root; nobody knows whether the node has it
    UNREAD_TRUST = "unread-trust"  # a file of the pool's trust could not be read
    REVOCATION = "revocation"  # the client insists on revocation, which is not judged yet
    TOO_MANY_PATHS = "too-many-paths"


@dataclass(frozen=True, slots=True)
class Verifies:
    """The client verifies it by this path."""

    path: Path


@dataclass(frozen=True, slots=True)
class Incomplete:
    """An intermediate was not served: the issuer of the path's top. `aia_urls` is where it could be fetched."""

    path: Path
    missing: str
    aia_urls: tuple[str, ...]
    would_dial: bool


@dataclass(frozen=True, slots=True)
class Untrusted:
    """The chain is whole and leads to `anchor`, which is not trusted. The path ends with it where the audit has it."""

    path: Path
    anchor: str
    why: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """The chain leads to a trusted anchor, and the path has flaws."""

    path: Path


@dataclass(frozen=True, slots=True)
class Unproven:
    """It cannot be told. `path.flaws` may still say that it fails for another reason."""

    path: Path
    gap: Gap
    why: str


TrustVerdict = Verifies | Incomplete | Untrusted | Invalid | Unproven

_EMPTY = TrustStore("nothing")


class _Case:
    def __init__(
        self, chain: tuple[Certificate, ...], host: str, client: ClientModel, trust: PoolTrust, at: datetime.datetime
    ) -> None:
        self._leaf, self._served = chain[0], chain
        self._host = host
        self._client = client
        self._trust = trust
        self._at = at
        self._given, extra = _anchors(client, trust.given)
        self._served += extra
        self._system = trust.system if "system" in client.reads else _EMPTY

    def decide(self) -> TrustVerdict:
        found = find_ways(self._leaf, self._served, (self._given, self._system))
        if found.anchored:
            return self._trusted(found)
        if found.truncated:
            why = "there are more paths through the served certificates than the audit follows"
            return Unproven(self._path(Way((self._leaf,), End.NO_ISSUER)), Gap.TOO_MANY_PATHS, why)
        return self._untrusted(found)

    def _path(self, way: Way) -> Path:
        flaws = flaws_of(
            way.certificates, self._host, self._at, self._client.strength, anchored=way.end in {End.ANCHORED, End.SELF_SIGNED}
        )
        if way.broken:
            flaws = (*flaws, Flaw(FlawKind.SIGNATURE, way.top, way.broken))
        return Path(way.certificates, flaws)

    def _best(self, ways: tuple[Way, ...]) -> Path:
        """The path with the fewest flaws; of equal ones the shortest."""
        return min(map(self._path, ways), key=lambda path: (len(path.flaws), len(path.certificates)))

    def _trusted(self, found: Ways) -> TrustVerdict:
        best = self._best(found.anchored)
        if best.flaws:
            return Invalid(best)
        if self._client.revocation == "hard":
            why = f"the path verifies, but {self._client.title} also insists on revocation, which this version does not judge"
            return Unproven(best, Gap.REVOCATION, why)
        return Verifies(best)

    def _untrusted(self, found: Ways) -> TrustVerdict:
        known = find_ways(self._leaf, self._served, self._trust.known).anchored
        if known:
            return self._known_root(known)
        way = max(found.ways, key=lambda way: len(way.certificates), default=Way((self._leaf,), End.NO_ISSUER))
        path, top = self._path(way), way.top
        match way.end:
            case End.BROKEN:
                return self._refused(path, top.issuer_name, f"{top.name}: {way.broken}")
            case End.SELF_SIGNED | End.ANCHORED:
                return self._refused(
                    path, top.name, f"the root {top.name} is in no public programme and not in the pool's trust"
                )
            case End.NO_ISSUER if top.extensions.aia_issuers or not top.may_issue:
                urls = top.extensions.aia_issuers
                return Incomplete(path, top.issuer_name, urls, would_dial=bool(urls) and self._client.fetches_aia)
            case End.NO_ISSUER:
                why = f"{top.issuer_name}, which issued {top.name}, is neither served nor trusted"
                return self._refused(path, top.issuer_name, why)

    def _known_root(self, ways: tuple[Way, ...]) -> TrustVerdict:
        on_windows = self._client.os == "windows"
        fetched = tuple(way for way in ways if way.top in windows_programme())
        path = self._best(fetched if on_windows and fetched else ways)
        name = path.top.name
        if on_windows and path.top in windows_programme():
            return Unproven(path, Gap.NOT_KNOWN_ON_NODE, self._not_on_node(name))
        if on_windows:
            return self._refused(path, name, f"{name} is in no list of Microsoft and not in the pool's trust")
        return self._refused(path, name, f"{name} is not among the public roots of Linux and not in the pool's trust")

    def _not_on_node(self, name: str) -> str:
        if self._client.updates_roots:
            return (
                f"{name} is in Microsoft's root programme, but Windows downloads such roots on first use, which fails with the "
                "cable cut; nothing shows that it is on the nodes already, and the pool's trust does not name it"
            )
        return f"{self._client.title}: whether {name} is that CA is not known, and the pool's trust does not name it"

    def _refused(self, path: Path, anchor: str, why: str) -> TrustVerdict:
        if self._trust.given.unread:
            unread = "; ".join(self._trust.given.unread[:3])
            return Unproven(path, Gap.UNREAD_TRUST, f"{why}, as far as that can be read: {unread}")
        return Untrusted(path, anchor, why)


def _anchors(client: ClientModel, given: TrustStore) -> tuple[TrustStore, tuple[Certificate, ...]]:
    """The anchors of a store for a client, and the intermediates in it, which help to build and are trusted by some only."""
    if client.partial_chain:
        return given, ()
    extra = tuple(anchor for anchor in given.anchors if not anchor.self_signed)
    if not extra:
        return given, ()
    return TrustStore.of(given.name, (anchor for anchor in given.anchors if anchor.self_signed), given.unread), extra


def judge(
    chain: tuple[Certificate, ...], host: str, client: ClientModel, trust: PoolTrust, at: datetime.datetime
) -> TrustVerdict:
    """What `client` makes of `chain` (as served, leaf first, at least one certificate) from `host` at a moment (UTC)."""
    return _Case(chain, host, client, trust, at).decide()
