"""## What it checks
Each endpoint serves every certificate between its own and a root, so that no client has to fetch an intermediate from
the URL in the certificate (AIA, caIssuers).

## Why it matters
With the network up, Windows fetches a missing intermediate unnoticed, so that browsers and PowerShell on an admin's
machine see nothing wrong. With the cable cut the same fetch waits 15 seconds for an answer, longer than the 10 seconds
that containerd gives the handshake: `net/http: TLS handshake timeout`. Go on Linux and OpenSSL never fetch.

## How to fix
Append the intermediate to the chain file of the server, leaf first, and reload the server.

## When it cannot tell
Nobody looked at what the endpoint serves (run `auditor collect`, or give a `chain` file), it could not be understood, or
the facts do not know the client. Where a chain ends without AIA at a CA, its issuer may be a root: that is
`root-not-trusted`. Where the URL lies inside the gap, the finding is a warning, whether somebody saw the certificate there or
nobody asked; it is an error again where somebody looked and there was none.

## References
RFC 5246, 7.4.2; RFC 5280, 4.2.2.1; golang/go#63238; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.pki.verdicts import Gap, Incomplete, Unproven
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from checks.endpoints import facts_of, fetch_intermediate, judged, subject_of, symptom_of, who

ID = "chain-incomplete"


def _how(case: TrustCase, verdict: Incomplete) -> str:
    """What the client does about the missing certificate, without its name."""
    if case.fetched is not None:
        return f"gets on only as long as {case.inside[0]} answers inside, as it did when it was asked."
    if case.may_be_fetched:
        return f"works only as long as {case.inside[0]} answers inside, as it must fetch that certificate there."
    if verdict.would_dial:
        return f"would dial {verdict.aia_urls[0]} for it, which fails with the cable cut."
    at = f", although it could be had at {verdict.aia_urls[0]}" if verdict.aia_urls else ""
    return f"never fetches certificates{at}."


def _parts(case: TrustCase, verdict: Incomplete, *, works: bool) -> Iterator[Part]:
    cause = f"{verdict.missing}, which issued {verdict.path.top.name}."
    yield Part(f"{case.endpoint.name} does not serve the certificate of {cause}", key=cause)
    yield Part(f"{who(case)} {_how(case, verdict)}", Role.EFFECT, names_who=True)
    if not works:
        yield from symptom_of(case.refusal, case.stall)


def _remedies(verdict: Incomplete) -> tuple[Remedy, ...]:
    text = f"Append the certificate of {verdict.missing} to the server's chain file, after its own, and reload the server."
    commands = fetch_intermediate(verdict.aia_urls[0]) if verdict.aia_urls else ()
    root = f"If {verdict.missing} is the root itself, the chain is whole: give the root to the pool and to its `trust`."
    return Remedy("edit", text, commands), Remedy("install", root)


def _finding(case: TrustCase, verdict: Incomplete) -> Finding:
    works = case.fetched is not None or case.may_be_fetched
    return Finding(
        check=ID,
        severity=Severity.WARNING if works else Severity.ERROR,
        subject=subject_of(case),
        parts=tuple(_parts(case, verdict, works=works)),
        case=f"{case.client} {verdict.path.top.sha256}",
        facts={**facts_of(case), "missing": verdict.missing, "aia": verdict.aia_urls, "inside": case.inside},
        location=case.endpoint.location,
        remedies=_remedies(verdict),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint, pool and client."""
    fine = 0
    for case in judged(site, ID, today):
        if isinstance(case, Undetermined):
            yield case
        elif (missing := case.verdict if isinstance(case.verdict, Incomplete) else case.fetched) is not None:
            yield _finding(case, missing)
        elif not (isinstance(case.verdict, Unproven) and case.verdict.gap is Gap.TOO_MANY_PATHS):
            fine += 1
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="An endpoint does not serve its whole chain",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.ISSUER,),
)
