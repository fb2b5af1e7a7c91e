"""## What it checks
Every image of the plan comes from a registry that the house has vetted.

## Why it matters
An image from anywhere else was scanned by nobody, and behind the gap nobody can look where it came from.

## How to fix
Mirror the image into a vetted registry first, and let the list name it there.

## When it cannot tell
Never: it needs nothing but the lists.

## References
The plant's rule 17.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.site import Requirement, Site

VETTED = frozenset({"docker.io", "mcr.microsoft.com", "registry.k8s.io", "quay.io"})


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding for each image that comes from elsewhere."""
    for reference in dict.fromkeys(need.reference for need in site.needs.needs):
        if reference.domain in VETTED:
            yield PASSED
            continue
        why = next(need.why[0] for need in site.needs.needs if need.reference == reference)
        yield Finding(
            subject=Subject("image", str(reference)),
            message=f"{reference.domain} is no registry that the house has vetted.",
            facts={"registry": reference.domain},
            location=why.location,
            remedies=(Remedy("copy", f"Mirror {reference} into a vetted registry, and name it there."),),
        )


CHECK = define(
    run,
    title="An image comes from a registry that nobody vetted",
    family="images",
    severity=Severity.WARNING,
    requires=(Requirement.IMAGES,),
)
