"""## What it checks
Every image that an archive holds has a name there that nodes ask for: the reference as lists and workloads write it, or
the one on the registry inside, after the plan's rewrites.

## Why it matters
A runtime imports an image under the name that the archive gives, and starts pods under the name that they ask for. Where the
two differ the image is there and yet `ImagePullBackOff`: with no way out, the pull of the other name fails.

## How to fix
Write the archive anew from references with tags, or name the image when it is loaded.

## When it cannot tell
An archive could not be read; or it holds an image without a name or under another name, and the source that would tell
which image that is was not observed. An image that no archive has is `image-missing-in-target`.

## References
rancher/rke2#11010 (`i-was-a-digest`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import Area, Finding, Fine, Outcome, Remedy, RemedyKind, Severity, Subject, Undetermined, define
from auditor.oci.reference import Reference
from auditor.plan.rewrites import placed
from auditor.site import Requirement, Site
from auditor.site.archives.finder import Entry, Found
from auditor.site.archives.view import Archives
from auditor.site.images import Image
from checks.affected import not_held, waits_for_copy
from checks.placed import image_subject, unknown

ID = "archive-name-mismatch"


def _remedies(site: Site, reference: Reference, entry: Entry) -> tuple[Remedy, ...]:
    target = placed(site.plan.registry, reference) if site.plan.registry is not None else None
    wrong = next(iter(entry.root.names), "")
    remedies = []
    if target is not None:
        remedies.append(Remedy("copy", f"Name it when it is pushed: {target}."))
    if wrong:
        remedies.append(Remedy("command", f"Or name it on each node once imported: ctr -n k8s.io images tag NAME {reference}."))
    return (*remedies, Remedy("copy", f"Or write {entry.archive.path} anew from {reference}."))


def _finding(site: Site, image: Image, entry: Entry) -> Finding:
    names = entry.root.names
    named = f"as {', '.join(names)}" if names else "without any name"
    asked = image.name
    effect = (
        "an import gives it that name, and a pod that asks for the other one does not find it"
        if names
        else "an import cannot name it, and a push must be told its name"
    )
    fails = (names or site.plan.registry is None) and waits_for_copy(site, asked)
    return Finding(
        check=ID,
        severity=Severity.ERROR if fails else Severity.WARNING,
        subject=image_subject(image),
        message=f"{entry.archive.path} has {asked} {named}: {effect}. The pod would end in ImagePullBackOff.",
        case=entry.archive.path,
        facts={
            "archive": entry.archive.path,
            "names": names,
            "digest": entry.root.digest,
            "field": entry.root.name_source,
        },
        location=image.why[0].location if image.why else None,
        remedy_kind=RemedyKind.COPY_AGAIN,
        remedies=_remedies(site, image.reference, entry),
    )


def _doubts(archives: Archives) -> Iterator[Undetermined]:
    """Images that no archive is known to hold, while one of them may."""
    said: set[str] = set()
    for held in archives.held:
        image, trouble = held.placement.image, held.placement.resolution.trouble
        if held.entry is None and trouble is not None and image.name not in said:
            said.add(image.name)
            yield unknown(ID, image_subject(image), trouble)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per image that an archive holds. Where one archive names it rightly, another may not."""
    if site.archives is None:
        return
    for path, trouble in site.archives.unread.items():
        yield replace(unknown(ID, Subject("archive", path), trouble), affects=not_held(site, (path,)))
    fine = 0
    images = site.archives.images().images
    for reference, entries in site.archives.entries.items():
        if any(entry.found is Found.BY_NAME for entry in entries):
            fine += 1
        elif reference in images:
            yield _finding(site, images[reference], entries[0])
    yield from _doubts(site.archives) if not site.archives.unread else ()
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="An archive names an image as no node asks for it",
    family="images",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.ARCHIVES),
)
