"""## What it checks
The CRLs that lie inside, as the evidence shows them, count until the horizon: `nextUpdate` lies after it.

## Why it matters
A CRL is carried in once and forgotten. On the day of its `nextUpdate` curl.exe and .NET 10 refuse every certificate of that CA
with `CRYPT_E_REVOCATION_OFFLINE (0x80092013)`, months after the last change to anything.

## How to fix
Renew the CRL before that day and serve it at the same place: have a CA inside publish CRLs by itself; for one outside, put the
date into the calendar of whoever carries files in.

## When it cannot tell
Nobody looked at what the endpoint serves. CRLs that nobody fetched are `revocation-egress`.

## References
RFC 5280, 5.1.2.5; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Undetermined, define
from auditor.pki.rules import moment
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, end_of_day
from auditor.site.trust.revocation import Asked
from checks.endpoints import cases_by_endpoint, endpoint_subject, served

ID = "crl-stale"


def _ends(asked: Asked, horizon: datetime.date) -> datetime.datetime | None:
    """When the CRL ends, if that is before the horizon."""
    until = asked.crl.until if asked.crl is not None else None
    return until if until is not None and until < end_of_day(horizon) else None


def _crls(cases: tuple[TrustCase, ...]) -> dict[str, Asked]:
    """The CRLs that were seen of those that some client asks for, by URL."""
    asked = (one for case in cases if case.revocation is not None for one in case.revocation.asked)
    return {one.crl_url: one for one in asked if one.crl is not None}


def _finding(endpoint: Endpoint, asked: Asked, ends: datetime.datetime, horizon: datetime.date) -> Finding:
    issuer = asked.question.issuer.name
    what = f"counts until {moment(ends)}, before the horizon {horizon.isoformat()}"
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=endpoint_subject(endpoint),
        message=f"The CRL of {issuer} at {asked.crl_url}, which {endpoint.name} depends on, {what}. Clients that insist on "
        "revocation then fail.",
        case=asked.crl_url,
        facts={"url": asked.crl_url, "issuer": issuer, "until": ends.isoformat(), "horizon": horizon.isoformat()},
        location=endpoint.location,
        remedies=(
            Remedy(
                "copy",
                f"Renew the CRL of {issuer} until after {horizon.isoformat()}, and serve it at the same place.",
                (f"curl -fsS {shlex.quote(asked.crl_url)} | openssl crl -inform der -noout -nextupdate",),
            ),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint and CRL."""
    horizon, fine = site.plan.horizon_from(today), 0
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site, ID):
        if isinstance(item, Undetermined):
            yield item
            continue
        endpoint = item[0]
        crls = _crls(by_endpoint.get(endpoint, ()))
        for asked in crls.values():
            if (ends := _ends(asked, horizon)) is not None:
                yield _finding(endpoint, asked, ends, horizon)
            else:
                fine += 1
        fine += not crls
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A CRL inside ends before the horizon",
    family="trust",
    area=Area.CALENDAR,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS,),
)
