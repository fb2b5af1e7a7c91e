"""## What it checks
Each endpoint serves every certificate between its own and the root. No client has to download an intermediate from the URL in
the certificate (AIA, caIssuers).

## Why it matters
With internet access, Windows downloads a missing intermediate silently. Browsers and PowerShell on an admin's machine show no
fault. Offline, the same download waits for 15 seconds. containerd gives up on the handshake after 10 seconds: `net/http: TLS
handshake timeout`. Go on Linux and OpenSSL never download intermediates.

## How to fix
Append the intermediate to the server's chain file, after the leaf, and reload the server.

## When it is undetermined
The endpoint's chain was not observed (run `auditor collect`, or add a `chain` file) or cannot be parsed, or the facts do not
cover the client. If a chain without AIA ends at a CA, its issuer may be a root: see `root-not-trusted`. If the AIA URL is
internal, the finding is a warning when the URL served the certificate or was not requested. It is an error when the URL was
requested and did not serve the certificate.

## References
RFC 5246, 7.4.2; RFC 5280, 4.2.2.1; golang/go#63238; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, ConnectionKind, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.pki.verdicts import Incomplete, TrustGap, Unproven
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from checks._shared.endpoints import facts_of, fetch_intermediate, judged, subject_of, symptom_of, who


def _how(case: TrustCase, verdict: Incomplete) -> str:
    """Return how the client handles the missing certificate, as a predicate for the client's name."""
    if case.fetched is not None:
        return f"downloads it from {case.inside[0]}, which served it during collection. This fails if that URL stops answering."
    if case.may_be_fetched:
        return f"must download it from {case.inside[0]}, and fails if this internal URL does not answer."
    if verdict.is_requested:
        return f"tries to download it from {verdict.aia_urls[0]}, which fails offline."
    at = f" (AIA: {verdict.aia_urls[0]})" if verdict.aia_urls else ""
    return f"does not download intermediates{at}."


def _parts(case: TrustCase, verdict: Incomplete, *, works: bool) -> Iterator[Part]:
    cause = f"{verdict.missing}, the issuer of {verdict.path.top.name}."
    yield Part(f"{case.endpoint.name} does not serve the certificate of {cause}", key=cause)
    yield Part(f"{who(case)} {_how(case, verdict)}", Role.EFFECT, names_who=True)
    if not works:
        yield from symptom_of(case.refusal, case.stall)


def _remedies(verdict: Incomplete) -> tuple[Remedy, ...]:
    text = f"Append the certificate of {verdict.missing} to the server's chain file, after the leaf, and reload the server."
    commands = fetch_intermediate(verdict.aia_urls[0]) if verdict.aia_urls else ()
    root = f"Or, if {verdict.missing} is the root, install it on the nodes and add its file to the pool's `trust`."
    return Remedy("edit", text, commands, while_connected=bool(commands)), Remedy("install", root)


def _finding(case: TrustCase, verdict: Incomplete) -> Finding:
    works = case.fetched is not None or case.may_be_fetched
    return Finding(
        severity=Severity.WARNING if works else Severity.ERROR,
        subject=subject_of(case),
        parts=tuple(_parts(case, verdict, works=works)),
        case=f"{case.client} {verdict.path.top.sha256}",
        facts={**facts_of(case), "missing": verdict.missing, "aia": verdict.aia_urls, "inside": case.inside},
        location=case.endpoint.location,
        remedies=_remedies(verdict),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint, pool and client."""
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
        elif (missing := case.verdict if isinstance(case.verdict, Incomplete) else case.fetched) is not None:
            yield _finding(case, missing)
        elif not (isinstance(case.verdict, Unproven) and case.verdict.gap is TrustGap.TOO_MANY_PATHS):
            yield PASSED


CHECK = define(
    run,
    title="Endpoint does not serve its complete certificate chain",
    holds="Endpoints serve their complete chain",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.ISSUER,),
)
