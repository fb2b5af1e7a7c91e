"""## What it checks
Every needed image is where the nodes will get it from: on the registry inside, after the plan's rewrites, with every layer
that a node pulls; or, where the registry inside was not to be asked, in one of the plan's archives.

## Why it matters
What was not copied cannot be fetched later. The pod stays in `ImagePullBackOff` with
`failed to resolve reference "…": not found`.

## How to fix
Copy the image: from its source while that can be reached, or out of the archive that has it. Then collect again.

## When it cannot tell
The registry inside did not answer, or an archive is not there yet or cannot be read: it might have the image.

## References
OCI distribution-spec, "Pulling manifests" and "Pulling blobs"; rancher/rke2#10275 (a published list that lacked images).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Role, Severity, define
from auditor.evidence.model import Absent, Failed, Kind
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.copies import Copy
from auditor.site.images import Image, Standing, Trouble
from checks.bringing import copied_again
from checks.placed import copies_by_image, image_subject, unknown

ID = "image-missing-in-target"
SHOWN = 5


def _elsewhere(site: Site, image: Image) -> str:
    """The archive that has an image which the registry inside lacks; empty when none does."""
    entries = site.archives.entries.get(image.reference, ()) if site.archives is not None else ()
    return entries[0].archive.path if entries else ""


def _pools(copies: list[Copy]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(copy.kept.pool.name for copy in copies))


def _missing(site: Site, image: Image, copies: list[Copy]) -> Finding:
    copy, pools = copies[0], _pools(copies)
    archive = _elsewhere(site, image) if copy.is_inside else ""
    asked = copy.place if copy.is_inside else image.name
    holder = "The registry inside does not have" if copy.is_inside else "No archive of the plan has"
    is_own_name = asked == image.name  # the subject line shows it
    hint = f"; {archive} does, and was not pushed" if archive else ""
    if archive:
        remedy = Remedy("copy", f"Push it out of {archive} to {copy.place}.")
    elif not copy.is_inside and site.plan.registry is None:
        remedy = Remedy("copy", f"Copy {image.reference} into an archive of the plan while its source can be reached.")
    else:
        remedy = copied_again(site, image.reference, "Copy it while its source can be reached.")
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=image_subject(image),
        parts=(
            Part(f"{holder} {asked}{hint} ({image.absent}).", key=f"{holder}{hint} {image.absent}" if is_own_name else ""),
            Part(
                f'{", ".join(pools)} cannot start its pods: "failed to resolve reference \\"{asked}\\": not found".',
                Role.SYMPTOM,
                f"{', '.join(pools)} cannot start" if is_own_name else "",
            ),
        ),
        facts={"place": copy.place, "pools": pools, "answer": image.absent, "asked": image.source},
        location=copy.kept.need.why[0].location,
        remedy_kind=RemedyKind.COPY_IMAGE,
        remedies=(remedy,),
    )


def _lacking(copies: list[Copy]) -> Iterator[tuple[Descriptor, Absent | Failed | None]]:
    """The blobs of the chosen manifests that were not seen there. Foreign layers have a check of their own."""
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


def _parts(site: Site, image: Image, copies: list[Copy]) -> Outcome | None:
    """What is wrong with the parts of an image whose manifest is there; None when all of them are."""
    lacking = list(_lacking(copies))
    gone = [blob.digest for blob, observed in lacking if isinstance(observed, Absent)]
    place = copies[0].place
    if gone:
        return Finding(
            check=ID,
            severity=Severity.ERROR,
            subject=image_subject(image),
            message=f"{place} is there, but {len(gone)} of its blobs are not, first {gone[0]}: a node resolves the image and "
            'then fails with "could not fetch content descriptor: not found".',
            case="blobs",
            facts={"place": place, "blobs": tuple(gone[:SHOWN]), "count": len(gone)},
            location=copies[0].kept.need.why[0].location,
            remedy_kind=RemedyKind.COPY_IMAGE,
            remedies=(copied_again(site, image.reference, "Copy it again with all its layers."),),
        )
    for blob, observed in lacking:
        failed = observed if isinstance(observed, Failed) else None
        kind, detail = (failed.kind, failed.detail) if failed else (Kind.MISSING_EVIDENCE, "nobody asked")
        trouble = Trouble(kind, f"{place}, blob {blob.digest}: {detail}", failed.faults if failed else ())
        return unknown(ID, image_subject(image), trouble)
    return None


def _outcome(site: Site, image: Image, copies: list[Copy]) -> Outcome | None:
    """What is to be said about one image; None when it is there."""
    if all(copy.kept.standing is Standing.ABSENT for copy in copies):
        return _missing(site, image, copies)
    # What an archive lacks inside itself is `archive-corrupt`.
    parts = _parts(site, image, copies) if copies[0].is_inside else None
    if isinstance(parts, Finding):
        return parts
    for copy in copies:
        if (trouble := copy.kept.resolution.trouble) is not None:
            return unknown(ID, image_subject(image), trouble)
    return parts


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per image. What does not even exist at its source is left to `image-absent`."""
    fine = 0
    for image, copies in copies_by_image(site):
        if all(copy.wanted is not None and copy.wanted.standing is Standing.ABSENT for copy in copies):
            continue
        outcome = _outcome(site, image, copies)
        fine += outcome is None
        if outcome is not None:
            yield outcome
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A needed image was not copied",
    family="images",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPIES),
)
