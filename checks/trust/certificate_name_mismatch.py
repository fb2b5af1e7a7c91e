"""## What it checks
The certificate of each endpoint names the host that the plan, and so the nodes, call it by: as a dNSName (also a wildcard
for its left-most label) or, for an address, as an iPAddress, among its subject alternative names.

## Why it matters
Nodes that reach a registry by another name than its certificate has fail every pull:
`x509: certificate is valid for A, not B`. A common name counts for nothing:
`x509: certificate relies on legacy Common Name field, use SANs instead`. OpenSSL still accepts it: where no other client
connects, the finding is a warning.

## How to fix
Issue the certificate again with every name and address that nodes use, or let the plan and the nodes use a name that it
has.

## When it cannot tell
Nobody looked at what the endpoint serves, it could not be understood, or the extensions of the certificate cannot be read.

## References
RFC 6125, 6.4; RFC 9525; golang/go src/crypto/x509/verify.go.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.names import Mismatch, as_address, mismatch
from auditor.pki.rules import FlawKind, name_flaw
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, flaw_symptom
from auditor.site.trust.served import Served
from checks.endpoints import cases_by_endpoint, clients_with, endpoint_subject, refused_by, served, symptom_of

ID = "certificate-name-mismatch"
_NAMES = frozenset({FlawKind.NAME, FlawKind.COMMON_NAME})


def _refusing(cases: tuple[TrustCase, ...]) -> tuple[TrustCase, ...]:
    """The cases in which the client refuses the name."""
    return tuple(case for case in cases if any(flaw.kind in _NAMES for flaw in case.flaws))


def _symptom(cases: tuple[TrustCase, ...], chain: Served, wrong: Mismatch) -> str:
    """What the first client says that the facts know."""
    model = next((case.model for case in cases if case.model is not None), None)
    return flaw_symptom(wrong.host, model, name_flaw(chain.leaf, wrong)) if model is not None else ""


def _remedies(endpoint: Endpoint, wrong: Mismatch) -> tuple[Remedy, ...]:
    kind = "DNS" if as_address(endpoint.host) is None else "IP"
    host = endpoint.host
    subject, san = shlex.quote(f"/CN={host}"), shlex.quote(f"subjectAltName={kind}:{host}")
    reissue = Remedy(
        "edit",
        f"Issue the certificate again with {kind}:{host} among its subject alternative names.",
        (f"openssl req -new -key server.key -subj {subject} -addext {san} -out server.csr",),
    )
    if not wrong.names:
        return (reissue,)
    return reissue, Remedy("edit", f"Call the endpoint by a name that it has: {', '.join(wrong.names[:4])}.")


def _finding(endpoint: Endpoint, cases: tuple[TrustCase, ...], chain: Served, wrong: Mismatch) -> Finding:
    judged, refusing = [case for case in cases if case.model is not None], _refusing(cases)
    accepted = bool(judged) and not refusing
    symptom = "" if accepted else _symptom(refusing or cases, chain, wrong)
    so_far = f"{clients_with(judged)} accepts that; every other client refuses it."
    return Finding(
        check=ID,
        severity=Severity.WARNING if accepted else Severity.ERROR,
        subject=endpoint_subject(endpoint),
        parts=(
            Part(f"The certificate {chain.leaf.name} of {endpoint.name} does not cover {endpoint.host}: {wrong}."),
            *((Part(so_far, Role.EFFECT),) if accepted else symptom_of(symptom)),
        ),
        case=endpoint.host,
        facts={
            "host": endpoint.host,
            "names": wrong.names,
            "common_name": chain.leaf.common_name,
            "sha1": chain.leaf.sha1,
            "symptom": symptom,
            "refused_by": refused_by(refusing),
            "source": chain.source,
        },
        location=endpoint.location,
        remedies=_remedies(endpoint, wrong),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint."""
    by_endpoint, fine = cases_by_endpoint(site, today), 0
    for item in served(site, ID):
        if isinstance(item, Undetermined):
            yield item
            continue
        endpoint, chain = item
        if defect := chain.leaf.extensions.defect:
            detail = f"the extensions of {chain.leaf.name} cannot be read: {defect}"
            yield Undetermined(ID, endpoint_subject(endpoint), Kind.MALFORMED, detail)
        elif (wrong := mismatch(chain.leaf, endpoint.host)) is not None:
            yield _finding(endpoint, by_endpoint.get(endpoint, ()), chain, wrong)
        else:
            fine += 1
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A certificate does not cover the host that nodes use",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
