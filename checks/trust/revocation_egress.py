"""## What it checks
Every client that checks revocation can ask about each certificate of the path: one of its CRL or OCSP URLs stays reachable,
and where the evidence shows what lies there, it is a CRL that counts.

## Why it matters
curl.exe and .NET 10 take no answer for a failure: `CRYPT_E_REVOCATION_OFFLINE (0x80092013)`, although the certificate is good
and its root is trusted. Others wait for up to 15 seconds per URL and then go on. containerd, kubelet and every Linux client
never ask, so that pulls work where the installation script fails.

## How to fix
Mirror the CRLs inside under the names in the certificates, and renew them before they end; or issue certificates whose CRL lies
inside; or switch the check off where that is acceptable: `--ssl-no-revoke`, or
`DOTNET_SYSTEM_NET_SECURITY_NOREVOCATIONCHECKBYDEFAULT=true`. Refuse the packets to these hosts at the firewall rather than
dropping them: a refusal fails at once.

## When it cannot tell
A URL stays reachable, but nobody looked at what it answers, or it is OCSP; the facts only infer how the client behaves; or
nobody looked at what the endpoint serves. A CRL that has ended is `crl-stale`.

## References
curl lib/vtls/schannel.c, curl/curl#12239; dotnet/docs ssl-certificate-revocation-check-default; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Part, Remedy, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.revocation import Answer, Asked, Revocation
from checks.endpoints import facts_of, judged, subject_of, symptom_of, unsure, who

ID = "revocation-egress"


def _worst(revocation: Revocation) -> Asked | None:
    """The question that decides, of those that this check speaks of."""
    for answer in (Answer.REVOKED, Answer.BLOCKED):
        if found := revocation.of(answer):
            return found[0]
    return None


def _parts(case: TrustCase, asked: Asked) -> Iterator[Part]:
    name = asked.question.certificate.name
    if asked.answer is Answer.REVOKED:
        what = f"{name} is revoked: {asked.detail}."
    else:
        then = "without an answer it fails." if case.insists else "it waits up to 15 seconds, and goes on."
        what = f"it asks whether {name} was revoked, and {asked.detail}; {then}"
    yield Part(f"{who(case)} checks revocation for {case.endpoint.name}: {what}", key=what, names_who=True)
    if asked.answer is not Answer.REVOKED and case.insists:
        yield from symptom_of(case.refusal)


def _severity(case: TrustCase, asked: Asked) -> Severity:
    fails = asked.answer is Answer.REVOKED or case.insists
    return Severity.ERROR if fails and case.is_sure else Severity.WARNING


def _remedies(case: TrustCase, asked: Asked) -> tuple[Remedy, ...]:
    urls = asked.question.crl_urls
    if asked.answer is Answer.REVOKED:
        return (Remedy("edit", f"Replace {asked.question.certificate.name} by a certificate that is not revoked."),)
    mirror = Remedy("copy", f"Serve what lies at {', '.join(urls)} inside, under that name, and renew it before it ends.")
    off = {
        "curl": Remedy("command", "Switch the check off where that is acceptable.", ("curl --ssl-no-revoke",)),
        "curl-cacert": Remedy("command", "Switch the check off where that is acceptable.", ("curl --ssl-no-revoke",)),
        "dotnet-10": Remedy(
            "command",
            "Switch the check off for the program where that is acceptable.",
            ("setx /M DOTNET_SYSTEM_NET_SECURITY_NOREVOCATIONCHECKBYDEFAULT true",),
        ),
    }
    reissue = Remedy("edit", f"Issue {asked.question.certificate.name} with a CRL distribution point that lies inside.")
    return tuple(remedy for remedy in (mirror if urls else None, reissue, off.get(case.client)) if remedy is not None)


def _finding(case: TrustCase, asked: Asked) -> Finding:
    question = asked.question
    return Finding(
        check=ID,
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
        return  # a client that would ask refuses the chain before it does
    worst = _worst(revocation)
    if worst is not None:
        yield _finding(case, worst)
    unasked = revocation.of(Answer.UNASKED)
    if worst is not None and not case.is_sure and case.by_revocation is Prospect.UNDETERMINED:
        yield unsure(ID, case)
    elif unasked and case.by_revocation is Prospect.UNDETERMINED:
        asked = f"asks whether {unasked[0].question.certificate.name} was revoked: {unasked[0].detail}"
        detail = f"{who(case)} {asked}"
        yield Undetermined(ID, subject_of(case), Kind.MISSING_EVIDENCE, detail, unasked[0].faults, fold=(asked,))
    elif worst is None and revocation.answer is Answer.GOOD:
        yield Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint, pool and client. Missing URLs and CRLs that have ended are left to other checks."""
    for case in judged(site, ID, today):
        if isinstance(case, Undetermined):
            yield case
        else:
            yield from _outcomes(case)


CHECK = define(
    run,
    id=ID,
    title="A client asks about revocation, and nobody can answer",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.REVOCATION,),
)
