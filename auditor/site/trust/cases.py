"""Each endpoint as each client of each pool verifies it offline."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import assert_never

from auditor.errors import unexpected
from auditor.evidence.model import Evidence, Kind
from auditor.facts.lookup import GapKind
from auditor.pki.certificate import Certificate
from auditor.pki.client_offers import with_library
from auditor.pki.clients import ClientModel, client_model, client_models, cryptoapi_wait
from auditor.pki.judge import judge
from auditor.pki.path_rules import Flaw
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.revocation import in_directory
from auditor.pki.staples import Staple
from auditor.pki.verdicts import Distrust, Incomplete, Invalid, TrustGap, TrustVerdict, Unproven, Untrusted, Verifies
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.readers.node_config import NodeConfig
from auditor.site.trust.callers import Callers, version_of
from auditor.site.trust.client_certificates import NOT_ASKED, ClientCertificate, Presented, client_certificate
from auditor.site.trust.issuers import MAX_LEVELS, Issuers
from auditor.site.trust.negotiation import AGREED, Agreed, Agreement
from auditor.site.trust.pools import Trusts, root_updates
from auditor.site.trust.prospect import Prospect as Prospect  # noqa: PLC0414 - part of a case
from auditor.site.trust.prospect import end_of_day as end_of_day  # noqa: PLC0414 - its callers know it from here
from auditor.site.trust.revocation_results import FAILURES, Revocation, RevocationResult, Revocations
from auditor.site.trust.runtime import is_unverified, refusing_ca
from auditor.site.trust.served import Served, Unobserved
from auditor.site.trust.stapling import staple_of, with_must_staple
from auditor.site.trust.symptoms import certificate_symptom, handshake_symptom, refusal_of
from auditor.site.trust.symptoms import flaw_symptom as flaw_symptom  # noqa: PLC0414 - part of a case
from auditor.site.trust.tls_versions import Offered, Speech, agreement_of, offered_by, speech
from auditor.site.trust.url_requests import Purpose, RequestedUrl, requested_urls

GAP_KINDS: Mapping[TrustGap, Kind] = {
    TrustGap.NOT_KNOWN_ON_NODE: Kind.MISSING_EVIDENCE,
    TrustGap.PROBABLY_ON_NODE: Kind.MISSING_EVIDENCE,
    TrustGap.FROM_MIRROR: Kind.MISSING_EVIDENCE,
    TrustGap.POOL_UNKNOWN: Kind.MISSING_EVIDENCE,
    TrustGap.UNREAD_TRUST: Kind.UNSUPPORTED,
    TrustGap.TOO_MANY_PATHS: Kind.UNSUPPORTED,
    TrustGap.UNCONFIRMED: Kind.UNSUPPORTED,
}
# With these gaps the root may be on the node, so the client still checks revocation.
_MAY_HOLD = frozenset({TrustGap.NOT_KNOWN_ON_NODE, TrustGap.PROBABLY_ON_NODE, TrustGap.FROM_MIRROR, TrustGap.POOL_UNKNOWN})


@dataclass(frozen=True, slots=True)
class TrustCase:
    """One endpoint for one client of one pool.

    `requested` are the URLs that the client connects to. `refusal` is its error message. `stall` is its error message if a
    firewall drops packets and its handshake times out. `model` is None for a client without facts. `revocation` is None if the
    client does not check it, or not for this path. `fetched` is an intermediate that was not served but that the client
    downloads internally, by the evidence; the verdict includes it. `offered` is what the endpoint was observed to accept, and
    `agreement` states whether the client has TLS parameters in common with it. `ca_error` is the client's error about its CA
    file for the endpoint; empty if it has none. `certificate` states whether the client presents the certificate that the
    endpoint asks for. `staple` is the stapled OCSP response, or None if the client does not use it. `joined`
    states whether the nodes are members of a Windows domain; None if unknown. `host` is the name that the client verifies.

    Every check of the family derives its outcome from a case, so checks and report rows cannot contradict each other.
    """

    endpoint: Endpoint
    pool: Pool
    client: str
    model: ClientModel | None
    verdict: TrustVerdict | Unobserved
    requested: tuple[RequestedUrl, ...] = ()
    revocation: Revocation | None = None
    refusal: str = ""
    stall: str = ""
    fetched: Incomplete | None = None
    offered: Offered | Unobserved | None = None
    agreement: Agreement = AGREED
    ca_error: str = ""
    joined: bool | None = None
    certificate: ClientCertificate = NOT_ASKED
    staple: Staple | None = None
    host: str = ""

    @property
    def requested_urls(self) -> tuple[str, ...]:
        """Return the URLs that the client connects to."""
        return tuple(one.url for one in self.requested)

    @property
    def inside(self) -> tuple[str, ...]:
        """Return those of them that stay reachable."""
        return tuple(one.url for one in self.requested if one.inside)

    @property
    def symptom(self) -> str:
        """Return the error message for the user, as one text."""
        return f"{self.refusal}; or, where packets are dropped, {self.stall}" if self.stall else self.refusal

    @property
    def path(self) -> tuple[str, ...]:
        """Return the names of the certificates in the path, leaf first."""
        return () if isinstance(self.verdict, Unobserved) else self.verdict.path.names

    @property
    def certificate_refusal(self) -> str:
        """Return the error message of a client without a certificate that the endpoint accepts."""
        return certificate_symptom(self.endpoint.host, self.model, self.certificate) if self.model is not None else ""

    @property
    def speech(self) -> Speech:
        """Return whether client and endpoint have a TLS version in common, whatever their suites."""
        return speech(self.offered, self.agreement)

    @property
    def insists(self) -> bool:
        """Return whether the client fails if it gets no revocation status."""
        return self.model is not None and self.model.revocation == "hard"

    @property
    def is_sure(self) -> bool:
        """Return whether the facts are certain how the client handles revocation."""
        return self.model is not None and self.model.confidence != "low"

    @property
    def may_be_fetched(self) -> bool:
        """Return whether the client may download the missing intermediate from a reachable URL."""
        return isinstance(self.verdict, Incomplete) and self.verdict.is_requested and bool(self.inside)

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """Return the flaws of the path's certificates; each makes the connection fail."""
        return () if isinstance(self.verdict, Unobserved) else self.verdict.path.flaws

    @property
    def prospect(self) -> Prospect:
        """Return the verdict as one value."""
        if isinstance(self.verdict, Unobserved):
            return Prospect.UNDETERMINED
        revoked = self.by_revocation
        if self.flaws or self.ca_error or self.agreement.agreed is Agreed.NO or revoked is Prospect.FAILS:
            return Prospect.FAILS
        if self.certificate.presented is Presented.NO:
            return Prospect.FAILS
        match self.verdict:
            case Verifies():
                is_open = self.agreement.agreed is Agreed.UNKNOWN or self.certificate.presented is Presented.UNKNOWN
                return Prospect.UNDETERMINED if is_open else revoked
            case Incomplete():
                return Prospect.UNDETERMINED if self.may_be_fetched else Prospect.FAILS
            case Untrusted() | Invalid():
                return Prospect.FAILS
            case Unproven():
                return Prospect.UNDETERMINED
            case _:
                assert_never(self.verdict)

    @property
    def by_revocation(self) -> Prospect:
        """Return the outcome of the revocation answers alone. A client that does not check continues."""
        if self.revocation is None:
            return Prospect.VERIFIES
        answer = self.revocation.answer
        if answer is RevocationResult.REVOKED or (self.insists and answer in FAILURES):
            return Prospect.FAILS if self.is_sure else Prospect.UNDETERMINED
        # A CRL that was not observed may list the certificate, so even a soft-fail client may fail.
        return Prospect.UNDETERMINED if self.revocation.of(RevocationResult.UNASKED) else Prospect.VERIFIES

    @property
    def reason(self) -> str:
        """Return the user's error message, or why the result is unknown; if the client has no message, the flaw."""
        if isinstance(self.verdict, Unobserved):
            return self.verdict.detail
        if self.agreement.agreed is Agreed.NO:
            return self.symptom or self.agreement.why
        return self.symptom or (self.certificate.why if self.certificate.presented is Presented.NO else "")


def needs_windows_update(case: TrustCase) -> bool:
    """Return whether the client could verify only with a root that Windows would download, directly or from a mirror."""
    match case.verdict:
        case Untrusted(cause=Distrust.NOT_ON_NODE) | Unproven(gap=TrustGap.NOT_KNOWN_ON_NODE | TrustGap.FROM_MIRROR):
            return True
        case _:
            return False


def trust_cases(
    plan: Plan,
    evidence: Evidence,
    chains: Mapping[Endpoint, Served | Unobserved],
    trusts: Trusts,
    at: datetime.date,
    configs: Mapping[str, NodeConfig] = MappingProxyType({}),
) -> tuple[TrustCase, ...]:
    """Return endpoint x pool x client that connects to it, in the order of the plan. Validity that ends on `at` has ended.

    A client that is configured not to verify an endpoint is omitted.
    """
    cases, callers = _Cases(plan, evidence, trusts, configs, end_of_day(at)), Callers(plan, chains)
    return tuple(
        cases.of(endpoint, chain, pool, client)
        for endpoint, chain in chains.items()
        for pool in plan.pools
        for client in callers.of(endpoint, pool)
        if not is_unverified(configs.get(pool.name), pool, client, endpoint) and not trusts.skips_verification(pool, client)
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A verdict, the intermediate that was missing before downloads, and the URLs that provided it."""

    verdict: TrustVerdict
    fetched: Incomplete | None
    asked: tuple[str, ...]


class _Cases:
    """Evaluates case by case. Pools with equal trust share their verdicts."""

    def __init__(
        self, plan: Plan, evidence: Evidence, trusts: Trusts, configs: Mapping[str, NodeConfig], at: datetime.datetime
    ) -> None:
        self._plan = plan
        self._configs = configs
        self._reach = trusts.reach
        self._trusts = trusts
        self._at = at
        self._revocations = Revocations(evidence, self._reach, at)
        self._issuers = Issuers(evidence, self._reach)
        self._judged: dict[tuple[Endpoint, str, str, str, str, str, int], _Judged] = {}
        self._evidence = evidence
        self._offered: dict[Endpoint, Offered | Unobserved] = {}

    def of(self, endpoint: Endpoint, chain: Served | Unobserved, pool: Pool, client: str) -> TrustCase:
        """Return the case. An unexpected error makes only this case undetermined."""
        try:
            return self._of(endpoint, chain, pool, client)
        except Exception as error:  # noqa: BLE001 - one endpoint must not end the audit
            detail = unexpected(f"judging {endpoint.name} for {client} on {pool.name}", error)
            return TrustCase(endpoint, pool, client, None, Unobserved(Kind.BUG, detail))

    def _of(self, endpoint: Endpoint, chain: Served | Unobserved, pool: Pool, client: str) -> TrustCase:
        os = "windows" if pool.is_windows else "linux"
        model, found = client_model(client, os), client_models(client, os)
        if isinstance(chain, Unobserved):
            return TrustCase(endpoint, pool, client, model, chain)
        if model is None:
            is_listed = found.gap is not None and found.gap.kind is not GapKind.UNLISTED
            unlisted = f"{client} on {pool.platform.os} is not a client in the facts"
            why = found.gap.why if found.gap is not None and is_listed else unlisted
            return TrustCase(endpoint, pool, client, None, Unobserved(Kind.UNSUPPORTED, why))
        case = self._case(endpoint, chain, pool, model, client)
        others = (self._case(endpoint, chain, pool, other, client) for other in found.rows[1:] if found.gap is not None)
        if any(other.prospect is not case.prospect for other in others):
            detail = f"the plan does not state the version of {client}, and versions differ in what they accept"
            return TrustCase(endpoint, pool, client, model, Unobserved(Kind.MISSING_EVIDENCE, detail))
        return case

    def _verdict(self, endpoint: Endpoint, host: str, chain: Served, trust: PoolTrust, model: ClientModel) -> _Judged:
        key = (endpoint, host, model.id, model.verifier, model.os, model.since, id(trust))
        if key not in self._judged:
            self._judged[key] = self._judge(chain.certificates, host, trust, model)
        return self._judged[key]

    def _judge(self, served: tuple[Certificate, ...], host: str, trust: PoolTrust, model: ClientModel) -> _Judged:
        """Return the verdict on the served chain, with the issuers that the client would download internally."""
        verdict, first, urls = judge(served, host, model, trust, self._at), None, dict[str, None]()
        for _ in range(MAX_LEVELS):
            if not isinstance(verdict, Incomplete) or not verdict.is_requested:
                break
            behind = self._issuers.behind(verdict.aia_urls)
            new = tuple(one for one in behind.certificates if one not in served)
            if not new:
                break
            first = first or verdict
            urls.update(dict.fromkeys(behind.urls))
            served += new
            verdict = judge(served, host, model, trust, self._at)
        return _Judged(verdict, None if isinstance(verdict, Incomplete) else first, tuple(urls))

    def _case(self, endpoint: Endpoint, chain: Served, pool: Pool, model: ClientModel, client: str) -> TrustCase:
        trust, model = self._trusts.for_client(pool, model.id, endpoint), self._trusts.model_of(pool, model)
        model = with_library(model, version_of(self._plan, pool, client))
        host = self._trusts.host_of(pool, model.id, endpoint)
        judged = self._verdict(endpoint, host, chain, trust, model)
        verdict = judged.verdict
        ca_error = refusing_ca(self._trusts.runtime, pool, model, endpoint) or self._trusts.ca_error(pool, model)
        joined = self._trusts.is_joined(pool)
        offered, agreement = self._agreement(endpoint, chain, pool, model, client, trust)
        handshakes = offered.handshakes if isinstance(offered, Offered) else None
        presented = client_certificate(self._plan, self._configs.get(pool.name), endpoint, pool, model, handshakes, self._at)
        staple = staple_of(model, verdict, handshakes, self._at)
        verdict = with_must_staple(model, verdict, staple)
        revocation = self._revocations.of(verdict.path, staple, joined=joined) if _asks_on(model, verdict) else None
        updates = root_updates(pool, self._trusts.given(pool.trust))
        on_machine = any(verdict.path.top in store for store in trust.system)
        found = requested_urls(model, verdict, chain, updates, revocation, self._reach, on_machine=on_machine, joined=joined)
        requested = (*(RequestedUrl(url, Purpose.ISSUER, inside=True) for url in judged.asked), *map(self._seen, found))
        refusal = refusal_of(host, model, verdict, revocation) or certificate_symptom(endpoint.host, model, presented)
        if agreement.agreed is Agreed.NO:  # before any certificate is verified
            refusal = handshake_symptom(endpoint.host, model, agreement)
        stalls = model.timeout < cryptoapi_wait() and any(not one.inside and not in_directory(one.url) for one in requested)
        stall = model.symptom("stall") if stalls and refusal else ""
        return TrustCase(
            endpoint,
            pool,
            client.lower(),
            model,
            verdict,
            requested,
            revocation,
            ca_error or refusal,
            "" if ca_error else stall,
            judged.fetched,
            offered,
            agreement,
            ca_error,
            joined,
            presented,
            staple,
            host,
        )

    def _agreement(
        self, endpoint: Endpoint, chain: Served, pool: Pool, model: ClientModel, client: str, trust: PoolTrust
    ) -> tuple[Offered | Unobserved, Agreement]:
        if endpoint not in self._offered:
            self._offered[endpoint] = offered_by(self._evidence, endpoint, chain)
        offered = self._offered[endpoint]
        return offered, agreement_of(offered, model, pool, version_of(self._plan, pool, client), trust.nodes)

    def _seen(self, one: RequestedUrl) -> RequestedUrl:
        """Return the URL as external if the evidence shows that it has no issuer."""
        empty = one.inside and one.purpose is Purpose.ISSUER and self._issuers.is_empty(one.url)
        return replace(one, inside=False) if empty else one


def _asks_on(model: ClientModel, verdict: TrustVerdict) -> bool:
    """Return whether the client checks revocation: only if the chain is otherwise valid."""
    if model.revocation == "none" or verdict.path.flaws:
        return False
    return isinstance(verdict, Verifies) or (isinstance(verdict, Unproven) and verdict.gap in _MAY_HOLD)
