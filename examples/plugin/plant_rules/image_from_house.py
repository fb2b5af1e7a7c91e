"""## What it checks
Every image of the plan comes from a registry that the plant has vetted.

## Why it matters
An image from another registry was not scanned, and its origin cannot be checked offline.

## How to fix
Mirror the image into a vetted registry, and use that name in the list.

## When it is undetermined
Never: it needs only the lists.

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
    """Yield one finding for each image from another registry."""
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
    title="Image from a registry that is not vetted",
    family="images",
    severity=Severity.WARNING,
    requires=(Requirement.IMAGES,),
)
