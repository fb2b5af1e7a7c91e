"""## What it checks
The certificate of each endpoint covers the host name or address that the plan and the nodes use. The name must be among the
subject alternative names: a dNSName (or a wildcard for the left-most label), or an iPAddress for an address. For kubelet and
kube-proxy, the kubeconfig in the plan states the name: `tls-server-name`, or else the host of `server`.

## Why it matters
If nodes connect to a registry by a name that its certificate does not cover, every pull fails: `x509: certificate is valid
for A, not B`. Go clients ignore the common name: `x509: certificate relies on legacy Common Name field, use SANs instead`.
OpenSSL still accepts it. If only OpenSSL clients connect, the finding is a warning.

## How to fix
Reissue the certificate with every name and address that nodes use. Alternatively, use a name that the certificate covers in
the plan and on the nodes.

## When it is undetermined
The endpoint's chain was not observed or cannot be parsed, or the extensions of the certificate cannot be parsed.

## References
RFC 6125, 6.4; RFC 9525; golang/go src/crypto/x509/verify.go.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.certificate import Certificate
from auditor.pki.host_names import NameMismatch, as_address, mismatch
from auditor.pki.path_rules import FlawKind, name_flaw
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, flaw_symptom
from auditor.site.trust.served import Served
from checks._shared.endpoints import cases_by_endpoint, clients_with, endpoint_subject, refused_by, served, symptom_of

_OTHER_NAME = "The kubeconfig of {who} states this name with `server` or `tls-server-name`."
_NAMES = frozenset({FlawKind.NAME, FlawKind.COMMON_NAME})


def _refusing(cases: tuple[TrustCase, ...]) -> tuple[TrustCase, ...]:
    """Return the cases in which the client rejects the name."""
    return tuple(case for case in cases if any(flaw.kind in _NAMES for flaw in case.flaws))


def _by_host(endpoint: Endpoint, cases: tuple[TrustCase, ...]) -> dict[str, tuple[TrustCase, ...]]:
    """Return the cases by the name that their clients verify. Without a case, it is the endpoint's host."""
    hosts = dict.fromkeys(case.host or endpoint.host for case in cases) or {endpoint.host: None}
    return {host: tuple(case for case in cases if (case.host or endpoint.host) == host) for host in hosts}


def _symptom(cases: tuple[TrustCase, ...], chain: Served, wrong: NameMismatch) -> str:
    """Return the error of the first client with a fact row, or an empty string."""
    model = next((case.model for case in cases if case.model is not None), None)
    return flaw_symptom(wrong.host, model, name_flaw(chain.leaf, wrong)) if model is not None else ""


def _own(chain: Served, host: str) -> Certificate | None:
    """Return the served certificate that covers the host, if it is not the first one: the chain is in the wrong order."""
    return next((one for one in chain.certificates[1:] if not one.may_issue and mismatch(one, host) is None), None)


def _remedies(chain: Served, wrong: NameMismatch) -> tuple[Remedy, ...]:
    if (own := _own(chain, wrong.host)) is not None:
        text = f"Put {own.name} first in the certificate file of the server, and {chain.leaf.name} after it. Reload the server."
        return (Remedy("edit", text),)
    host = wrong.host
    kind = "DNS" if as_address(host) is None else "IP"
    subject, san = shlex.quote(f"/CN={host}"), shlex.quote(f"subjectAltName={kind}:{host}")
    reissue = Remedy(
        "edit",
        f"Reissue the certificate with {kind}:{host} as a subject alternative name.",
        (f"openssl req -new -key server.key -subj {subject} -addext {san} -out server.csr",),
    )
    if not wrong.names:
        return (reissue,)
    return reissue, Remedy("edit", f"Use a name that the certificate covers: {', '.join(wrong.names[:4])}.")


def _finding(endpoint: Endpoint, cases: tuple[TrustCase, ...], chain: Served, wrong: NameMismatch) -> Finding:
    judged, refusing = [case for case in cases if case.model is not None], _refusing(cases)
    accepted = bool(judged) and not refusing
    own = _own(chain, wrong.host)
    order = f"The server sends {own.name}, which covers it, but not as the first certificate." if own is not None else ""
    symptom = "" if accepted else _symptom(refusing or cases, chain, wrong)
    so_far = f"Accepted by {clients_with(judged)}. Every other client rejects it."
    return Finding(
        severity=Severity.WARNING if accepted else Severity.ERROR,
        subject=endpoint_subject(endpoint),
        parts=(
            Part(f"The certificate {chain.leaf.name} of {endpoint.name} does not cover {wrong.host}: {wrong}."),
            *((Part(order),) if order else ()),
            *((Part(_OTHER_NAME.format(who=clients_with(cases), host=wrong.host)),) if wrong.host != endpoint.host else ()),
            *((Part(so_far, Role.EFFECT),) if accepted else symptom_of(symptom)),
        ),
        case=wrong.host,
        facts={
            "host": wrong.host,
            "names": wrong.names,
            "common_name": chain.leaf.common_name,
            "sha1": chain.leaf.sha1,
            "symptom": symptom,
            "refused_by": refused_by(refusing),
            "source": chain.source,
        },
        location=endpoint.location,
        remedies=_remedies(chain, wrong),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint."""
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site):
        if isinstance(item, Undetermined):
            yield item
            continue
        endpoint, chain = item
        if defect := chain.leaf.extensions.defect:
            detail = f"the extensions of {chain.leaf.name} cannot be parsed: {defect}"
            yield Undetermined(endpoint_subject(endpoint), Kind.MALFORMED, detail)
            continue
        for host, cases in _by_host(endpoint, by_endpoint.get(endpoint, ())).items():
            wrong = mismatch(chain.leaf, host)
            yield _finding(endpoint, cases, chain, wrong) if wrong is not None else PASSED


CHECK = define(
    run,
    title="Certificate does not cover the host that nodes use",
    holds="Certificates cover the hosts that nodes use",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
