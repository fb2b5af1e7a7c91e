"""## What it checks
Each client that checks revocation can do so for every certificate of the path. At least one CRL or OCSP URL of the
certificate is internal. If the evidence has the response, it is a valid CRL.

## Why it matters
curl.exe and .NET 10 treat a missing answer as a failure: `CRYPT_E_REVOCATION_OFFLINE (0x80092013)`, although the certificate
is valid and its root is trusted. Other clients wait up to 15 seconds per URL and then continue. containerd, kubelet and all
Linux clients never check revocation. Pulls then work, but the installation script fails.

## How to fix
Use one of these:

- Mirror the CRLs on internal hosts under the names in the certificates, and renew them before they expire.
- Issue certificates with an internal CRL URL. AD CS publishes CRLs in the directory by default, which only domain members read.
- Disable the check where this is acceptable: `--ssl-no-revoke`, or
  `DOTNET_SYSTEM_NET_SECURITY_NOREVOCATIONCHECKBYDEFAULT=true`.

Let the firewall reject packets to these hosts instead of dropping them: a rejected connection fails at once.

## When it is undetermined
An internal URL was not requested, or it is an OCSP URL. A CRL is in Active Directory (`ldap:///`), and the nodes are domain
members, or the plan does not state it (`domain_joined`): the auditor does not request directories. The facts only infer how the
client behaves. The endpoint's chain was not observed. An expired CRL is reported by `crl-stale`.

## References
curl lib/vtls/schannel.c, curl/curl#12239; dotnet/docs ssl-certificate-revocation-check-default; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Part, Remedy, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.clients import cryptoapi_wait
from auditor.pki.revocation import in_directory, is_ldap
from auditor.site import Requirement, Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.revocation_results import Revocation, RevocationCheck, RevocationResult
from checks._shared.endpoints import facts_of, judged, subject_of, symptom_of, unsure, who

_JOIN = (
    "Or make the nodes members of the domain, so that they read the CRL from a domain controller, and set "
    "`domain_joined: true` for the pool."
)


def _worst(revocation: Revocation) -> RevocationCheck | None:
    """Return the revoked certificate, else one without an available answer, else None."""
    for answer in (RevocationResult.REVOKED, RevocationResult.BLOCKED):
        if found := revocation.of(answer):
            return found[0]
    return None


def _parts(case: TrustCase, asked: RevocationCheck) -> Iterator[Part]:
    name = asked.question.certificate.name
    if asked.answer is RevocationResult.REVOKED:
        what = f"{name} is revoked: {asked.detail}."
    else:
        then = "Without an answer it fails." if case.insists else f"It waits up to {cryptoapi_wait()} seconds, then continues."
        what = f"it cannot check {name}, because {asked.detail}. {then}"
    yield Part(f"{who(case)} checks revocation for {case.endpoint.name}: {what}", key=what, names_who=True)
    if asked.answer is not RevocationResult.REVOKED and case.insists:
        yield from symptom_of(case.refusal)


def _severity(case: TrustCase, asked: RevocationCheck) -> Severity:
    fails = asked.answer is RevocationResult.REVOKED or case.insists
    return Severity.ERROR if fails and case.is_sure else Severity.WARNING


def _remedies(case: TrustCase, asked: RevocationCheck) -> tuple[Remedy, ...]:
    urls = asked.question.crl_urls
    if asked.answer is RevocationResult.REVOKED:
        return (Remedy("edit", f"Replace {asked.question.certificate.name} with a certificate that is not revoked."),)
    in_ad = any(map(in_directory, urls))
    urls = tuple(url for url in urls if not is_ldap(url))  # no web server can serve the others
    mirror = Remedy("copy", f"Serve {', '.join(urls)} from an internal host, and renew the CRL before it expires.")
    switch = case.model.skips_revocation if case.model is not None else None
    join = Remedy("edit", _JOIN) if in_ad and case.joined is not True else None
    off = Remedy("command", switch.text, (switch.command,)) if switch is not None else None
    reissue = Remedy("edit", f"Reissue {asked.question.certificate.name} with an internal CRL distribution point.")
    return tuple(remedy for remedy in (mirror if urls else None, reissue, join, off) if remedy is not None)


def _finding(case: TrustCase, asked: RevocationCheck) -> Finding:
    question = asked.question
    return Finding(
        severity=_severity(case, asked),
        subject=subject_of(case),
        parts=tuple(_parts(case, asked)),
        case=f"{case.client} {question.certificate.sha256} {asked.answer}",
        facts={
            **facts_of(case),
            "crl": question.crl_urls,
            "ocsp": question.ocsp_urls,
            "certificate": question.certificate.name,
        },
        location=case.endpoint.location,
        remedies=_remedies(case, asked),
    )


def _outcomes(case: TrustCase) -> Iterator[Outcome]:
    revocation = case.revocation
    if revocation is None:
        if case.model is not None and case.model.revocation == "none":
            yield Fine()
        return  # the client rejects the chain before it checks revocation
    worst = _worst(revocation)
    if worst is not None:
        yield _finding(case, worst)
    unasked = revocation.of(RevocationResult.UNASKED)
    if worst is not None and not case.is_sure and case.by_revocation is Prospect.UNDETERMINED:
        yield unsure(case)
    elif unasked and case.by_revocation is Prospect.UNDETERMINED:
        asked = f"checks revocation of {unasked[0].question.certificate.name}: {unasked[0].detail}"
        detail = f"{who(case)} {asked}"
        yield Undetermined(subject_of(case), Kind.MISSING_EVIDENCE, detail, unasked[0].faults, fold=(asked,))
    elif worst is None and revocation.answer is RevocationResult.GOOD:
        yield Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint, pool and client. Other checks report missing URLs and expired CRLs."""
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
        else:
            yield from _outcomes(case)


CHECK = define(
    run,
    title="Revocation status is not available offline",
    holds="Revocation status is available offline",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.REVOCATION,),
)
