"""## What it checks
Each endpoint that demands a client certificate gets one from every client that connects to it.

## Why it matters
A server with mutual TLS refuses a client without a certificate, although the client verifies the server. With TLS 1.3 the
client notices only after the handshake, at its first read. nginx completes the handshake and answers
`400 No required SSL certificate was sent`. Then containerd cannot pull any image, and the error names no missing file.

## How to fix
Give the client its certificate: `client` in hosts.toml for containerd, `cert_file` and `key_file` in registries.yaml for RKE2
and K3s, `client.cert` and `client.key` in certs.d for Docker, `--cert` for curl. Put the certificate, without its key, beside
the configuration in the plan. For other clients, list them under `endpoints[].client_certificates`. kubelet always has one.

## When it is undetermined
The endpoint asks for a client certificate, and it was not observed what it does without one. Or the plan names a client
certificate and does not contain its file. Or the endpoint was not observed. Evidence of an older
version of this program has no handshakes, and its endpoints are not checked: collect again.

## References
nginx ngx_http_ssl_module, ssl_verify_client; RFC 8446, 4.4.2.4; containerd docs/hosts.md, section client.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import ClientAuth, Kind
from auditor.plan.model import Endpoint, Pool
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.client_certificates import Presented
from auditor.site.trust.tls_versions import Offered
from checks._shared.endpoints import of_each_pool, symptom_of

_CONFIGURED = {
    "containerd": "Name the client certificate and its key as `client` in the hosts.toml of this registry",
    "docker": "Put client.cert and client.key into the certs.d folder of this registry",
    "curl": "Call curl with --cert and --key",
}


def _finding(endpoint: Endpoint, pool: Pool, cases: list[TrustCase]) -> Finding:
    first, clients = cases[0], tuple(dict.fromkeys(case.client for case in cases))
    why = first.certificate.why
    symptom = first.certificate_refusal
    return Finding(
        subject=Subject("endpoint", endpoint.name, str(pool.platform), pool.name),
        parts=(
            Part(f"{endpoint.name} refuses {', '.join(clients)} on {pool.name}: {why}."),
            *symptom_of(symptom),
        ),
        case=why,
        facts={"clients": clients, "symptom": symptom, "answer": first.certificate.said},
        location=endpoint.location,
        remedies=tuple(_remedies(endpoint, clients)),
    )


def _remedies(endpoint: Endpoint, clients: tuple[str, ...]) -> Iterator[Remedy]:
    for client in clients:
        if (text := _CONFIGURED.get(client.partition(" ")[0])) is not None:
            yield Remedy("edit", f"{text}, and add the certificate to the files of the plan.")
    names = ", ".join(f"`{client}`" for client in clients)
    yield Remedy("edit", f"Or list {names} under `client_certificates` of {endpoint.name} in the plan, if they present one.")


def _was_observed(case: TrustCase) -> bool:
    details = case.offered.handshakes if isinstance(case.offered, Offered) else None
    return case.model is not None and details is not None and details.client_auth is not ClientAuth.UNKNOWN


def _of_pool(endpoint: Endpoint, pool: Pool, cases: list[TrustCase]) -> Iterator[Outcome]:
    failing: dict[tuple[str, str], list[TrustCase]] = {}
    for case in cases:
        match case.certificate.presented:
            case Presented.NO:
                failing.setdefault((case.certificate.why, case.certificate_refusal), []).append(case)
            case Presented.UNKNOWN:
                subject = Subject("endpoint", endpoint.name, str(pool.platform), pool.name, case.client)
                yield Undetermined(subject, Kind.MISSING_EVIDENCE, case.certificate.why)
            case _:
                if _was_observed(case):
                    yield Fine()
    yield from (_finding(endpoint, pool, alike) for alike in failing.values())


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Return one outcome per endpoint, pool and cause, and one per endpoint that was not observed."""
    return of_each_pool(site, today, _of_pool)


CHECK = define(
    run,
    title="Endpoint demands a client certificate",
    holds="Clients present the certificates that endpoints demand",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
