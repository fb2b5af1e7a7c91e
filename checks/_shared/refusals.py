"""One finding for all clients that fail at one endpoint for one reason."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check import Affected, Fact, Part, Remedy, Role
from auditor.site.trust.api_server_ca import API_CLIENTS
from auditor.site.trust.cases import TrustCase
from auditor.text import listed
from checks._shared.endpoints import clients_with, refused_by, who

Cases = list[TrustCase]


def is_own_ca(case: TrustCase) -> bool:
    """Return whether the client trusts only the CA of its kubeconfig."""
    return case.client.partition(" ")[0] in API_CLIENTS


def _is_java(case: TrustCase) -> bool:
    return case.model is not None and case.model.verifier == "java"


def pools_of(cases: Cases) -> str:
    """Return the pools of the cases as text."""
    return listed(tuple(dict.fromkeys(case.pool.name for case in cases)))


def by_text(cases: Cases, texts: Iterator[str]) -> dict[str, Cases]:
    """Return the cases by their texts, in order."""
    found: dict[str, Cases] = {}
    for case, text in zip(cases, texts, strict=True):
        found.setdefault(text, []).append(case)
    return found


def symptoms_of(cases: Cases) -> Iterator[Part]:
    """Yield the errors on the nodes: the only one, or one for each group of clients that print the same."""
    groups = by_text(cases, (_symptom(case) for case in cases))
    groups.pop("", None)
    for text, some in groups.items():
        of = "" if len(groups) == 1 else f" ({', '.join(dict.fromkeys(case.client for case in some))})"
        yield Part(f"Error on the node{of}: {text}.", Role.SYMPTOM)


def _symptom(case: TrustCase) -> str:
    if not case.refusal:
        return ""
    instead = f", or `{case.stall}` if the firewall drops packets" if case.stall else ""
    return f"`{case.refusal.rstrip('.')}`{instead}"


def facts_of_all(cases: Cases) -> dict[str, Fact]:
    """Return the facts that every finding about several clients has."""
    urls = dict.fromkeys(url for case in cases for url in case.requested_urls)
    clients = tuple(dict.fromkeys(case.client for case in cases))
    return {
        **({"client": clients[0]} if len(clients) == 1 else {}),
        "clients": clients,
        "pools": tuple(dict.fromkeys(case.pool.name for case in cases)),
        "refused_by": refused_by(cases),
        "path": cases[0].path,
        "dials": tuple(urls),
        "symptom": cases[0].symptom,
        "symptoms": tuple(f"{who(case)}: {case.symptom}" for case in cases if case.symptom),
    }


def affected_by_all(cases: Cases) -> tuple[Affected, ...]:
    """Return the cells of the image matrix: images that these clients pull through the endpoint, pool by pool."""
    pools: dict[str, dict[str, None]] = {}
    for case in cases:
        pools.setdefault(case.pool.name, {})[case.client] = None
    endpoint = cases[0].endpoint.name
    return tuple(Affected(pools=(pool,), endpoint=endpoint, clients=tuple(clients)) for pool, clients in pools.items())


def who_all(cases: Cases, one: str, several: str) -> str:
    """Return the clients with the form of a verb for one or several of them: `curl on control does`."""
    return f"{clients_with(cases)} {one if len(cases) == 1 else several}"


def trust_remedies(cases: Cases, anchor: str) -> Iterator[Remedy]:
    """Yield how to make the nodes trust a root: by the machine store, the system roots, a keystore, or the kubeconfig."""
    from_system = [case for case in cases if not is_own_ca(case) and not _is_java(case)]
    if windows := [case for case in from_system if case.pool.is_windows]:
        yield Remedy(
            "install",
            f"Install the certificate of {anchor} into LocalMachine\\Root on each node of {pools_of(windows)}, by command or "
            "by group policy (Public Key Policies, Trusted Root Certification Authorities). Add its file to the pool's "
            "`trust`.",
            ("certutil -addstore -f Root root.cer",),
        )
    if linux := [case for case in from_system if not case.pool.is_windows]:
        yield Remedy(
            "install",
            f"Add the certificate of {anchor} to the system roots on each node of {pools_of(linux)}, and its file to the "
            "pool's `trust` in the plan.",
            ("cp root.crt /usr/local/share/ca-certificates/", "update-ca-certificates"),
        )
    if java := [case for case in cases if _is_java(case)]:
        yield Remedy(
            "install",
            f"Import the certificate of {anchor} into the keystore of each JDK on the nodes of {pools_of(java)}, and add its "
            "file to the pool's `trust`.",
            ("keytool -importcert -cacerts -file root.crt",),
        )
    if own := [case for case in cases if is_own_ca(case)]:
        yield Remedy(
            "edit",
            f"Add the certificate of {anchor} to `certificate-authority-data` in the kubeconfig of "
            f"{listed(tuple(dict.fromkeys(case.client for case in own)))} on each node of {pools_of(own)}, or issue the "
            "certificate of the API server with the CA that is there.",
            ("base64 -w0 ca.crt",),
        )
