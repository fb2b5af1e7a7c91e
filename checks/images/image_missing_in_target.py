"""## What it checks
Every required image is where the nodes pull it from: on the internal registry, after the plan's rewrites, with every layer
that a node pulls. If the internal registry was not part of the audit, the image is in one of the plan's archives.

## Why it matters
An image that was not copied cannot be downloaded later. The pod stays in `ImagePullBackOff` with `failed to resolve reference
"…": not found`.

## How to fix
Copy the image from its source while the source is reachable, or from the archive that contains it. Then collect again.

## When it is undetermined
The internal registry did not answer, or an archive is missing or cannot be read. Either might contain the image.

## References
OCI distribution-spec, "Pulling manifests" and "Pulling blobs"; rancher/rke2#10275 (a published list that lacked images).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, RemedyKind, Role, Severity, define
from auditor.evidence.model import Absent, Failed, Kind
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Image, Standing, Trouble
from auditor.text import many
from checks._shared.bringing import copied_again
from checks._shared.placed import copies_by_image, image_subject, unknown

SHOWN = 5


def _elsewhere(site: Site, image: Image) -> str:
    """Return the archive with an image that the internal registry lacks, or an empty string."""
    entries = site.archives.entries.get(image.reference, ()) if site.archives is not None else ()
    return entries[0].archive.path if entries else ""


def _pools(copies: list[ComparedCopy]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(copy.kept.pool.name for copy in copies))


def _missing(site: Site, image: Image, copies: list[ComparedCopy]) -> Finding:
    copy, pools = copies[0], _pools(copies)
    archive = _elsewhere(site, image) if copy.is_inside else ""
    asked = copy.place if copy.is_inside else image.name
    holder = "The internal registry does not have" if copy.is_inside else "No archive of the plan contains"
    is_own_name = asked == image.name  # the subject line shows it
    hint = f" {archive} contains it and was not pushed." if archive else ""
    if archive:
        remedy = Remedy("copy", f"Push it from {archive} to {copy.place}.")
    elif not copy.is_inside and site.plan.registry is None:
        remedy = Remedy("copy", f"Copy {image.reference} into an archive of the plan while its source is reachable.")
    else:
        remedy = copied_again(site, image.reference, "Copy it while its source is reachable.")
    return Finding(
        subject=image_subject(image),
        parts=(
            Part(f"{holder} {asked} ({image.absent}).{hint}", key=f"{holder}{hint} {image.absent}" if is_own_name else ""),
            Part(
                f'Error on nodes of {", ".join(pools)}: `failed to resolve reference "{asked}": not found`.',
                Role.SYMPTOM,
                f"Error on nodes of {', '.join(pools)}" if is_own_name else "",
            ),
        ),
        facts={"place": copy.place, "pools": pools, "answer": image.absent, "asked": image.source},
        location=copy.kept.need.why[0].location,
        remedy_kind=RemedyKind.COPY_IMAGE,
        remedies=(remedy,),
    )


def _lacking(copies: list[ComparedCopy]) -> Iterator[tuple[Descriptor, Absent | Failed | None]]:
    """Yield the blobs of the chosen manifests that were not observed. Foreign layers have their own check."""
    seen: set[str] = set()
    for copy in copies:
        payload = copy.kept.resolution.payload
        if payload is None or payload.config is None:
            continue
        foreign = {layer.digest for layer in payload.foreign}
        for blob in (payload.config, *payload.layers):
            if blob.digest in foreign or blob.digest in seen:
                continue
            seen.add(blob.digest)
            observed = copy.blob(blob.digest)
            if observed is None or isinstance(observed, Absent | Failed):
                yield blob, observed


def _parts(site: Site, image: Image, copies: list[ComparedCopy]) -> Outcome | None:
    """Return the outcome for missing blobs of an image with a present manifest, or None if all are present."""
    lacking = list(_lacking(copies))
    gone = [blob.digest for blob, observed in lacking if isinstance(observed, Absent)]
    place = copies[0].place
    if gone:
        return Finding(
            subject=image_subject(image),
            message=f"{place} has its manifest, but lacks {many(len(gone), 'blob')} (first: {gone[0]}). "
            "Error on the node: `could not fetch content descriptor: not found`.",
            case="blobs",
            facts={"place": place, "blobs": tuple(gone[:SHOWN]), "count": len(gone)},
            location=copies[0].kept.need.why[0].location,
            remedy_kind=RemedyKind.COPY_IMAGE,
            remedies=(copied_again(site, image.reference, "Copy it again with all its layers."),),
        )
    for blob, observed in lacking:
        failed = observed if isinstance(observed, Failed) else None
        kind, detail = (failed.kind, failed.detail) if failed else (Kind.MISSING_EVIDENCE, "it was not observed")
        trouble = Trouble(kind, f"{place}, blob {blob.digest}: {detail}", failed.faults if failed else ())
        return unknown(image_subject(image), trouble)
    return None


def _outcome(site: Site, image: Image, copies: list[ComparedCopy]) -> Outcome | None:
    """Return the outcome for one image, or None if it is complete."""
    if all(copy.kept.standing is Standing.ABSENT for copy in copies):
        return _missing(site, image, copies)
    # `archive-corrupt` reports missing blobs of archives.
    parts = _parts(site, image, copies) if copies[0].is_inside else None
    if isinstance(parts, Finding):
        return parts
    for copy in copies:
        if (trouble := copy.kept.resolution.trouble) is not None:
            return unknown(image_subject(image), trouble)
    return parts


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image. `image-absent` reports images that do not exist at their source."""
    for image, copies in copies_by_image(site):
        if all(copy.wanted is not None and copy.wanted.standing is Standing.ABSENT for copy in copies):
            continue
        outcome = _outcome(site, image, copies)
        yield outcome or PASSED


CHECK = define(
    run,
    title="Required image was not copied",
    holds="Required images were copied",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPIES),
)
