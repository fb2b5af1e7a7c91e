"""Each endpoint as each client of each pool would see it with the cable cut."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import assert_never

from auditor.errors import unexpected
from auditor.evidence.model import Evidence, Kind
from auditor.pki.certificate import Certificate
from auditor.pki.clients import Cause, ClientModel, client_model
from auditor.pki.judge import judge
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.rules import Flaw, FlawKind
from auditor.pki.verdicts import Distrust, Gap, Incomplete, Invalid, TrustVerdict, Unproven, Untrusted, Verifies
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.readers.node_config import NodeConfig
from auditor.site.trust.callers import Callers
from auditor.site.trust.dials import CRYPTOAPI_WAIT, DialledUrl, Purpose, dials_of
from auditor.site.trust.issuers import MAX_LEVELS, Issuers
from auditor.site.trust.pools import Trusts, root_updates
from auditor.site.trust.prospect import Prospect as Prospect  # noqa: PLC0414 - part of a case
from auditor.site.trust.revocation import FAILURES, Answer, Revocation, Revocations
from auditor.site.trust.runtime import is_unverified, refusing_ca
from auditor.site.trust.served import Served, Unseen
from auditor.site.trust.versions import Offered, Speech, offered_by, speech

_NAMES_SHOWN = 8
_CAUSES: Mapping[FlawKind, Cause] = {
    FlawKind.EXPIRED: "expired",
    FlawKind.NOT_YET_VALID: "not-yet-valid",
    FlawKind.NAME: "name",
    FlawKind.COMMON_NAME: "common-name",
}
GAP_KINDS: Mapping[Gap, Kind] = {
    Gap.NOT_KNOWN_ON_NODE: Kind.MISSING_EVIDENCE,
    Gap.PROBABLY_ON_NODE: Kind.MISSING_EVIDENCE,
    Gap.FROM_MIRROR: Kind.MISSING_EVIDENCE,
    Gap.POOL_UNKNOWN: Kind.MISSING_EVIDENCE,
    Gap.UNREAD_TRUST: Kind.UNSUPPORTED,
    Gap.TOO_MANY_PATHS: Kind.UNSUPPORTED,
}
# With these the root may yet be on the node, and the client asks on.
_MAY_HOLD = frozenset({Gap.NOT_KNOWN_ON_NODE, Gap.PROBABLY_ON_NODE, Gap.FROM_MIRROR, Gap.POOL_UNKNOWN})


@dataclass(frozen=True, slots=True)
class TrustCase:
    """One endpoint as one client of one pool would see it.

    `dialled` are the URLs that the client would ask on the way; `refusal` is what it would say when it fails, and `stall`
    what it would say instead where a dial is dropped and outlasts its handshake. `model` is None for a client that the facts
    do not know; `revocation` is None for one that does not ask, or not about this path. `fetched` is an intermediate that was
    not served, where the evidence shows that the client gets it inside: the verdict is the one with it. `offered` is what was
    seen of the endpoint's TLS versions, and `speech` whether the client speaks one of them. `ca_error` is the error of a
    client that refuses the endpoint because of a CA file; empty if it does not.

    Every check of the family takes its outcome from a case, so that no check and no row of the report can disagree.
    """

    endpoint: Endpoint
    pool: Pool
    client: str
    model: ClientModel | None
    verdict: TrustVerdict | Unseen
    dialled: tuple[DialledUrl, ...] = ()
    revocation: Revocation | None = None
    refusal: str = ""
    stall: str = ""
    fetched: Incomplete | None = None
    offered: Offered | Unseen | None = None
    speech: Speech = Speech.UNOBSERVED
    ca_error: str = ""

    @property
    def dials(self) -> tuple[str, ...]:
        """The URLs that it would ask."""
        return tuple(one.url for one in self.dialled)

    @property
    def inside(self) -> tuple[str, ...]:
        """Those of them that stay reachable."""
        return tuple(one.url for one in self.dialled if one.inside)

    @property
    def symptom(self) -> str:
        """What its user would see, in one text."""
        return f"{self.refusal}; or, where packets are dropped, {self.stall}" if self.stall else self.refusal

    @property
    def path(self) -> tuple[str, ...]:
        """The certificates that were followed, by name, leaf first."""
        return () if isinstance(self.verdict, Unseen) else self.verdict.path.names

    @property
    def insists(self) -> bool:
        """Whether the client fails when it cannot learn about revocation."""
        return self.model is not None and self.model.revocation == "hard"

    @property
    def is_sure(self) -> bool:
        """Whether the facts are sure of how the client treats revocation."""
        return self.model is not None and self.model.confidence != "low"

    @property
    def may_be_fetched(self) -> bool:
        """Whether the client may get the missing intermediate from a URL that stays reachable."""
        return isinstance(self.verdict, Incomplete) and self.verdict.would_dial and bool(self.inside)

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """What is wrong with the certificates of the path; each makes the connection fail."""
        return () if isinstance(self.verdict, Unseen) else self.verdict.path.flaws

    @property
    def prospect(self) -> Prospect:
        """The verdict in one word."""
        if isinstance(self.verdict, Unseen):
            return Prospect.UNDETERMINED
        revoked = self.by_revocation
        if self.flaws or self.ca_error or self.speech is Speech.NO or revoked is Prospect.FAILS:
            return Prospect.FAILS
        match self.verdict:
            case Verifies():
                return Prospect.UNDETERMINED if self.speech is Speech.UNKNOWN else revoked
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
        """What the answers about revocation alone lead to: a client that does not ask goes on."""
        if self.revocation is None:
            return Prospect.VERIFIES
        answer = self.revocation.answer
        if answer is Answer.REVOKED or (self.insists and answer in FAILURES):
            return Prospect.FAILS if self.is_sure else Prospect.UNDETERMINED
        # A list that was not observed may name the certificate: then a client that takes no answer for a good one fails too.
        return Prospect.UNDETERMINED if self.revocation.of(Answer.UNASKED) else Prospect.VERIFIES

    @property
    def reason(self) -> str:
        """What its user would see, or why nothing can be said; for a client without words for it, what is wrong."""
        if isinstance(self.verdict, Unseen):
            return self.verdict.detail
        if self.speech is Speech.NO and isinstance(self.offered, Offered):
            return self.symptom or f"the endpoint offers {self.offered.shown} only, which the client does not speak"
        return self.symptom


def needs_windows_update(case: TrustCase) -> bool:
    """Whether the client could only verify with a root that Windows would download, or have from a mirror of it."""
    match case.verdict:
        case Untrusted(cause=Distrust.NOT_ON_NODE) | Unproven(gap=Gap.NOT_KNOWN_ON_NODE | Gap.FROM_MIRROR):
            return True
        case _:
            return False


def end_of_day(day: datetime.date) -> datetime.datetime:
    """The last second of a day, UTC: what a date means when something must be valid on it."""
    return datetime.datetime.combine(day, datetime.time(23, 59, 59), tzinfo=datetime.UTC)


def trust_cases(
    plan: Plan,
    evidence: Evidence,
    chains: Mapping[Endpoint, Served | Unseen],
    trusts: Trusts,
    at: datetime.date,
    configs: Mapping[str, NodeConfig] = MappingProxyType({}),
) -> tuple[TrustCase, ...]:
    """Endpoint x pool x client that connects to it, in the order of the plan. What ends on the day `at` has ended.

    A runtime that is told not to verify an endpoint is left out: nothing is verified there.
    """
    cases, callers = _Cases(evidence, trusts, end_of_day(at)), Callers(plan, chains)
    return tuple(
        cases.of(endpoint, chain, pool, client)
        for endpoint, chain in chains.items()
        for pool in plan.pools
        for client in callers.of(endpoint, pool)
        if not is_unverified(configs.get(pool.name), pool, client, endpoint)
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A verdict; what was missing without the issuers that were fetched for it, and the URLs that gave them."""

    verdict: TrustVerdict
    fetched: Incomplete | None
    asked: tuple[str, ...]


class _Cases:
    """Judges case by case; pools alike in trust share their verdicts."""

    def __init__(self, evidence: Evidence, trusts: Trusts, at: datetime.datetime) -> None:
        self._reach = trusts.reach
        self._trusts = trusts
        self._at = at
        self._revocations = Revocations(evidence, self._reach, at)
        self._issuers = Issuers(evidence, self._reach)
        self._judged: dict[tuple[Endpoint, str, str, int], _Judged] = {}
        self._evidence = evidence
        self._offered: dict[Endpoint, Offered | Unseen] = {}

    def of(self, endpoint: Endpoint, chain: Served | Unseen, pool: Pool, client: str) -> TrustCase:
        """The case; an unexpected error makes it undetermined for itself alone."""
        try:
            return self._of(endpoint, chain, pool, client)
        except Exception as error:  # noqa: BLE001 - one endpoint must not end the audit
            detail = unexpected(f"judging {endpoint.name} for {client} on {pool.name}", error)
            return TrustCase(endpoint, pool, client, None, Unseen(Kind.BUG, detail))

    def _of(self, endpoint: Endpoint, chain: Served | Unseen, pool: Pool, client: str) -> TrustCase:
        model = client_model(client, "windows" if pool.is_windows else "linux")
        if isinstance(chain, Unseen):
            return TrustCase(endpoint, pool, client, model, chain)
        if model is None:
            unknown = Unseen(Kind.UNSUPPORTED, f"{client} on {pool.platform.os} is no client that the facts know")
            return TrustCase(endpoint, pool, client, None, unknown)
        return self._case(endpoint, chain, pool, model)

    def _verdict(self, endpoint: Endpoint, chain: Served, trust: PoolTrust, model: ClientModel) -> _Judged:
        key = (endpoint, model.id, model.os, id(trust))
        if key not in self._judged:
            self._judged[key] = self._judge(chain.certificates, endpoint.host, trust, model)
        return self._judged[key]

    def _judge(self, served: tuple[Certificate, ...], host: str, trust: PoolTrust, model: ClientModel) -> _Judged:
        """The verdict on what was served, with the issuers that a client would fetch inside."""
        verdict, first, urls = judge(served, host, model, trust, self._at), None, dict[str, None]()
        for _ in range(MAX_LEVELS):
            if not isinstance(verdict, Incomplete) or not verdict.would_dial:
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

    def _case(self, endpoint: Endpoint, chain: Served, pool: Pool, model: ClientModel) -> TrustCase:
        trust = self._trusts.for_client(pool, model.id, endpoint)
        judged = self._verdict(endpoint, chain, trust, model)
        verdict = judged.verdict
        ca_error = refusing_ca(self._trusts.runtime, pool, model, endpoint)
        revocation = self._revocations.of(verdict.path) if _asks_on(model, verdict) else None
        updates = root_updates(pool, self._trusts.given(pool.trust))
        on_machine = any(verdict.path.top in store for store in trust.system)
        found = dials_of(model, verdict, chain, updates, revocation, self._reach, on_machine=on_machine)
        dialled = (*(DialledUrl(url, Purpose.ISSUER, inside=True) for url in judged.asked), *map(self._seen, found))
        refusal = _refusal(endpoint.host, model, verdict, revocation)
        stalls = model.timeout < CRYPTOAPI_WAIT and any(not one.inside for one in dialled)
        stall = model.symptom("stall") if stalls and refusal else ""
        if endpoint not in self._offered:
            self._offered[endpoint] = offered_by(self._evidence, endpoint, chain)
        offered = self._offered[endpoint]
        return TrustCase(
            endpoint,
            pool,
            model.id,
            model,
            verdict,
            dialled,
            revocation,
            ca_error or refusal,
            "" if ca_error else stall,
            judged.fetched,
            offered,
            speech(offered, model, pool),
            ca_error,
        )

    def _seen(self, one: DialledUrl) -> DialledUrl:
        """A URL of an issuer does not help where the evidence shows that there is none."""
        empty = one.inside and one.purpose is Purpose.ISSUER and self._issuers.is_empty(one.url)
        return replace(one, inside=False) if empty else one


def _asks_on(model: ClientModel, verdict: TrustVerdict) -> bool:
    """Whether the client asks about revocation: it does where the chain is otherwise in order."""
    if model.revocation == "none" or verdict.path.flaws:
        return False
    return isinstance(verdict, Verifies) or (isinstance(verdict, Unproven) and verdict.gap in _MAY_HOLD)


def _refusal(host: str, model: ClientModel, verdict: TrustVerdict, revocation: Revocation | None) -> str:
    match verdict:
        case Verifies():
            return _revocation_refusal(model, revocation)
        case Unproven(gap=Gap.TOO_MANY_PATHS):
            return ""
        case Incomplete():
            return model.symptom("incomplete", host=host, reason="PARTIAL_CHAIN")
        case Invalid(path) | Unproven(path=path) if path.flaws:
            return flaw_symptom(host, model, path.flaws[0])
        case _:
            return model.symptom("untrusted", host=host, reason="UNTRUSTED_ROOT")


def _revocation_refusal(model: ClientModel, revocation: Revocation | None) -> str:
    answer = revocation.answer if revocation is not None else Answer.GOOD
    match answer:
        case Answer.REVOKED:
            return model.symptom("invalid", reason="REVOKED")
        case Answer.MISSING:
            return model.symptom("no-revocation")
        case Answer.BLOCKED | Answer.STALE | Answer.UNASKED:
            return model.symptom("revocation")
        case Answer.GOOD:
            return ""
        case _:
            assert_never(answer)


def flaw_symptom(host: str, model: ClientModel, flaw: Flaw) -> str:
    """What a client says about one flaw."""
    names = flaw.certificate.extensions.dns_names + flaw.certificate.extensions.ip_addresses
    cause = _CAUSES.get(flaw.kind, "invalid")
    return model.symptom(cause, host=host, names=", ".join(names[:_NAMES_SHOWN]), reason=flaw.kind.value)
