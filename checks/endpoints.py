"""What checks over endpoints share: who is examined and who cannot be, and the remedies in commands."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterable, Iterator

from auditor.check import Fact, Part, Remedy, Role, Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.pki.rules import Flaw, FlawKind
from auditor.plan.model import Endpoint
from auditor.site import Site
from auditor.site.trust.cases import GAP_KINDS, TrustCase
from auditor.site.trust.served import Served, Unseen

# What certificate-weak speaks of; dates and names have checks of their own too.
WEAKNESSES = frozenset(
    {
        FlawKind.NOT_A_CA,
        FlawKind.PATH_LENGTH,
        FlawKind.KEY_USAGE,
        FlawKind.WRONG_USAGE,
        FlawKind.NAME_CONSTRAINTS,
        FlawKind.WEAK_SIGNATURE,
        FlawKind.WEAK_KEY,
        FlawKind.UNREADABLE,
    }
)
OWN_CHECKS = WEAKNESSES | {FlawKind.EXPIRED, FlawKind.NOT_YET_VALID, FlawKind.NAME, FlawKind.COMMON_NAME}
GAPS = GAP_KINDS


def endpoint_subject(endpoint: Endpoint) -> Subject:
    """The endpoint as a subject."""
    return Subject("endpoint", endpoint.name)


def subject_of(case: TrustCase) -> Subject:
    """The endpoint for one client of one pool as a subject."""
    return Subject("endpoint", case.endpoint.name, str(case.pool.platform), case.pool.name, case.client)


def subject_of_pool(case: TrustCase) -> Subject:
    """The endpoint for all clients of one pool as a subject."""
    return Subject("endpoint", case.endpoint.name, str(case.pool.platform), case.pool.name)


def who(case: TrustCase) -> str:
    """The client and its pool, for messages."""
    return f"{case.client} on {case.pool.name}"


def symptom_of(words: str, stall: str = "") -> tuple[Part, ...]:
    """The client's error as a part of a message; no part if it is unknown. `stall`: the error where packets are dropped."""
    instead = f'; or, where packets are dropped, "{stall}"' if stall else ""
    return (Part(f'It would say: "{words.rstrip(".")}"{instead}.', Role.SYMPTOM),) if words else ()


def facts_of(case: TrustCase) -> dict[str, Fact]:
    """What every finding about a case proves itself with."""
    return {"client": case.client, "path": case.path, "dials": case.dials, "symptom": case.symptom}


def refused_by(cases: Iterable[TrustCase]) -> tuple[str, ...]:
    """The client and pool of each case, as the fact by which a finding about a whole endpoint names whom it concerns."""
    return tuple(dict.fromkeys(map(who, cases)))


def unseen(check: str, endpoint: Endpoint, why: Unseen) -> Undetermined:
    """What was not observed of an endpoint: one question for all checks that need it."""
    return Undetermined(check, endpoint_subject(endpoint), why.kind, why.detail, why.faults, cause=f"chain of {endpoint.name}")


def unsure(check: str, case: TrustCase) -> Undetermined:
    """A client that fails if it insists on revocation as the facts suppose, which they are not sure of."""
    detail = f"whether {who(case)} fails without an answer about revocation is not confirmed: the facts only infer it"
    return Undetermined(check, subject_of(case), Kind.UNSUPPORTED, detail, fold=("revocation is inferred",))


def served(site: Site, check: str) -> Iterator[tuple[Endpoint, Served] | Undetermined]:
    """Each endpoint with what it serves; what was not seen is undetermined."""
    for endpoint, chain in site.chains.items():
        match chain:
            case Unseen():
                yield unseen(check, endpoint, chain)
            case Served():
                yield endpoint, chain


def judged(site: Site, check: str, today: datetime.date) -> Iterator[TrustCase | Undetermined]:
    """Each endpoint x pool x client with a verdict. A chain that was not seen is undetermined once per endpoint."""
    for examined in served(site, check):
        if isinstance(examined, Undetermined):
            yield examined
    for case in site.trust(today):
        if not isinstance(case.verdict, Unseen):
            yield case
        elif not isinstance(site.chains[case.endpoint], Unseen):
            yield Undetermined(check, subject_of(case), case.verdict.kind, case.verdict.detail, case.verdict.faults)


def cases_by_endpoint(site: Site, today: datetime.date) -> dict[Endpoint, tuple[TrustCase, ...]]:
    """The cases of each endpoint, in order; an endpoint without any is not in it."""
    grouped: dict[Endpoint, list[TrustCase]] = {}
    for case in site.trust(today):
        grouped.setdefault(case.endpoint, []).append(case)
    return {endpoint: tuple(cases) for endpoint, cases in grouped.items()}


def clients_with(cases: Iterable[TrustCase]) -> str:
    """The clients of some cases as words: `curl, dotnet-10 on win2022`, grouped by pool."""
    grouped: dict[str, list[str]] = {}
    for case in cases:
        grouped.setdefault(case.pool.name, []).append(case.client)
    return " and ".join(f"{', '.join(dict.fromkeys(clients))} on {pool}" for pool, clients in grouped.items())


def structural(case: TrustCase) -> tuple[Flaw, ...]:
    """The flaws of the case's path that no check of their own speaks of."""
    if isinstance(case.verdict, Unseen):
        return ()
    return tuple(flaw for flaw in case.verdict.path.flaws if flaw.kind not in OWN_CHECKS)


def install_root(case: TrustCase, anchor: str) -> Remedy:
    """How the nodes of the case's pool learn to trust a root, given as the file root.cer (DER) or root.crt (PEM)."""
    if case.pool.is_windows:
        return Remedy(
            "install",
            f"On each node of {case.pool.name} put the certificate of {anchor} into LocalMachine\\Root, by hand or by "
            "group policy (Public Key Policies, Trusted Root Certification Authorities), and its file into the pool's `trust`.",
            ("certutil -addstore -f Root root.cer",),
        )
    return Remedy(
        "install",
        f"On each node of {case.pool.name} add the certificate of {anchor} to the system's roots, and its file to the pool's "
        "`trust` in the plan.",
        ("cp root.crt /usr/local/share/ca-certificates/", "update-ca-certificates"),
    )


def mirror_roots(case: TrustCase) -> Remedy:
    """How Windows gets its roots from a share inside, filled on a machine that may reach Windows Update."""
    key = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate"
    return Remedy(
        "copy",
        f"Or fill a share with Microsoft's roots where the network is up, carry it in, point each node of {case.pool.name} to "
        "it, and write it as the pool's `root_updates`.",
        (
            r"certutil -syncWithWU \\server\roots",
            rf"reg add {key} /v RootDirUrl /t REG_SZ /d file://\\server\roots /f",
        ),
    )


def fetch_intermediate(url: str) -> tuple[str, ...]:
    """Shell commands that add the certificate behind an AIA URL to a chain file, on a machine that may reach it."""
    return (
        f"curl -fsSLo intermediate.cer {shlex.quote(url)}",
        "openssl x509 -in intermediate.cer >> chain.pem  # OpenSSL before 3.0 wants -inform der",
    )
