"""## What it checks
Every needed image exists where it is to be copied from: the source registry knows the tag or the digest.

## Why it matters
A tag that was never published, was misspelt or has been removed is found by the copy at best, and at worst by the first
node that starts the pod, as `ErrImagePull … not found`.

## How to fix
Correct the reference, or take the image from where it is published. For a private repository check that the credentials
may read it: several registries answer 404 where they mean 401.

## When it cannot tell
The registry did not answer, refused the credentials, answered something that is no manifest, or nobody asked it
(run `auditor collect`). Absent and unobserved are never confused.

## References
OCI distribution specification, error codes MANIFEST_UNKNOWN and NAME_UNKNOWN.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, define
from auditor.site import Requirement, Site
from auditor.site.images import Image
from checks.placed import image_subject, unknown

ID = "image-absent"


def _asked(image: Image) -> str:
    """The registry that answered: the one inside, when evidence was collected via target."""
    return urlsplit(image.source).netloc or image.reference.domain


def _finding(image: Image) -> Finding:
    why = tuple(str(reason) for reason in image.why)
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=image_subject(image),
        message=f"{_asked(image)} says that {image.reference} does not exist ({image.absent}). "
        "It cannot be copied, and a node that needs it stays in ErrImagePull.",
        facts={"registry": _asked(image), "answer": image.absent, "asked": image.source, "why": why},
        location=image.why[0].location if image.why else None,
        remedies=(
            Remedy("edit", "Correct the name or the tag where it is listed, or check that the credentials may read it."),
        ),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per image."""
    fine = 0
    for image in site.images.images.values():
        if image.absent:
            yield _finding(image)
        elif image.trouble is not None:
            yield unknown(ID, image_subject(image), image.trouble)
        else:
            fine += 1
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="An image does not exist at its source",
    family="images",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SOURCE),
)
