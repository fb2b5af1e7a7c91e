"""## What it checks
Each internal CRL that clients download is valid today and until the horizon: its `nextUpdate` is after the horizon. The same
holds for an OCSP response that a server staples, if its responder is external.

## Why it matters
A CRL that is copied once is easily forgotten. After its `nextUpdate`, curl.exe and .NET 10 reject every certificate of that
CA with `CRYPT_E_REVOCATION_OFFLINE (0x80092013)`, even if nothing at the site has changed for months.

## How to fix
Renew the CRL before that date and serve it at the same URL. Let an internal CA publish its CRLs automatically. For an
external CA, schedule the next transfer before that date.

## When it is undetermined
The endpoint's chain was not observed, or the CRL was not downloaded. The finding is an error if the CRL has expired and a
client requires revocation data. Otherwise it is a warning.

## References
RFC 5280, 5.1.2.5; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.staples import StapleState
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, end_of_day
from auditor.site.trust.revocation_results import RevocationCheck, RevocationResult
from auditor.text import moment
from checks._shared.endpoints import cases_by_endpoint, clients_with, endpoint_subject, refused_by, served, symptom_of, unsure

_THEN = "Clients that require revocation data then fail"


@dataclass(frozen=True, slots=True)
class _List:
    """A CRL from the evidence, and the cases of the clients that download it."""

    asked: RevocationCheck
    cases: tuple[TrustCase, ...]

    @property
    def has_ended(self) -> bool:
        """Whether the CRL is not valid today."""
        return self.asked.answer is RevocationResult.STALE

    @property
    def refusing(self) -> tuple[TrustCase, ...]:
        """The cases of clients that fail today because of it."""
        return tuple(case for case in self.cases if case.insists and case.is_sure) if self.has_ended else ()


def _seen_at(asked: RevocationCheck) -> tuple[str, ...]:
    return (asked.crl_url,) if asked.crl is not None else ()


def _unseen_at(asked: RevocationCheck) -> tuple[str, ...]:
    if asked.answer is not RevocationResult.UNASKED:
        return ()
    return tuple(url for url in asked.inside if url in asked.question.crl_urls)


def _lists(cases: tuple[TrustCase, ...], *, seen: bool) -> dict[str, _List]:
    """Return the CRLs that clients download, by URL: the observed ones, or those that were not observed."""
    found: dict[str, tuple[RevocationCheck, list[TrustCase]]] = {}
    for case in cases:
        for asked in case.revocation.asked if case.revocation is not None else ():
            for url in _seen_at(asked) if seen else _unseen_at(asked):
                found.setdefault(url, (asked, []))[1].append(case)
    return {url: _List(asked, tuple(clients)) for url, (asked, clients) in found.items()}


def _what(one: _List, today: datetime.date, horizon: datetime.date) -> tuple[str, tuple[Part, ...]]:
    """Return the fault of a CRL and the symptom; both are empty if the CRL is valid until the horizon."""
    until = one.asked.crl.until if one.asked.crl is not None else None
    if one.has_ended:
        then = f"Rejected by {clients_with(one.refusing)}" if one.refusing else _THEN
        symptom = next((case.model.symptom("revocation") for case in one.refusing if case.model is not None), "")
        ends = one.asked.crl.ends(end_of_day(today)) if one.asked.crl is not None else one.asked.detail
        return f"is not valid today: {ends}. {then}.", symptom_of(symptom)
    if until is not None and until < end_of_day(horizon):
        return f"expires on {moment(until)}, before the horizon {horizon.isoformat()}. {_THEN}.", ()
    return "", ()


def _finding(endpoint: Endpoint, one: _List, what: str, symptom: tuple[Part, ...], horizon: datetime.date) -> Finding:
    asked, issuer = one.asked, one.asked.question.issuer.name
    until = asked.crl.until if asked.crl is not None else None
    return Finding(
        severity=Severity.ERROR if one.refusing else Severity.WARNING,
        subject=endpoint_subject(endpoint),
        parts=(Part(f"The CRL of {issuer} at {asked.crl_url}, which clients of {endpoint.name} download, {what}"), *symptom),
        case=asked.crl_url,
        facts={
            "url": asked.crl_url,
            "issuer": issuer,
            "until": until.isoformat() if until is not None else "",
            "horizon": horizon.isoformat(),
            "refused_by": refused_by(one.refusing),
        },
        location=endpoint.location,
        remedies=(
            Remedy(
                "copy",
                f"Renew the CRL of {issuer} so that it is valid after {horizon.isoformat()}, and serve it at the same URL.",
                (f"curl -fsS {shlex.quote(asked.crl_url)} | openssl crl -inform der -noout -nextupdate",),
            ),
        ),
    )


def _outcomes(
    endpoint: Endpoint, cases: tuple[TrustCase, ...], today: datetime.date, horizon: datetime.date
) -> Iterator[Outcome]:
    for one in _lists(cases, seen=True).values():
        what, symptom = _what(one, today, horizon)
        if what:
            yield _finding(endpoint, one, what, symptom, horizon)
            if one.has_ended:
                yield from (unsure(case) for case in one.cases if case.insists and not case.is_sure)
        else:
            yield Fine()
    for url, one in _lists(cases, seen=False).items():
        detail = f"the expiry date of the CRL at {url} is unknown: {one.asked.detail}"
        yield Undetermined(endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, detail)


def _of_staples(endpoint: Endpoint, cases: tuple[TrustCase, ...], horizon: datetime.date) -> Iterator[Outcome]:
    """Yield a finding for a stapled response that ends before the horizon and that the server cannot renew offline."""
    for case in cases:
        staple, revocation = case.staple, case.revocation
        if staple is None or staple.state is not StapleState.GOOD or revocation is None or not revocation.asked:
            continue
        asked = revocation.asked[0]
        responders = asked.question.ocsp_urls
        if staple.until is None or staple.until >= end_of_day(horizon) or set(responders) & set(asked.inside):
            continue
        leaf, ends = asked.question.certificate.name, moment(staple.until)
        shown = f"its responder {responders[0]}" if responders else "its responder"
        yield Finding(
            severity=Severity.WARNING,
            subject=endpoint_subject(endpoint),
            parts=(
                Part(
                    f"The OCSP response that {endpoint.name} staples for {leaf} ends on {ends}, before the horizon "
                    f"{horizon.isoformat()}. Offline, the server cannot get a new one from {shown}. {_THEN}."
                ),
            ),
            case=f"staple {asked.question.certificate.sha256}",
            facts={"until": staple.until.isoformat(), "horizon": horizon.isoformat(), "ocsp": responders},
            location=endpoint.location,
            remedies=(
                Remedy("edit", f"Reissue {leaf} with an internal OCSP responder or an internal CRL distribution point."),
            ),
        )
        return


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint and CRL that a client downloads from an internal URL."""
    horizon = site.plan.horizon_from(today)
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site):
        if isinstance(item, Undetermined):
            yield item
        else:
            yield from _outcomes(item[0], by_endpoint.get(item[0], ()), today, horizon)
            yield from _of_staples(item[0], by_endpoint.get(item[0], ()), horizon)


CHECK = define(
    run,
    title="Internal CRL has expired or expires before the horizon",
    holds="Internal CRLs are valid until the horizon",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
