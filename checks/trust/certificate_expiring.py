"""## What it checks
Each certificate on the path from an endpoint to its root is valid today and until the plan's horizon. This covers the leaf,
the intermediates and the root. If the plan has no horizon, it is one year from today.

## Why it matters
In an air-gapped site, certificates are not renewed automatically. On the day after the expiry date every pull fails with
`x509: certificate has expired or is not yet valid`, and a public CA cannot be reached for a new certificate. A certificate
that is not valid yet fails the same way. So does a valid one on a node with a wrong clock.

## How to fix
Before the transfer, renew the certificate with one that outlasts the horizon. A public CA cannot issue one: its certificates
last at most 200 days, and 47 days from 2029-03-15. Use a private CA inside the air gap instead. Alternatively, plan the
rotation and waive the finding until that date. If a program at the site renews the certificate, declare `renewal: automatic`
for the endpoint. If a person does, declare `renewal: manual`; the finding then is information. A renewal does not cover a root:
install the new root on every node. It does not cover a certificate of a public CA either, because the site cannot reach that
CA.

## When it is undetermined
The endpoint's chain was not observed or cannot be parsed. If the chain is incomplete or its root is not available, only the
certificates that are available are checked.

## References
RFC 5280, 4.1.2.5; CA/Browser Forum ballot SC-081v3; facts/public_lifetimes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.pki.certificate import Certificate
from auditor.pki.path_rules import Flaw, dates
from auditor.pki.public_lifetimes import longest_public, shorter_later
from auditor.pki.trust_store import linux_public, windows_program
from auditor.plan.model import Endpoint, Plan
from auditor.site import Requirement, Site
from auditor.site.calendar.calendar_entries import Renewal
from auditor.site.calendar.view import renewal_at, role_of
from auditor.site.trust.cases import TrustCase, end_of_day, flaw_symptom
from auditor.site.trust.served import Served, Unobserved
from auditor.text import moment
from checks._shared.ending import before, ending, kept
from checks._shared.endpoints import cases_by_endpoint, clients_with, refused_by, served, who

SHORT_LIVED = 90  # days; a person does not renew such a certificate by hand for long


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


def _finding(
    endpoint: Endpoint,
    chain: Served,
    certificate: Certificate,
    judged: _Judged,
    horizon: datetime.date,
    remedies: tuple[Remedy, ...],
) -> Finding:
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
        remedies=remedies,
    )


def is_public(certificate: Certificate, paths: Iterable[tuple[Certificate, ...]]) -> bool:
    """Return whether a public CA issued a certificate: one of its paths ends at a root of a public program."""
    ends = (path[-1] for path in paths if certificate in path[:-1])
    return any(end in linux_public() or end in windows_program() for end in ends)


def date_remedies(
    role: str, certificate: Certificate, today: datetime.date, horizon: datetime.date, *, public: bool
) -> tuple[Remedy, ...]:
    """Return how to replace a certificate that is not valid now, or that ends before the horizon. `role` names it."""
    if certificate.not_before.date() > today:
        return (_not_yet(certificate),)
    if role == "root":
        text = f"Install the successor of {certificate.name} on every node, and reissue its certificates."
        return (Remedy("install", text),)
    where = "Then reload the server" if role == "certificate" else "Then append it to the server's chain file"
    if public and role == "certificate":
        return _public(certificate, today, horizon, where)
    days = (certificate.not_after - certificate.not_before).days + 1
    if role == "certificate" and days <= SHORT_LIVED:
        return (_short_lived(certificate, days), _renew(certificate, horizon, where, role))
    return (_renew(certificate, horizon, where, role),)


def _not_yet(certificate: Certificate) -> Remedy:
    start = moment(certificate.not_before)
    return Remedy(
        "edit",
        f"Compare the clocks of the CA and of the nodes first. If they are right, use the endpoint only after {start}, "
        f"or let the CA issue {certificate.name} again with an earlier start.",
        ("date -u", "openssl x509 -in chain.pem -noout -dates"),
    )


def _renew(certificate: Certificate, horizon: datetime.date, where: str, role: str) -> Remedy:
    return Remedy(
        "edit",
        f"Renew {certificate.name} so that it is valid after {horizon.isoformat()}. {where}.",
        (f"openssl x509 -in chain.pem -noout -checkend {365 * 86_400}",) if role == "certificate" else (),
    )


def _short_lived(certificate: Certificate, days: int) -> Remedy:
    return Remedy(
        "edit",
        f"Run the CA that issues {certificate.name} inside the air gap, and let a program renew the certificate there, for "
        f"example cert-manager: it is valid for only {days} days. Then declare `renewal: automatic` for the endpoint.",
    )


def _public(certificate: Certificate, today: datetime.date, horizon: datetime.date, where: str) -> tuple[Remedy, ...]:
    """Return the remedies for a certificate of a public CA, which an offline site cannot reach."""
    most = longest_public(today)
    later = "".join(f", {days} days from {day.isoformat()}" for day, days in shorter_later(today) if day <= horizon)
    own = Remedy(
        "edit",
        f"Issue the certificate from a private CA, with an end after {horizon.isoformat()}, and install the root of that CA on "
        f"every node. A public CA issues for at most {most} days{later}. {where}.",
    )
    carried = Remedy(
        "copy",
        f"Or renew {certificate.name} on a machine with internet access, with the DNS challenge, and carry it in before "
        f"{certificate.not_after.date().isoformat()} and then at least every {most} days. Declare `renewal: manual` for the "
        "endpoint.",
    )
    return own, carried


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
        paths = tuple(case.verdict.path.certificates for case in cases if not isinstance(case.verdict, Unobserved))
        for certificate in examined:
            renewal = renewal_at(endpoint, role_of(certificate, chain), examined)
            judged = _judge(certificate, today, site.plan, cases, renewal)
            if judged is None:
                yield PASSED
            else:
                role = role_of(certificate, chain).value
                remedies = date_remedies(role, certificate, today, horizon, public=is_public(certificate, paths))
                yield _finding(endpoint, chain, certificate, judged, horizon, remedies)


CHECK = define(
    run,
    title="Certificate is invalid now or expires before the horizon",
    holds="Certificates are valid until the horizon",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
