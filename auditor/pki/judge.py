"""Whether a client on a node would verify a served chain with the cable cut.

First whether the chain is whole, then whether its root is trusted, then whether everything on the way holds at the date.
What a node has is what the plan gives it, what a dump of it shows, and what its OS brings: a root that Windows would
download on demand is not known to be on a node, and never verifies. Revocation is judged apart (`auditor.pki.revocation`).
"""

from __future__ import annotations

import datetime
from dataclasses import replace

from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.paths import End, Way, Ways, find_ways
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.rules import Flaw, FlawKind, flaws_of
from auditor.pki.store import windows_programme
from auditor.pki.stores.windows_roots import AnchorClass, classify, refusal
from auditor.pki.verdicts import (
    Distrust,
    Gap,
    Incomplete,
    Invalid,
    Path,
    TrustVerdict,
    Unproven,
    Untrusted,
    Verifies,
)

_LIKELY = {AnchorClass.INBOX_MICROSOFT: 0, AnchorClass.INBOX_PROBABLE: 1, AnchorClass.CTL_FETCHABLE: 2}


class _Case:
    def __init__(
        self, chain: tuple[Certificate, ...], host: str, client: ClientModel, trust: PoolTrust, at: datetime.datetime
    ) -> None:
        self._leaf = chain[0]
        self._host = host
        self._client = client
        self._strength = client.strength
        self._trust = trust
        self._at = at
        anchors = trust.anchors(client)
        self._stores = anchors.stores
        self._served = chain + anchors.helpers

    def decide(self) -> TrustVerdict:
        found = find_ways(self._leaf, self._served, self._stores)
        if found.anchored:
            best = self._best(found.anchored)
            return Invalid(best) if best.flaws else Verifies(best)
        if found.truncated:
            why = "there are more paths through the served certificates than the audit follows"
            return Unproven(self._path(Way((self._leaf,), End.NO_ISSUER)), Gap.TOO_MANY_PATHS, why)
        return self._untrusted(found)

    def _path(self, way: Way) -> Path:
        anchored = way.end in {End.ANCHORED, End.SELF_SIGNED}
        strength = self._strength
        if self._client.asks_windows and anchored and strength.accepts_sha1 and way.top in windows_programme():
            strength = replace(strength, accepts_sha1=False)  # Windows refuses SHA-1 below the roots of its programme only
        flaws = flaws_of(way.certificates, self._host, self._at, strength, anchored=anchored)
        if way.broken:
            flaws = (*flaws, Flaw(FlawKind.SIGNATURE, way.top, way.broken))
        if self._client.asks_windows:
            flaws = (*flaws, *self._distrusted(way))
        return Path(way.certificates, flaws)

    def _distrusted(self, way: Way) -> tuple[Flaw, ...]:
        """What Windows refuses although it has it."""
        found = [
            Flaw(FlawKind.DISTRUSTED, one, "it is in the node's store of disallowed certificates")
            for one in way.certificates
            if one in self._trust.disallowed
        ]
        if way.end is End.ANCHORED and way.top not in self._trust.given:
            why = refusal(way.top, self._leaf, self._at)
            found += [Flaw(FlawKind.DISTRUSTED, way.top, why)] if why else []
        return tuple(found)

    def _best(self, ways: tuple[Way, ...]) -> Path:
        """The path with the fewest flaws; of equal ones the shortest."""
        return min(map(self._path, ways), key=lambda path: (len(path.flaws), len(path.certificates)))

    def _untrusted(self, found: Ways) -> TrustVerdict:
        known = find_ways(self._leaf, self._served, self._trust.known).anchored
        if known:
            return self._known_on_windows(known) if self._client.os == "windows" else self._known_on_linux(known)
        way = max(found.ways, key=lambda way: len(way.certificates), default=Way((self._leaf,), End.NO_ISSUER))
        path, top = self._path(way), way.top
        match way.end:
            case End.BROKEN:
                return self._refused(path, top.issuer_name, f"{top.name}: {way.broken}", Distrust.BROKEN)
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

    def _known_on_linux(self, ways: tuple[Way, ...]) -> TrustVerdict:
        path = self._best(ways)
        name = path.top.name
        public = "is not among the public roots of Linux and not" if "system" in self._client.reads else "is not"
        return self._refused(path, name, f"{name} {public} in the pool's trust")

    def _known_on_windows(self, ways: tuple[Way, ...]) -> TrustVerdict:
        path = min(map(self._path, ways), key=self._likely)
        root, name = path.top, path.top.name
        kind = classify(root)
        if kind in {AnchorClass.NOT_IN_PROGRAM, AnchorClass.PRIVATE}:
            return self._refused(path, name, f"{name} is in no list of Microsoft and not in the pool's trust")
        if "system" not in self._client.reads:
            why = f"{self._client.title}: whether {name} is that CA is not known, and the pool's trust does not name it"
            return Unproven(path, Gap.POOL_UNKNOWN, why)
        if why := refusal(root, self._leaf, self._at):
            return self._refused(path, name, f"{name} is not trusted on Windows: {why}", Distrust.REFUSED)
        return self._public_on_windows(path, kind)

    def _public_on_windows(self, path: Path, kind: AnchorClass) -> TrustVerdict:
        name, fetches = path.top.name, self._client.updates_roots
        if fetches and self._trust.mirror:
            why = f"{name} is not known to be on the nodes, and would be fetched from {self._trust.mirror}, which nobody asked"
            return Unproven(path, Gap.FROM_MIRROR, why)
        if self._trust.dump:
            how = "Windows would have to download it" if fetches else "the client never makes Windows download it"
            why = f"{name} is in Microsoft's root programme, but not among the roots of {self._trust.dump}, and {how}"
            return self._refused(path, name, why, Distrust.NOT_ON_NODE)
        if kind is not AnchorClass.CTL_FETCHABLE:
            why = f"a fresh Windows probably brings {name}, but nothing shows that these nodes have it"
            return Unproven(path, Gap.PROBABLY_ON_NODE, why)
        why = f"{name} is in Microsoft's root programme, but Windows downloads such roots on first use"
        how = "which fails with the cable cut" if fetches else "which this client never makes it do"
        rest = "nothing shows that it is on the nodes already, and the pool's trust does not name it"
        return Unproven(path, Gap.NOT_KNOWN_ON_NODE, f"{why}, {how}; {rest}")

    def _likely(self, path: Path) -> tuple[bool, int, int, int]:
        """Which of several public roots Windows would rather have: the order in which they are worth a look."""
        useless = bool(refusal(path.top, self._leaf, self._at))
        return useless, len(path.flaws), _LIKELY.get(classify(path.top), 3), len(path.certificates)

    def _refused(self, path: Path, anchor: str, why: str, cause: Distrust = Distrust.NOT_GIVEN) -> TrustVerdict:
        if self._trust.given.unread:
            unread = "; ".join(self._trust.given.unread[:3])
            return Unproven(path, Gap.UNREAD_TRUST, f"{why}, as far as that can be read: {unread}")
        return Untrusted(path, anchor, why, cause)


def judge(
    chain: tuple[Certificate, ...], host: str, client: ClientModel, trust: PoolTrust, at: datetime.datetime
) -> TrustVerdict:
    """What `client` makes of `chain` (as served, leaf first, at least one certificate) from `host` at a moment (UTC)."""
    return _Case(chain, host, client, trust, at).decide()
