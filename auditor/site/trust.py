"""The view of trust: what each endpoint serves, and whether each client of each pool would verify it offline."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from auditor.evidence.model import Absent, ChainSeen, Evidence, Failed, Kind, Observation, Seen
from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.clients import Cause, ClientModel, client_model, default_clients, root_update_url
from auditor.pki.judge import Gap, Incomplete, Invalid, PoolTrust, TrustVerdict, Unproven, Untrusted, Verifies, judge
from auditor.pki.loading import load_certificates
from auditor.pki.rules import Flaw, FlawKind
from auditor.pki.store import TrustStore, linux_public, windows_programme
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.paths import is_inside
from auditor.transfer.network import dial_of, is_reachable

MAX_SERVED = 100
CRYPTOAPI_WAIT = 15  # seconds that CryptoAPI waits for one URL
_NAMES_SHOWN = 8
_NOTHING = TrustStore("nothing")
_CAUSES: Mapping[FlawKind, Cause] = {
    FlawKind.EXPIRED: "expired",
    FlawKind.NOT_YET_VALID: "not-yet-valid",
    FlawKind.NAME: "name",
    FlawKind.COMMON_NAME: "common-name",
}
GAP_KINDS: Mapping[Gap, Kind] = {
    Gap.NOT_KNOWN_ON_NODE: Kind.MISSING_EVIDENCE,
    Gap.UNREAD_TRUST: Kind.UNSUPPORTED,
    Gap.REVOCATION: Kind.UNSUPPORTED,
    Gap.TOO_MANY_PATHS: Kind.UNSUPPORTED,
}


@dataclass(frozen=True, slots=True)
class Served:
    """The certificates that an endpoint serves, leaf first, and what showed them: a URL, or a file of the plan."""

    certificates: tuple[Certificate, ...]
    source: str

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.certificates[0]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why a chain cannot be judged."""

    kind: Kind
    detail: str


class Prospect(enum.StrEnum):
    """What becomes of a connection with the cable cut, in the words of the report."""

    VERIFIES = "verifies"
    FAILS = "fails"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class TrustCase:
    """One endpoint as one client of one pool would see it.

    `dials` are the URLs that the client would ask on the way, `inside` those of them that stay reachable; `refusal` is what
    it would say when it fails, and `stall` what it would say instead where a dial is dropped and outlasts its handshake.
    `model` is None for a client that the facts do not know.
    """

    endpoint: Endpoint
    pool: Pool
    client: str
    model: ClientModel | None
    verdict: TrustVerdict | Unseen
    dials: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    refusal: str = ""
    stall: str = ""

    @property
    def symptom(self) -> str:
        """What its user would see, in one text."""
        return f"{self.refusal}; or, where packets are dropped, {self.stall}" if self.stall else self.refusal

    @property
    def path(self) -> tuple[str, ...]:
        """The certificates that were followed, by name, leaf first."""
        return () if isinstance(self.verdict, Unseen) else self.verdict.path.names

    @property
    def prospect(self) -> Prospect:
        """The verdict in one word."""
        match self.verdict:
            case Verifies():
                return Prospect.VERIFIES
            case Incomplete(would_dial=True) if self.inside:
                return Prospect.UNDETERMINED
            case Incomplete() | Untrusted() | Invalid():
                return Prospect.FAILS
            case Unproven(path=path):
                return Prospect.FAILS if path.flaws else Prospect.UNDETERMINED
            case Unseen():
                return Prospect.UNDETERMINED
            case _:
                assert_never(self.verdict)


def endpoint_chains(plan: Plan, evidence: Evidence) -> dict[Endpoint, Served | Unseen]:
    """What each endpoint of the plan serves: from its chain file, else from evidence."""
    return {
        endpoint: _from_file(plan, endpoint.chain) if endpoint.chain else _from_evidence(evidence.chain(endpoint.name))
        for endpoint in plan.endpoints
    }


def _from_file(plan: Plan, path: str) -> Served | Unseen:
    if path not in plan.files:
        return Unseen(Kind.MISSING_EVIDENCE, f"the chain file {path} is not there")
    loaded = load_certificates(plan.files[path])
    if loaded.problems:
        return Unseen(Kind.MALFORMED, f"{path}: {loaded.problems[0]}")
    if len(loaded.certificates) > MAX_SERVED:
        return Unseen(Kind.MALFORMED, f"{path}: {len(loaded.certificates):,} certificates are no chain but a bundle")
    return Served(loaded.certificates, path)


def _from_evidence(observed: Observation[ChainSeen] | None) -> Served | Unseen:
    match observed:
        case None:
            return Unseen(Kind.MISSING_EVIDENCE, "nobody looked at what it serves")
        case Failed(kind, detail):
            return Unseen(kind, detail)
        case Absent(detail):
            return Unseen(Kind.UNREACHABLE, detail or "there is no such endpoint")
        case Seen(chain, _, source):
            return _parsed(chain, source)


def _parsed(chain: ChainSeen, source: str) -> Served | Unseen:
    if not 0 < len(chain.certificates) <= MAX_SERVED:
        return Unseen(Kind.MALFORMED, f"it served {len(chain.certificates):,} certificates")
    certificates = []
    for number, der in enumerate(chain.certificates, start=1):
        try:
            certificates.append(parse_certificate(der))
        except UnreadableCertificate as error:
            return Unseen(Kind.MALFORMED, f"certificate {number} that it served: {error}")
    return Served(tuple(certificates), source)


class _Trusts:
    """The trust of each pool, read once per set of files."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._given: dict[tuple[str, ...], TrustStore] = {}
        stores = [self.given(pool.trust) for pool in plan.pools]
        authorities = tuple(
            dict.fromkeys(ca for ca in (plan.registry.ca if plan.registry else "", *(s.ca for s in plan.sources)) if ca)
        )
        self._known = (*dict.fromkeys(stores), self.given(authorities), linux_public(), windows_programme())

    def given(self, paths: tuple[str, ...]) -> TrustStore:
        if paths not in self._given:
            self._given[paths] = _store(self._plan, paths)
        return self._given[paths]

    def of(self, pool: Pool) -> PoolTrust:
        return PoolTrust(self.given(pool.trust), _NOTHING if pool.is_windows else linux_public(), self._known)


def _store(plan: Plan, paths: tuple[str, ...]) -> TrustStore:
    anchors: list[Certificate] = []
    unread: list[str] = []
    for path in paths:
        inside = [name for name in plan.files if is_inside(name, path)]
        left_out = [f"{name}: {reason}" for name, reason in plan.left_out.items() if is_inside(name, path)]
        unread.extend(left_out or ([] if inside else [f"{path} is not there"]))
        for name in inside:
            loaded = load_certificates(plan.files[name])
            anchors.extend(loaded.certificates)
            unread.extend(f"{name}: {problem}" for problem in loaded.problems)
    return TrustStore.of(", ".join(paths) or "nothing", anchors, tuple(unread))


def end_of_day(day: datetime.date) -> datetime.datetime:
    """The last second of a day, UTC: what a date means when something must be valid on it."""
    return datetime.datetime.combine(day, datetime.time(23, 59, 59), tzinfo=datetime.UTC)


def trust_cases(plan: Plan, chains: Mapping[Endpoint, Served | Unseen], at: datetime.date) -> tuple[TrustCase, ...]:
    """Endpoint x pool x client, in the order of the plan. What ends on the day `at` has ended."""
    moment = end_of_day(at)
    trusts = _Trusts(plan)
    judged: dict[tuple[Endpoint, str, str, tuple[str, ...]], TrustVerdict] = {}
    cases: list[TrustCase] = []
    for endpoint, chain in chains.items():
        for pool in plan.pools:
            for client in _clients(pool):
                model = client_model(client, "windows" if pool.is_windows else "linux")
                if isinstance(chain, Unseen):
                    cases.append(TrustCase(endpoint, pool, client, model, chain))
                elif model is None:
                    unknown = Unseen(Kind.UNSUPPORTED, f"{client} on {pool.platform.os} is no client that the facts know")
                    cases.append(TrustCase(endpoint, pool, client, None, unknown))
                else:
                    key = (endpoint, model.id, model.os, pool.trust)
                    if key not in judged:
                        judged[key] = judge(chain.certificates, endpoint.host, model, trusts.of(pool), moment)
                    cases.append(_case(endpoint, pool, model, judged[key], plan.reachable))
    return tuple(cases)


def _clients(pool: Pool) -> tuple[str, ...]:
    named = pool.clients or default_clients(pool.runtime.name if pool.runtime else "")
    return tuple(dict.fromkeys(named))


def _case(endpoint: Endpoint, pool: Pool, model: ClientModel, verdict: TrustVerdict, reachable: tuple[str, ...]) -> TrustCase:
    dials = tuple(dict.fromkeys(_dials(pool, model, verdict)))
    inside = tuple(url for url in dials if (dial := dial_of(url)) is not None and is_reachable(dial.host, reachable))
    refusal = _refusal(endpoint.host, model, verdict)
    stalls = refusal and len(inside) < len(dials) and model.timeout < CRYPTOAPI_WAIT
    return TrustCase(endpoint, pool, model.id, model, verdict, dials, inside, refusal, model.symptom("stall") if stalls else "")


def _dials(pool: Pool, model: ClientModel, verdict: TrustVerdict) -> Iterator[str]:
    match verdict:
        case Incomplete(aia_urls=urls, would_dial=True):
            yield from urls
        case Unproven(path=path, gap=Gap.NOT_KNOWN_ON_NODE) if model.updates_roots:
            yield from _root_updates(pool.root_updates, path.top.sha1)
        case Untrusted() if model.updates_roots:
            yield from _root_updates(pool.root_updates, "")
        case _:
            return


def _root_updates(setting: str, sha1: str) -> Iterator[str]:
    if setting in {"", "enabled"}:
        yield root_update_url("list")
        if sha1:
            yield root_update_url("root", sha1)
    elif setting != "disabled":
        yield setting


def _refusal(host: str, model: ClientModel, verdict: TrustVerdict) -> str:
    match verdict:
        case Verifies() | Unproven(gap=Gap.REVOCATION | Gap.TOO_MANY_PATHS):
            return ""
        case Incomplete():
            return model.symptom("incomplete", reason="PARTIAL_CHAIN")
        case Invalid(path) | Unproven(path=path) if path.flaws:
            return flaw_symptom(host, model, path.flaws[0])
        case _:
            return model.symptom("untrusted", reason="UNTRUSTED_ROOT")


def flaw_symptom(host: str, model: ClientModel, flaw: Flaw) -> str:
    """What a client says about one flaw."""
    names = flaw.certificate.extensions.dns_names + flaw.certificate.extensions.ip_addresses
    cause = _CAUSES.get(flaw.kind, "invalid")
    return model.symptom(cause, host=host, names=", ".join(names[:_NAMES_SHOWN]), reason=flaw.kind.value)
