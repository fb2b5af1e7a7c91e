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
from auditor.pki.revocation import in_directory, is_ldap, web_first
from auditor.pki.verdicts import Incomplete, TrustGap, Unproven
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.text import short
from checks._shared.endpoints import clients_with, endpoint_subject, fetch_intermediate, judged
from checks._shared.refusals import Cases, affected_by_all, by_text, facts_of_all, symptoms_of

_NOT_STATED = "the plan does not state whether the nodes are members of that domain (`domain_joined` of the pool)."
_UNKNOWN = frozenset({TrustGap.TOO_MANY_PATHS, TrustGap.POOL_UNKNOWN})


def _how(case: TrustCase, verdict: Incomplete, *, many: bool) -> str:
    """Return how clients handle the missing certificate, as a predicate in the singular or the plural."""
    s, it_fails = ("", "fail") if many else ("s", "fails")
    if case.fetched is not None:
        served = "which served it during collection. This fails if that URL stops answering."
        return f"download{s} it from {case.inside[0]}, {served}"
    if case.may_be_fetched and in_directory(case.inside[0]):
        if case.joined is None:
            return f"can get it only from Active Directory, and {_NOT_STATED}"
        return f"must read it from Active Directory, and {it_fails} if no domain controller answers."
    if case.may_be_fetched:
        return f"must download it from {case.inside[0]}, and {it_fails} if this internal URL does not answer."
    url = web_first(verdict.aia_urls)
    if verdict.is_requested and in_directory(url):
        return "cannot read it from Active Directory, because the nodes are not members of a domain."
    if verdict.is_requested:
        return f"{'try' if many else 'tries'} to download it from {url}, which fails offline."
    at = f" (AIA: {short(url, 90)})" if url else ""
    return f"{'do' if many else 'does'} not download intermediates{at}."


def _missing_at(case: TrustCase) -> Incomplete | None:
    return case.verdict if isinstance(case.verdict, Incomplete) else case.fetched


def _parts(cases: Cases, verdict: Incomplete, *, works: bool) -> Iterator[Part]:
    cause = f"{verdict.missing}, the issuer of {verdict.path.top.name}."
    yield Part(f"{cases[0].endpoint.name} does not serve the certificate of {cause}", key=cause)
    groups = by_text(cases, (_how(case, _missing_at(case) or verdict, many=False) for case in cases))
    for some in groups.values():
        how = _how(some[0], _missing_at(some[0]) or verdict, many=len(some) > 1)
        yield Part(f"{clients_with(some)} {how}", Role.EFFECT, names_who=True)
    if not works:
        yield from symptoms_of(cases)


def _remedies(verdict: Incomplete) -> tuple[Remedy, ...]:
    text = f"Append the certificate of {verdict.missing} to the server's chain file, after the leaf, and reload the server."
    url = web_first(verdict.aia_urls)
    commands = fetch_intermediate(url) if url and not is_ldap(url) else ()
    root = f"Or, if {verdict.missing} is the root, install it on the nodes and add its file to the pool's `trust`."
    return Remedy("edit", text, commands, while_connected=bool(commands)), Remedy("install", root)


def _finding(cases: Cases, verdict: Incomplete, *, works: bool) -> Finding:
    endpoint = cases[0].endpoint
    return Finding(
        severity=Severity.WARNING if works else Severity.ERROR,
        subject=endpoint_subject(endpoint),
        parts=tuple(_parts(cases, verdict, works=works)),
        case=verdict.path.top.sha256,
        facts={
            **facts_of_all(cases),
            "missing": verdict.missing,
            "aia": verdict.aia_urls,
            "inside": tuple(dict.fromkeys(url for case in cases for url in case.inside)),
        },
        location=endpoint.location,
        affects=affected_by_all(cases),
        remedies=_remedies(verdict),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per endpoint and missing certificate, with the clients that fail or that must download it."""
    found: dict[tuple[Endpoint, str, bool], tuple[Incomplete, Cases]] = {}
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
        elif (missing := _missing_at(case)) is not None:
            works = case.fetched is not None or case.may_be_fetched
            found.setdefault((case.endpoint, missing.path.top.sha256, works), (missing, []))[1].append(case)
        elif not (isinstance(case.verdict, Unproven) and case.verdict.gap in _UNKNOWN):
            yield PASSED
    yield from (_finding(cases, verdict, works=key[2]) for key, (verdict, cases) in found.items())


CHECK = define(
    run,
    title="Endpoint does not serve its complete certificate chain",
    holds="Endpoints serve their complete chain",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.ISSUER,),
)
