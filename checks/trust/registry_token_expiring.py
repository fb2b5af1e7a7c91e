"""## What it checks
The robot account or pull token that nodes use for the internal registry is valid until the horizon.

## Why it matters
Harbor, GitLab and other registries give robot accounts and tokens an expiry date. After that date, every pull fails with
`401 Unauthorized`, although registry, network and certificates work. Images that a node already has continue to run until the
node must pull again.

## How to fix
Issue a token that is valid after the horizon, or one without an expiry date, and distribute it to the nodes and pull Secrets.

## When it is undetermined
Never: the plan states the day. Without `registry.token_expires`, the check does not apply.

## References
Harbor documentation, "Create Project Robot Accounts".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Subject, define
from auditor.site import Requirement, Site
from auditor.site.calendar.calendar_entries import Renewal
from checks._shared.ending import before, ending


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for the token of the internal registry."""
    registry, horizon = site.plan.registry, site.plan.horizon_from(today)
    if registry is None or registry.token_expires is None:
        return
    ends = registry.token_expires
    severity = ending(site.plan, Renewal.UNDECLARED)
    if ends >= horizon or severity is None:
        yield PASSED
        return
    has_ended = ends < today
    when = f"expired on {ends}" if has_ended else f"expires on {ends}, {before(horizon)}"
    yield Finding(
        severity=Severity.ERROR if has_ended else severity,
        subject=Subject("registry", registry.host),
        parts=(
            Part(f"The token with which nodes log in to {registry.host} {when}. Nodes then cannot pull an image."),
            Part("Error on the node: `401 Unauthorized`.", Role.SYMPTOM),
        ),
        facts={"ends": ends.isoformat(), "horizon": horizon.isoformat()},
        location=site.plan.where("registry", "token_expires"),
        remedies=(
            Remedy("edit", f"Issue a token that is valid after {horizon.isoformat()}, and distribute it to nodes and Secrets."),
        ),
    )


CHECK = define(
    run,
    title="Registry token expires before the horizon",
    holds="Registry tokens are valid until the horizon",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.TOKEN,),
)
