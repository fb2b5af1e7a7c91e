"""Shared by the checks of endpoints: subjects, cases, common message parts and remedies."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable, Iterable, Iterator

from auditor.check import Fact, Outcome, Part, Remedy, Role, Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.pki.path_rules import Flaw, FlawKind
from auditor.plan.model import Endpoint, Pool
from auditor.site import Site
from auditor.site.trust.cases import GAP_KINDS, TrustCase
from auditor.site.trust.served import Served, Unobserved
from auditor.site.trust.tls_versions import offered_by
from auditor.text import listed

# Reported by certificate-weak. Dates and names have their own checks.
WEAKNESSES = frozenset(
    {
        FlawKind.NOT_A_CA,
        FlawKind.PATH_LENGTH,
        FlawKind.KEY_USAGE,
        FlawKind.WRONG_USAGE,
        FlawKind.NAME_CONSTRAINTS,
        FlawKind.WEAK_SIGNATURE,
        FlawKind.WEAK_KEY,
        FlawKind.UNSUPPORTED_KEY,
        FlawKind.UNREADABLE,
    }
)
OWN_CHECKS = WEAKNESSES | {FlawKind.EXPIRED, FlawKind.NOT_YET_VALID, FlawKind.NAME, FlawKind.COMMON_NAME}
GAPS = GAP_KINDS


def endpoint_subject(endpoint: Endpoint) -> Subject:
    """Return the endpoint as a subject."""
    return Subject("endpoint", endpoint.name)


def subject_of(case: TrustCase) -> Subject:
    """Return the endpoint, for one client of one pool, as a subject."""
    return Subject("endpoint", case.endpoint.name, str(case.pool.platform), case.pool.name, case.client)


def subject_of_pool(case: TrustCase) -> Subject:
    """Return the endpoint, for all clients of one pool, as a subject."""
    return Subject("endpoint", case.endpoint.name, str(case.pool.platform), case.pool.name)


def who(case: TrustCase) -> str:
    """Return the client and its pool: `curl on win2022`."""
    return f"{case.client} on {case.pool.name}"


def symptom_of(error: str, stall: str = "") -> tuple[Part, ...]:
    """Return the client's error as a part of a message, or no part if it is unknown.

    `stall` is the error that appears instead if the firewall drops packets.
    """
    instead = f", or `{stall}` if the firewall drops packets" if stall else ""
    return (Part(f"Error on the node: `{error.rstrip('.')}`{instead}.", Role.SYMPTOM),) if error else ()


def facts_of(case: TrustCase) -> dict[str, Fact]:
    """Return the facts that every finding about a case has."""
    return {"client": case.client, "path": case.path, "dials": case.requested_urls, "symptom": case.symptom}


def refused_by(cases: Iterable[TrustCase]) -> tuple[str, ...]:
    """Return the client and pool of each case, for a finding about a whole endpoint."""
    return tuple(dict.fromkeys(map(who, cases)))


def unobserved(endpoint: Endpoint, why: Unobserved) -> Undetermined:
    """Return the outcome for an endpoint that was not observed. All checks share its `cause`, so a report shows it once."""
    return Undetermined(endpoint_subject(endpoint), why.kind, why.detail, why.faults, cause=f"chain of {endpoint.name}")


def untested(site: Site, endpoint: Endpoint) -> Undetermined | None:
    """Return the outcome for an endpoint whose chain or TLS versions were not observed, or None if both were."""
    chain = site.chains[endpoint]
    if isinstance(chain, Unobserved):
        return unobserved(endpoint, chain)
    offered = offered_by(site.evidence, endpoint, chain)
    if isinstance(offered, Unobserved):
        cause = f"TLS versions of {endpoint.name}"
        return Undetermined(endpoint_subject(endpoint), offered.kind, offered.detail, offered.faults, cause=cause)
    return None


def unsure(case: TrustCase) -> Undetermined:
    """Return the outcome for a client whose need for revocation data the facts only infer."""
    detail = f"it is not confirmed that {who(case)} fails without revocation data: the facts only infer it"
    return Undetermined(subject_of(case), Kind.UNSUPPORTED, detail, fold=("revocation is inferred",))


def served(site: Site) -> Iterator[tuple[Endpoint, Served] | Undetermined]:
    """Yield each endpoint with its observed chain, or an undetermined outcome if the chain was not observed."""
    for endpoint, chain in site.chains.items():
        match chain:
            case Unobserved():
                yield unobserved(endpoint, chain)
            case Served():
                yield endpoint, chain


def judged(site: Site, today: datetime.date) -> Iterator[TrustCase | Undetermined]:
    """Yield each evaluated case of endpoint, pool and client. A chain that was not observed is undetermined once."""
    for examined in served(site):
        if isinstance(examined, Undetermined):
            yield examined
    for case in site.trust(today):
        if not isinstance(case.verdict, Unobserved):
            yield case
        elif not isinstance(site.chains[case.endpoint], Unobserved):
            yield Undetermined(subject_of(case), case.verdict.kind, case.verdict.detail, case.verdict.faults)


def cases_by_endpoint(site: Site, today: datetime.date) -> dict[Endpoint, tuple[TrustCase, ...]]:
    """Return the cases by endpoint, in order. Endpoints without cases are left out."""
    grouped: dict[Endpoint, list[TrustCase]] = {}
    for case in site.trust(today):
        grouped.setdefault(case.endpoint, []).append(case)
    return {endpoint: tuple(cases) for endpoint, cases in grouped.items()}


def clients_with(cases: Iterable[TrustCase]) -> str:
    """Return the clients of the cases as text, grouped by pools with the same clients: `curl, dotnet-10 on win2022`."""
    by_pool: dict[str, dict[str, None]] = {}
    for case in cases:
        by_pool.setdefault(case.pool.name, {})[case.client] = None
    grouped: dict[tuple[str, ...], list[str]] = {}
    for pool, clients in by_pool.items():
        grouped.setdefault(tuple(clients), []).append(pool)
    return " and ".join(f"{', '.join(clients)} on {listed(pools)}" for clients, pools in grouped.items())


def structural(case: TrustCase) -> tuple[Flaw, ...]:
    """Return the flaws of the case's path that no other check reports."""
    if isinstance(case.verdict, Unobserved):
        return ()
    return tuple(flaw for flaw in case.verdict.path.flaws if flaw.kind not in OWN_CHECKS)


def install_root(case: TrustCase, anchor: str) -> Remedy:
    """Return the remedy that installs a root on the nodes of the case's pool, from root.cer (DER) or root.crt (PEM)."""
    if case.pool.is_windows:
        return Remedy(
            "install",
            f"Install the certificate of {anchor} into LocalMachine\\Root on each node of {case.pool.name}, by command or by "
            "group policy (Public Key Policies, Trusted Root Certification Authorities). Add its file to the pool's `trust`.",
            ("certutil -addstore -f Root root.cer",),
        )
    return Remedy(
        "install",
        f"Add the certificate of {anchor} to the system roots on each node of {case.pool.name}, and its file to the pool's "
        "`trust` in the plan.",
        ("cp root.crt /usr/local/share/ca-certificates/", "update-ca-certificates"),
    )


def mirror_roots(pools: str) -> Remedy:
    """Return the remedy that lets Windows get its roots from an internal share, filled on a machine with internet access."""
    key = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate"
    return Remedy(
        "copy",
        f"Or download Microsoft's roots on a machine with internet access, copy them to an internal share, and point each node "
        f"of {pools} to it. Set the share as the pool's `root_updates`.",
        (
            r"certutil -syncWithWU \\server\roots",
            rf"reg add {key} /v RootDirUrl /t REG_SZ /d file://\\server\roots /f",
        ),
    )


def fetch_intermediate(url: str) -> tuple[str, ...]:
    """Return shell commands that append the certificate at an AIA URL to a chain file."""
    return (
        f"curl -fsSLo intermediate.cer {shlex.quote(url)}",
        "openssl x509 -in intermediate.cer >> chain.pem  # OpenSSL before 3.0 needs -inform der",
    )


def of_each_pool(
    site: Site, today: datetime.date, of_pool: Callable[[Endpoint, Pool, list[TrustCase]], Iterable[Outcome]]
) -> Iterator[Outcome]:
    """Yield the outcomes of each endpoint and pool, and one for each endpoint whose handshakes were not observed."""
    by_endpoint = cases_by_endpoint(site, today)
    for endpoint in site.endpoints:
        if (unknown := untested(site, endpoint)) is not None:
            yield unknown
        cases = by_endpoint.get(endpoint, ())
        for pool in site.plan.pools:
            yield from of_pool(endpoint, pool, [case for case in cases if case.pool is pool])
