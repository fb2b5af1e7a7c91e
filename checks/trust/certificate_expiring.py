"""## What it checks
Each certificate on the path from an endpoint to its root is valid today and until the plan's horizon. This covers the leaf,
the intermediates and the root. If the plan has no horizon, it is one year from today.

## Why it matters
In an air-gapped site, certificates are not renewed automatically. On the day after the expiry date every pull fails with
`x509: certificate has expired or is not yet valid`, and a public CA cannot be reached for a new certificate. A certificate
that is not valid yet fails the same way. So does a valid one on a node with a wrong clock.

## How to fix
Before the transfer, renew the certificate with one that outlasts the horizon. Alternatively, plan the rotation and waive the
finding until that date. If a program at the site renews the certificate, declare `renewal: automatic` for the endpoint. If a
person does, declare `renewal: manual`; the finding then is information. A renewal does not cover a root: install the new root
on every node. It does not cover a certificate of a public CA either, because the site cannot reach that CA.

## When it is undetermined
The endpoint's chain was not observed or cannot be parsed. If the chain is incomplete or its root is not available, only the
certificates that are available are checked.

## References
RFC 5280, 4.1.2.5.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.pki.certificate import Certificate
from auditor.pki.path_rules import Flaw, dates
from auditor.plan.model import Endpoint, Plan
from auditor.site import Requirement, Site
from auditor.site.calendar.calendar_entries import Renewal
from auditor.site.calendar.view import renewal_at, role_of
from auditor.site.trust.cases import TrustCase, end_of_day, flaw_symptom
from auditor.site.trust.served import Served, Unobserved
from auditor.text import moment
from checks._shared.ending import before, ending, kept
from checks._shared.endpoints import cases_by_endpoint, clients_with, refused_by, served, who


def _examined(chain: Served, cases: tuple[TrustCase, ...]) -> tuple[Certificate, ...]:
    """Return the leaf and the certificates on every client's path, without duplicates."""
    found = dict.fromkeys((chain.leaf,))
    for case in cases:
        if not isinstance(case.verdict, Unobserved):
            found.update(dict.fromkeys(case.verdict.path.certificates))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A fault in the dates of a certificate, and the cases in which a client rejects it for that."""

    severity: Severity
    what: str
    refusing: tuple[TrustCase, ...] = ()


def _refusal(flaw: Flaw, refusing: tuple[TrustCase, ...], cases: tuple[TrustCase, ...]) -> str:
    case = next((case for case in refusing if case.model is not None), None)
    if case is None or case.model is None:
        return ""
    symptom = flaw_symptom(case.endpoint.host, case.model, flaw)
    by = "Every client rejects it" if len(refusing) == len(cases) else f"Rejected by {clients_with(refusing)}"
    return f" {by}. Error from {who(case)}: `{symptom}`."


def _judge(
    certificate: Certificate, today: datetime.date, plan: Plan, cases: tuple[TrustCase, ...], renewal: Renewal
) -> _Judged | None:
    """Return the fault of the dates, or None if the certificate is valid until the horizon or a program renews it."""
    flaw = next(dates(certificate, end_of_day(today)), None)
    if flaw is not None:
        refusing = tuple(case for case in cases if flaw in case.flaws)
        return _Judged(Severity.ERROR, f"{flaw.detail}.{_refusal(flaw, refusing, cases)}", refusing)
    horizon, severity = plan.horizon_from(today), ending(plan, renewal)
    if certificate.not_after < end_of_day(horizon) and severity is not None:
        return _Judged(severity, f"it expires on {moment(certificate.not_after)}, {before(horizon)}.{kept(renewal)}")
    return None


def _finding(endpoint: Endpoint, chain: Served, certificate: Certificate, judged: _Judged, horizon: datetime.date) -> Finding:
    role = role_of(certificate, chain).value
    return Finding(
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
        return Remedy("install", f"Install the successor of {certificate.name} on every node, and reissue its certificates.")
    where = "Then reload the server" if role == "certificate" else "Then append it to the server's chain file"
    return Remedy(
        "edit",
        f"Renew {certificate.name} so that it is valid after {horizon.isoformat()}. {where}.",
        (f"openssl x509 -in chain.pem -noout -checkend {365 * 86_400}",) if role == "certificate" else (),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint and certificate."""
    horizon = site.plan.horizon_from(today)
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site):
        if isinstance(item, Undetermined):
            yield item
            continue
        endpoint, chain = item
        cases = by_endpoint.get(endpoint, ())
        examined = _examined(chain, cases)
        for certificate in examined:
            renewal = renewal_at(endpoint, role_of(certificate, chain), examined)
            judged = _judge(certificate, today, site.plan, cases, renewal)
            if judged is None:
                yield PASSED
            else:
                yield _finding(endpoint, chain, certificate, judged, horizon)


CHECK = define(
    run,
    title="Certificate is invalid now or expires before the horizon",
    holds="Certificates are valid until the horizon",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
