"""## What it checks
Every required image exists in the source registry: the registry has the tag or the digest.

## Why it matters
If a tag was never published, is misspelt or was removed, the copy fails. If the copy hides the failure, the first node that
starts the pod fails with `ErrImagePull … not found`.

## How to fix
Correct the reference, or use the registry where the image is published. For a private repository, check that the credentials
may read it: several registries answer 404 instead of 401.

## When it is undetermined
The registry did not answer, rejected the credentials, or returned something that is not a manifest. Or the registry was not
observed (run `auditor collect`). An absent image and an image that was not observed are different results.

## References
OCI distribution specification, error codes MANIFEST_UNKNOWN and NAME_UNKNOWN.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, define
from auditor.site import Requirement, Site
from auditor.site.images import Image
from checks._shared.placed import image_subject, unknown


def _asked(image: Image) -> str:
    """Return the registry that answered. This is the internal registry if the evidence was collected via target."""
    return urlsplit(image.source).netloc or image.reference.domain


def _finding(image: Image) -> Finding:
    why = tuple(str(reason) for reason in image.why)
    return Finding(
        subject=image_subject(image),
        message=f"{_asked(image)} reports that {image.reference} does not exist ({image.absent}). "
        "It cannot be copied, and its pod fails with ErrImagePull.",
        facts={"registry": _asked(image), "answer": image.absent, "asked": image.source, "why": why},
        location=image.why[0].location if image.why else None,
        remedies=(
            Remedy("edit", "Correct the name or the tag in the list, or check that the credentials may read the image."),
        ),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image."""
    for image in site.images.images.values():
        if image.absent:
            yield _finding(image)
        elif image.trouble is not None:
            yield unknown(image_subject(image), image.trouble)
        else:
            yield PASSED


CHECK = define(
    run,
    title="Image does not exist at its source",
    holds="Images exist at their source",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SOURCE),
)
