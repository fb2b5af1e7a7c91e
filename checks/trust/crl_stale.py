"""## What it checks
The CRLs that clients ask for at URLs that stay reachable, as the evidence shows them, count today and until the horizon:
`nextUpdate` lies after it.

## Why it matters
A CRL is carried in once and forgotten. On the day of its `nextUpdate` curl.exe and .NET 10 refuse every certificate of that CA
with `CRYPT_E_REVOCATION_OFFLINE (0x80092013)`, months after the last change to anything.

## How to fix
Renew the CRL before that day and serve it at the same place: have a CA inside publish CRLs by itself; for one outside, put the
date into the calendar of whoever carries files in.

## When it cannot tell
Nobody looked at what the endpoint serves, or the CRL was not fetched. The finding is an error if the CRL has already ended and
a client insists on revocation, and a warning otherwise.

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
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, end_of_day
from auditor.site.trust.revocation import Answer, Asked
from auditor.text import moment
from checks.endpoints import cases_by_endpoint, clients_with, endpoint_subject, refused_by, served, symptom_of, unsure

ID = "crl-stale"
_THEN = "Clients that insist on revocation then fail"


@dataclass(frozen=True, slots=True)
class _List:
    """A CRL that some client asks for, as the evidence shows it, and the cases of these clients."""

    asked: Asked
    cases: tuple[TrustCase, ...]

    @property
    def has_ended(self) -> bool:
        """Whether it does not count today."""
        return self.asked.answer is Answer.STALE

    @property
    def refusing(self) -> tuple[TrustCase, ...]:
        """The clients that fail today because of it."""
        return tuple(case for case in self.cases if case.insists and case.is_sure) if self.has_ended else ()


def _seen_at(asked: Asked) -> tuple[str, ...]:
    return (asked.crl_url,) if asked.crl is not None else ()


def _unseen_at(asked: Asked) -> tuple[str, ...]:
    if asked.answer is not Answer.UNASKED:
        return ()
    return tuple(url for url in asked.inside if url in asked.question.crl_urls)


def _lists(cases: tuple[TrustCase, ...], *, seen: bool) -> dict[str, _List]:
    """The CRLs that some client asks for, by URL: those that were observed, or those that were not."""
    found: dict[str, tuple[Asked, list[TrustCase]]] = {}
    for case in cases:
        for asked in case.revocation.asked if case.revocation is not None else ():
            for url in _seen_at(asked) if seen else _unseen_at(asked):
                found.setdefault(url, (asked, []))[1].append(case)
    return {url: _List(asked, tuple(clients)) for url, (asked, clients) in found.items()}


def _what(one: _List, horizon: datetime.date) -> tuple[str, tuple[Part, ...]]:
    """What is wrong with a CRL, and the symptom; empty if it counts today and outlasts the horizon."""
    until = one.asked.crl.until if one.asked.crl is not None else None
    if one.has_ended:
        then = f"It is refused by {clients_with(one.refusing)}" if one.refusing else _THEN
        symptom = next((case.model.symptom("revocation") for case in one.refusing if case.model is not None), "")
        return f"does not count today: {one.asked.detail}. {then}.", symptom_of(symptom)
    if until is not None and until < end_of_day(horizon):
        return f"counts until {moment(until)}, before the horizon {horizon.isoformat()}. {_THEN}.", ()
    return "", ()


def _finding(endpoint: Endpoint, one: _List, what: str, symptom: tuple[Part, ...], horizon: datetime.date) -> Finding:
    asked, issuer = one.asked, one.asked.question.issuer.name
    until = asked.crl.until if asked.crl is not None else None
    return Finding(
        check=ID,
        severity=Severity.ERROR if one.refusing else Severity.WARNING,
        subject=endpoint_subject(endpoint),
        parts=(Part(f"The CRL of {issuer} at {asked.crl_url}, which {endpoint.name} depends on, {what}"), *symptom),
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
                f"Renew the CRL of {issuer} until after {horizon.isoformat()}, and serve it at the same place.",
                (f"curl -fsS {shlex.quote(asked.crl_url)} | openssl crl -inform der -noout -nextupdate",),
            ),
        ),
    )


def _outcomes(endpoint: Endpoint, cases: tuple[TrustCase, ...], horizon: datetime.date) -> Iterator[Outcome]:
    for one in _lists(cases, seen=True).values():
        what, symptom = _what(one, horizon)
        if what:
            yield _finding(endpoint, one, what, symptom, horizon)
            if one.has_ended:
                yield from (unsure(ID, case) for case in one.cases if case.insists and not case.is_sure)
        else:
            yield Fine()
    for url, one in _lists(cases, seen=False).items():
        detail = f"until when the CRL at {url} counts is not known: {one.asked.detail}"
        yield Undetermined(ID, endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, detail)


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint and CRL that a client asks for at a URL that stays reachable."""
    horizon = site.plan.horizon_from(today)
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site, ID):
        if isinstance(item, Undetermined):
            yield item
        else:
            yield from _outcomes(item[0], by_endpoint.get(item[0], ()), horizon)


CHECK = define(
    run,
    id=ID,
    title="A CRL inside has ended, or ends before the horizon",
    family="trust",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
