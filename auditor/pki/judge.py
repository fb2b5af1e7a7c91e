"""Whether a client on a node verifies a served chain without external access.

Three questions, in order: is the chain complete, is its root trusted, and is every certificate valid on the date. A node trusts
what the plan declares, what its dump shows, and what its OS ships. A root that Windows would download on demand is not known to
be on a node, so it never verifies. Revocation is checked separately (`auditor.pki.revocation`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.go_parser import UNSUPPORTED_CURVE, go_parse_error
from auditor.pki.openssl_path import openssl_path
from auditor.pki.path_rules import Flaw, FlawKind, doubts_of, flaws_of
from auditor.pki.paths import CertificatePath, End, Ways, find_ways
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.stores.windows_roots import AnchorClass, classify
from auditor.pki.trust_store import linux_public, windows_program
from auditor.pki.verdicts import (
    Distrust,
    Incomplete,
    Invalid,
    Path,
    TrustGap,
    TrustVerdict,
    Unproven,
    Untrusted,
    Verifies,
)

# The server's alert if the client does not offer the curve of its key: run with Go 1.26.8 and a server of OpenSSL 3.0.22.
_NO_SHARED_KEY = "remote error: tls: handshake failure"
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
        self._unparsed = tuple(_unparsed(chain)) if self._strength.parses_as_go else ()

    def decide(self) -> TrustVerdict:
        found = find_ways(self._leaf, self._served, self._stores)
        if found.anchored:
            if self._client.verifier == "openssl":
                return self._by_openssl(found)
            best = self._best(found.anchored)
            return Invalid(best) if best.flaws else self._unless_doubtful(best)
        if found.truncated:
            why = "the served certificates form more paths than the audit follows"
            return Unproven(self._path(CertificatePath((self._leaf,), End.NO_ISSUER)), TrustGap.TOO_MANY_PATHS, why)
        return self._untrusted(found)

    def _by_openssl(self, found: Ways) -> TrustVerdict:
        """Return the verdict on the only path that OpenSSL follows."""
        followed = openssl_path(self._leaf, self._served, self._stores, self._at)
        if (way := next((way for way in found.anchored if way.certificates == followed), None)) is not None:
            path = self._path(way)
            return Invalid(path) if path.flaws else self._unless_doubtful(path)
        top, second = followed[-1], followed[1] if len(followed) > 1 else followed[0]
        why = (
            f"OpenSSL follows the certificate of {second.name} that {second.issuer_name} issued. "
            "It does not lead to a trusted root, and OpenSSL does not try another path"
        )
        return self._refused(self._path(CertificatePath(followed, End.NO_ISSUER)), top.name, why, Distrust.BROKEN)

    def _unless_doubtful(self, path: Path) -> TrustVerdict:
        doubt = next(doubts_of(path.certificates, self._host, self._strength), "")
        return Unproven(path, TrustGap.UNCONFIRMED, doubt) if doubt else Verifies(path)

    def _path(self, way: CertificatePath) -> Path:
        anchored = way.end in {End.ANCHORED, End.SELF_SIGNED}
        strength = self._strength
        if self._client.asks_windows and anchored and strength.accepts_sha1 and way.top in windows_program():
            strength = replace(strength, accepts_sha1=False)  # Windows rejects SHA-1 only below the roots of its program
        flaws = flaws_of(way.certificates, self._host, self._at, strength, anchored=anchored)
        if way.broken:
            flaws = (*flaws, Flaw(FlawKind.SIGNATURE, way.top, way.broken))
        if self._client.asks_windows:
            flaws = (*flaws, *self._distrusted(way))
        told = {flaw.certificate for flaw in self._unparsed}
        flaws = (*self._unparsed, *(one for one in flaws if one.kind is not FlawKind.UNREADABLE or one.certificate not in told))
        return Path(way.certificates, flaws)

    def _distrusted(self, way: CertificatePath) -> tuple[Flaw, ...]:
        """Return what Windows rejects although it is in a store."""
        found = [Flaw(FlawKind.DISTRUSTED, one, why) for one in way.certificates if (why := self._trust.rejects(one))]
        if way.end is End.ANCHORED and way.top not in self._trust.given:
            why = self._trust.refusal(way.top, self._leaf, self._at)
            found += [Flaw(FlawKind.DISTRUSTED, way.top, why)] if why else []
        return tuple(found)

    def _best(self, ways: tuple[CertificatePath, ...]) -> Path:
        """Return the path with the fewest flaws, then the shortest."""
        return min(map(self._path, ways), key=lambda path: (len(path.flaws), len(path.certificates)))

    def _untrusted(self, found: Ways) -> TrustVerdict:
        known = find_ways(self._leaf, self._served, self._trust.known).anchored
        if self._client.has_own_ca and not any(way.end is End.BROKEN for way in found.ways):
            return self._outside_own_ca(known or found.ways)
        if known:
            return self._known_on_windows(known) if self._client.os == "windows" else self._known_on_linux(known)
        way = max(found.ways, key=lambda way: len(way.certificates), default=CertificatePath((self._leaf,), End.NO_ISSUER))
        path, top = self._path(way), way.top
        match way.end:
            case End.BROKEN:
                return self._refused(path, top.issuer_name, f"{top.name}: {way.broken}", Distrust.BROKEN)
            case End.SELF_SIGNED | End.ANCHORED:
                return self._refused(
                    path, top.name, f"the root {top.name} is in no public root program and not in the pool's trust"
                )
            case End.NO_ISSUER if top.extensions.aia_issuers or not top.may_issue:
                urls = top.extensions.aia_issuers
                if self._trust.given.unread:
                    why = f"the endpoint does not serve {top.issuer_name}, which issued {top.name}"
                    return self._refused(path, top.issuer_name, why)
                return Incomplete(path, top.issuer_name, urls, is_requested=bool(urls) and self._client.fetches_aia)
            case End.NO_ISSUER:
                why = f"{top.issuer_name}, which issued {top.name}, is neither served nor trusted"
                return self._refused(path, top.issuer_name, why)

    def _outside_own_ca(self, ways: tuple[CertificatePath, ...]) -> TrustVerdict:
        """Return the verdict of kubelet and kube-proxy, which trust only the CA of their kubeconfig, or of Java."""
        ways = ways or (CertificatePath((self._leaf,), End.NO_ISSUER),)
        path = self._path(max(ways, key=lambda way: (way.end is End.ANCHORED, len(way.certificates))))
        name = path.top.name if path.top.self_signed else path.top.issuer_name
        if self._client.verifier == "java":
            return self._outside_keystore(path, name)
        if self._trust.own_ca and not self._trust.given.anchors:
            return self._refused(path, name, self._trust.ca_fault)
        if self._trust.own_ca and not path.top.self_signed and path.top.extensions.aia_issuers:
            return Incomplete(path, path.top.issuer_name, path.top.extensions.aia_issuers, is_requested=False)
        if self._trust.own_ca:
            part = f". {self._trust.ca_fault}" if self._trust.ca_fault else ""
            return self._refused(path, name, f"{self._trust.own_ca} does not contain {name}{part}")
        how = "name it with `kubeconfig` of the pool or `ca` of the cluster"
        why = f"it trusts only the CA of its kubeconfig, and the plan does not state whether that is {name}: {how}"
        return Unproven(path, TrustGap.POOL_UNKNOWN, why)

    def _outside_keystore(self, path: Path, name: str) -> TrustVerdict:
        """Return the verdict of Java, whose keystore has the public roots of its vendor."""
        top = path.top
        if not top.self_signed and (top.extensions.aia_issuers or not top.may_issue):
            return Incomplete(path, top.issuer_name, top.extensions.aia_issuers, is_requested=False)
        if top in linux_public() or top in windows_program():
            why = f"the keystore of the JDK (cacerts) may have {name}, but nothing shows it; add its file to the pool's `trust`"
            return Unproven(path, TrustGap.POOL_UNKNOWN, why)
        return self._refused(path, name, f"{name} is not public, so the keystore of the JDK (cacerts) does not have it")

    def _known_on_linux(self, ways: tuple[CertificatePath, ...]) -> TrustVerdict:
        path = self._best(ways)
        name = path.top.name
        public = "is neither a public root of Linux nor" if "system" in self._client.reads else "is not"
        return self._refused(path, name, f"{name} {public} in the pool's trust")

    def _known_on_windows(self, ways: tuple[CertificatePath, ...]) -> TrustVerdict:
        path = min(map(self._path, ways), key=self._likely)
        root, name = path.top, path.top.name
        kind = classify(root)
        if kind in {AnchorClass.NOT_IN_PROGRAM, AnchorClass.PRIVATE}:
            return self._refused(path, name, f"{name} is neither in Microsoft's lists nor in the pool's trust")
        if "system" not in self._client.reads:
            why = f"{self._client.title}: it is unknown whether {name} is that CA, and the pool's trust does not contain it"
            return Unproven(path, TrustGap.POOL_UNKNOWN, why)
        if why := self._trust.refusal(root, self._leaf, self._at):
            return self._refused(path, name, f"{name} is not trusted on Windows: {why}", Distrust.REFUSED)
        return self._public_on_windows(path, kind)

    def _public_on_windows(self, path: Path, kind: AnchorClass) -> TrustVerdict:
        name, fetches = path.top.name, self._client.updates_roots
        if fetches and self._trust.mirror:
            how = f"Windows would download it from {self._trust.mirror}, which was not checked"
            why = f"{name} may be missing on the nodes. {how}"
            return Unproven(path, TrustGap.FROM_MIRROR, why)
        if self._trust.dump:
            how = "Windows would have to download it" if fetches else "this client never triggers the download"
            why = f"{name} is in Microsoft's root program, but not in {self._trust.dump}, and {how}"
            return self._refused(path, name, why, Distrust.NOT_ON_NODE)
        if kind is not AnchorClass.CTL_FETCHABLE:
            why = f"a new Windows installation probably contains {name}, but no evidence shows it on these nodes"
            return Unproven(path, TrustGap.PROBABLY_ON_NODE, why)
        why = f"{name} is in Microsoft's root program, but Windows downloads such roots on first use"
        how = "which fails offline" if fetches else "which this client never triggers"
        rest = "no evidence shows it on the nodes, and the pool's trust does not contain it"
        return Unproven(path, TrustGap.NOT_KNOWN_ON_NODE, f"{why}, {how}; {rest}")

    def _likely(self, path: Path) -> tuple[bool, int, int, int]:
        """Return a sort key: the public root that Windows most likely uses comes first."""
        useless = bool(self._trust.refusal(path.top, self._leaf, self._at))
        return useless, len(path.flaws), _LIKELY.get(classify(path.top), 3), len(path.certificates)

    def _refused(self, path: Path, anchor: str, why: str, cause: Distrust = Distrust.NOT_GIVEN) -> TrustVerdict:
        if self._trust.given.unread:
            unread = "; ".join(self._trust.given.unread[:3])
            return Unproven(
                path, TrustGap.UNREAD_TRUST, f"{why}{'. ' if why else ''}Parts of the pool's trust are unreadable: {unread}"
            )
        return Untrusted(path, anchor, why, cause)


def _unparsed(chain: tuple[Certificate, ...]) -> Iterator[Flaw]:
    """Yield what ends the handshake of a Go client: crypto/tls parses every served certificate, also those outside the path."""
    for certificate in chain:
        refused = go_parse_error(certificate)
        if refused == UNSUPPORTED_CURVE and certificate is chain[0]:
            detail = "Go does not support the curve of its key, so it does not offer it, and the server ends the handshake"
            yield Flaw(FlawKind.UNREADABLE, certificate, detail, _NO_SHARED_KEY)
        elif refused:
            yield Flaw(FlawKind.UNREADABLE, certificate, f"Go does not parse it: {refused}", refused)


def judge(
    chain: tuple[Certificate, ...], host: str, client: ClientModel, trust: PoolTrust, at: datetime.datetime
) -> TrustVerdict:
    """Return how `client` verifies `chain` (as served, leaf first, not empty) from `host` at a moment (UTC)."""
    return _Case(chain, host, client, trust, at).decide()
