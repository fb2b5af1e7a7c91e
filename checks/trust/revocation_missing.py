"""## What it checks
Each certificate of the path, except the root, names a CRL or an OCSP responder, if a client requires revocation data.

## Why it matters
A private CA often has no CRL. curl.exe then fails with `CRYPT_E_NO_REVOCATION_CHECK (0x80092012)`, and .NET 10 with
`RevocationStatusUnknown`, although the certificate is otherwise valid.

## How to fix
Let the CA publish a CRL on an internal host, and reissue its certificates with that URL. Alternatively, disable the check:
`--ssl-no-revoke` or `--ssl-revoke-best-effort`, or `DOTNET_SYSTEM_NET_SECURITY_NOREVOCATIONCHECKBYDEFAULT=true`.

## When it is undetermined
The endpoint's chain was not observed, or the facts only infer that the client requires revocation data.

## References
curl lib/vtls/schannel.c; dotnet/runtime#117681; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Severity, Subject, Undetermined, define
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.revocation_results import RevocationResult
from auditor.text import listed
from checks._shared.endpoints import cases_by_endpoint, clients_with, refused_by, served, symptom_of, unsure


def _missing(case: TrustCase) -> tuple[str, ...]:
    """Return the certificates without a revocation URL, if the client requires revocation data."""
    if case.revocation is None or not case.insists:
        return ()
    return tuple(asked.question.certificate.name for asked in case.revocation.of(RevocationResult.MISSING))


def _examined(case: TrustCase) -> bool:
    """Whether the client's revocation check is known. It is not if the client rejects the chain before that check."""
    return case.model is not None and (case.revocation is not None or not case.insists)


def _finding(endpoint: Endpoint, client: str, cases: list[TrustCase]) -> Finding:
    names = _missing(cases[0])
    name = "names" if len(names) == 1 else "name"
    symptom = cases[0].model.symptom("no-revocation") if cases[0].model is not None else ""
    return Finding(
        severity=Severity.ERROR if any(case.is_sure for case in cases) else Severity.WARNING,
        subject=Subject("endpoint", endpoint.name, client=client),
        parts=(
            Part(
                f"{listed(names)} of {endpoint.name} {name} no CRL and no OCSP responder. Rejected by {clients_with(cases)}: "
                "the client requires revocation data.",
                key=f"{', '.join(names)} {clients_with(cases)}",
                names_who=True,
            ),
            *symptom_of(symptom),
        ),
        case=client,
        facts={"client": client, "certificates": names, "symptom": symptom, "refused_by": refused_by(cases)},
        location=endpoint.location,
        remedies=(
            Remedy("edit", f"Reissue {listed(names)} with an internal CRL distribution point, and publish the CRL there."),
            Remedy("command", "Or let curl.exe continue without revocation data.", ("curl --ssl-revoke-best-effort",)),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint and client."""
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site):
        if isinstance(item, Undetermined):
            yield item
            continue
        by_client: dict[str, list[TrustCase]] = {}
        for case in by_endpoint.get(item[0], ()):
            by_client.setdefault(case.client, []).append(case)
        for client, cases in by_client.items():
            if lacking := [case for case in cases if _missing(case)]:
                yield _finding(item[0], client, lacking)
                yield from (unsure(case) for case in lacking if case.prospect is Prospect.UNDETERMINED and not case.is_sure)
            elif any(map(_examined, cases)):
                yield PASSED


CHECK = define(
    run,
    title="Certificate names no CRL or OCSP responder",
    holds="Certificates name a CRL or an OCSP responder",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
