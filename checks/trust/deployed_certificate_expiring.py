"""## What it checks
The certificates that the plan deploys are valid until the horizon: TLS Secrets, CA bundles of webhooks and API services in
manifests and charts, and the files under `signing_roots`.

## Why it matters
A certificate in a manifest is fixed on the day of the transfer. After it expires, clients reject the workload's endpoint. The
API server rejects every object that an expired webhook must admit, with
`failed calling webhook … x509: certificate has expired or is not yet valid`. With an expired signing root, image signatures
cannot be verified.

## How to fix
Reissue the certificate so that it is valid after the horizon, and replace it in the manifest. Alternatively, let a controller
at the site issue it, and remove the value from the manifest.

## When it is undetermined
The value is not a readable certificate, or the evidence does not hold it: evidence carries no Secrets and no private keys.
Certificates that a controller creates at run time are not in a manifest and are not checked.

## References
Kubernetes documentation, "TLS Secrets" and "Dynamic Admission Control"; RFC 5280, 4.1.2.5.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.calendar.calendar_entries import CalendarEntry, DateStanding
from auditor.site.calendar.view import deployed, signing_roots, unread_signing_roots
from checks._shared.ending import before, ending


def _finding(entry: CalendarEntry, severity: Severity, horizon: datetime.date, *, has_ended: bool) -> Finding:
    when = f"expired on {entry.ends}" if has_ended else f"expires on {entry.ends}, {before(horizon)}"
    return Finding(
        severity=Severity.ERROR if has_ended else severity,
        subject=Subject("certificate", entry.name),
        message=f"The certificate {entry.name} {when}. {entry.detail}",
        case=entry.certificate.sha256 if entry.certificate is not None else "",
        facts={"ends": entry.ends.isoformat(), "horizon": horizon.isoformat(), "kind": entry.kind.value},
        location=entry.location,
        remedies=(Remedy("edit", f"Replace the certificate with one that is valid after {horizon.isoformat()}."),),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per certificate, and one per value that cannot be read."""
    plan, horizon = site.plan, site.plan.horizon_from(today)
    for entry in (*deployed(site), *signing_roots(site)):
        standing = entry.standing(today, horizon)
        severity = ending(plan, entry.renewal)
        if standing is DateStanding.AFTER_HORIZON or severity is None:
            yield PASSED
        else:
            yield _finding(entry, severity, horizon, has_ended=standing is DateStanding.ENDED)
    for one in site.carried_certificates:
        if one.problem:
            subject = Subject("certificate", f"{one.owner} {one.field}".strip())
            detail = f"the expiry date of its certificate is unknown: {one.problem}"
            yield Undetermined(subject, Kind.MISSING_EVIDENCE, detail, location=one.location)
    for file, why in unread_signing_roots(site):
        yield Undetermined(Subject("certificate", file), Kind.MISSING_EVIDENCE, f"its expiry date is unknown: {why}")


CHECK = define(
    run,
    title="Deployed certificate expires before the horizon",
    holds="Deployed certificates are valid until the horizon",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.CARRIED_CERTIFICATES,),
)
