"""## What it checks
Each certificate on the way from an endpoint to its root (its own, the intermediates, the anchor) is valid today, and
stays so until the plan's horizon (without one, for a year).

## Why it matters
Inside the gap nothing renews itself. On the day after the last one every pull fails with
`x509: certificate has expired or is not yet valid`, and whoever could issue a new certificate is outside. A certificate
that is not valid yet fails the same way, as does one on a node whose clock is wrong.

## How to fix
Renew before the disk is carried in, with a certificate that outlasts the horizon, or plan the rotation and waive the
finding until its date. A root that ends needs a new root on every node.

## When it cannot tell
Nobody looked at what the endpoint serves, or it could not be understood. Where the chain is not whole or its root is not
at hand, only the certificates that are there are examined.

## References
RFC 5280, 4.1.2.5.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.pki.certificate import Certificate
from auditor.pki.rules import Flaw, dates
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, end_of_day, flaw_symptom
from auditor.site.trust.served import Served, Unseen
from auditor.text import moment
from checks.endpoints import cases_by_endpoint, clients_with, refused_by, served, who

ID = "certificate-expiring"


def _examined(chain: Served, cases: tuple[TrustCase, ...]) -> tuple[Certificate, ...]:
    """The leaf and whatever lies on a path that some client would take, each once."""
    found = dict.fromkeys((chain.leaf,))
    for case in cases:
        if not isinstance(case.verdict, Unseen):
            found.update(dict.fromkeys(case.verdict.path.certificates))
    return tuple(found)


def _role(certificate: Certificate, chain: Served) -> str:
    if certificate == chain.leaf:
        return "certificate"
    return "root" if certificate.self_signed else "intermediate"


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is wrong with the dates of a certificate, and the cases in which a client refuses it for that."""

    severity: Severity
    what: str
    refusing: tuple[TrustCase, ...] = ()


def _refusal(flaw: Flaw, refusing: tuple[TrustCase, ...], cases: tuple[TrustCase, ...]) -> str:
    case = next((case for case in refusing if case.model is not None), None)
    if case is None or case.model is None:
        return ""
    symptom = flaw_symptom(case.endpoint.host, case.model, flaw)
    by = "Every client refuses it" if len(refusing) == len(cases) else f"Refused by {clients_with(refusing)}"
    return f' {by}; {who(case)} says: "{symptom}".'


def _judge(
    certificate: Certificate, today: datetime.date, horizon: datetime.date, cases: tuple[TrustCase, ...]
) -> _Judged | None:
    """What is wrong; None when the certificate outlasts the horizon."""
    flaw = next(dates(certificate, end_of_day(today)), None)
    if flaw is not None:
        refusing = tuple(case for case in cases if flaw in case.flaws)
        return _Judged(Severity.ERROR, f"{flaw.detail}.{_refusal(flaw, refusing, cases)}", refusing)
    if certificate.not_after < end_of_day(horizon):
        what = f"it ends on {moment(certificate.not_after)}, before the horizon {horizon.isoformat()}."
        return _Judged(Severity.WARNING, what)
    return None


def _finding(endpoint: Endpoint, chain: Served, certificate: Certificate, judged: _Judged, horizon: datetime.date) -> Finding:
    role = _role(certificate, chain)
    return Finding(
        check=ID,
        severity=judged.severity,
        subject=Subject("certificate", f"{endpoint.name}: {certificate.subject or certificate.name}"),
        message=f"The {role} {certificate.name} of {endpoint.name}: {judged.what}",
        case=certificate.sha256,
        facts={
            "role": role,
            "sha1": certificate.sha1,
            "not_before": certificate.not_before.isoformat(),
            "not_after": certificate.not_after.isoformat(),
            "horizon": horizon.isoformat(),
            "refused_by": refused_by(judged.refusing),
            "source": chain.source,
        },
        location=endpoint.location,
        remedies=(_remedy(role, certificate, horizon),),
    )


def _remedy(role: str, certificate: Certificate, horizon: datetime.date) -> Remedy:
    if role == "root":
        return Remedy("install", f"Install the successor of {certificate.name} on every node, and re-issue under it.")
    where = "and have the server reload it" if role == "certificate" else "and append it to the server's chain file"
    return Remedy(
        "edit",
        f"Renew {certificate.name} until after {horizon.isoformat()} {where}.",
        (f"openssl x509 -in chain.pem -noout -checkend {365 * 86_400}",) if role == "certificate" else (),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint and certificate."""
    horizon, fine = site.plan.horizon_from(today), 0
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site, ID):
        if isinstance(item, Undetermined):
            yield item
            continue
        endpoint, chain = item
        cases = by_endpoint.get(endpoint, ())
        for certificate in _examined(chain, cases):
            judged = _judge(certificate, today, horizon, cases)
            if judged is None:
                fine += 1
            else:
                yield _finding(endpoint, chain, certificate, judged, horizon)
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A certificate is not valid, or ends before the horizon",
    family="trust",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
