"""## What it checks
The clients of the plan accept each certificate on the path from an endpoint to its root. The signature and the key are strong
enough, the certificate allows TLS servers, a CA issued it, and the name constraints are met.

## Why it matters
Clients differ. Go and OpenSSL reject every SHA-1 signature; Windows rejects it only below public roots. OpenSSL rejects RSA
keys under 2048 bits; Go does not. Go on Linux verifies Ed25519; Windows does not. A certificate that works on one node fails
on another with `x509: certificate signed by unknown authority`, which does not name the real cause.

## How to fix
Reissue the certificate with RSA of 2048 bits or more or P-256, with SHA-256, and with serverAuth as an extended key usage.
Set the CA flag and the key usage as the finding states.

## When it is undetermined
The endpoint's chain was not observed.

## References
RFC 5280, 4.2.1 and 6.1; golang/go src/crypto/x509/verify.go; rustls/rustls-platform-verifier#195; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Severity, Subject, Undetermined, define
from auditor.pki.certificate import Certificate
from auditor.pki.path_rules import Flaw, FlawKind
from auditor.pki.signature import BROKEN_HASHES
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, flaw_symptom
from auditor.site.trust.served import Served, Unobserved
from checks._shared.endpoints import WEAKNESSES, cases_by_endpoint, clients_with, refused_by, served, symptom_of

_MODEST_RSA = 2048
_Key = tuple[str, FlawKind]


def _refused(cases: tuple[TrustCase, ...]) -> dict[_Key, tuple[Flaw, list[TrustCase]]]:
    """Return the flaws that a client rejects, by certificate and kind, with the cases of these clients."""
    found: dict[_Key, tuple[Flaw, list[TrustCase]]] = {}
    for case in cases:
        if isinstance(case.verdict, Unobserved):
            continue
        for flaw in case.verdict.path.flaws:
            if flaw.kind in WEAKNESSES:
                refusing = found.setdefault((flaw.certificate.sha256, flaw.kind), (flaw, []))[1]
                if case not in refusing:
                    refusing.append(case)
    return found


def _examined(chain: Served, cases: tuple[TrustCase, ...]) -> dict[Certificate, bool]:
    """Return the certificates on the paths. The value is True if the certificate is always the last one."""
    found = {chain.leaf: False}
    for case in cases:
        if not isinstance(case.verdict, Unobserved):
            path = case.verdict.path.certificates
            for position, certificate in enumerate(path, start=1):
                is_end = position == len(path) > 1
                found[certificate] = found.get(certificate, True) and is_end
    return found


def _weak(certificate: Certificate, *, is_end: bool) -> str:
    """Return a weakness that every client accepts, or an empty string."""
    if not is_end and certificate.signature_hash in {"sha1", *BROKEN_HASHES}:
        return f"it is signed with {certificate.signature_hash.upper()}"
    if certificate.key_kind == "RSA" and certificate.key_size < _MODEST_RSA:
        return f"its RSA key has only {certificate.key_size} bits"
    return ""


def _finding(
    endpoint: Endpoint,
    chain: Served,
    certificate: Certificate,
    severity: Severity,
    what: str,
    kind: str,
    symptom: str,
    refusing: Iterable[TrustCase] = (),
) -> Finding:
    return Finding(
        severity=severity,
        subject=Subject("certificate", f"{endpoint.name}: {certificate.subject or certificate.name}"),
        parts=(Part(f"{certificate.name} of {endpoint.name}: {what}."), *symptom_of(symptom)),
        case=f"{certificate.sha256} {kind}",
        facts={
            "sha1": certificate.sha1,
            "key": f"{certificate.key_kind} {certificate.key_size}",
            "signature": certificate.signature_hash,
            "symptom": symptom,
            "refused_by": refused_by(refusing),
            "source": chain.source,
        },
        location=endpoint.location,
        remedies=(
            Remedy(
                "edit",
                f"Reissue {certificate.name} without this flaw, and the certificates that it issued. Then reload the server.",
                ("openssl x509 -in chain.pem -noout -text",),
            ),
        ),
    )


def _outcomes(endpoint: Endpoint, chain: Served, cases: tuple[TrustCase, ...]) -> Iterator[Outcome]:
    refused = _refused(cases)
    for flaw, refusing in refused.values():
        first = refusing[0]
        symptom = flaw_symptom(endpoint.host, first.model, flaw) if first.model is not None else ""
        what = f"{flaw.detail}. Rejected by {clients_with(refusing)}"
        yield _finding(endpoint, chain, flaw.certificate, Severity.ERROR, what, flaw.kind.value, symptom, refusing)
    spoken_of = {sha256 for sha256, _ in refused}
    for certificate, is_end in _examined(chain, cases).items():
        if certificate.sha256 in spoken_of:
            continue
        if weak := _weak(certificate, is_end=is_end):
            what = f"{weak}. No client of the plan rejects this yet"
            yield _finding(endpoint, chain, certificate, Severity.WARNING, what, "weak", "")
        else:
            yield Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint, certificate and weakness."""
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site):
        if isinstance(item, Undetermined):
            yield item
        else:
            yield from _outcomes(*item, by_endpoint.get(item[0], ()))


CHECK = define(
    run,
    title="Certificate has properties that clients reject",
    holds="Clients accept the properties of the certificates",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
