"""## What it checks
Every image in an archive has a name that nodes pull: the reference in the lists and workloads, or the name on the internal
registry after the plan's rewrites.

## Why it matters
A runtime imports an image with the name in the archive, and starts pods with the name in the workload. If the names differ,
the image is on the node but the pod stays in `ImagePullBackOff`, because the other name cannot be pulled offline.

## How to fix
Write the archive again from references with tags, or set the name when the image is loaded.

## When it is undetermined
An archive could not be read. Or it contains an image without a name or with another name, and the source that identifies the
image was not observed. An image that is in no archive is reported by `image-missing-in-target`.

## References
rancher/rke2#11010 (`i-was-a-digest`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, RemedyKind, Severity, Subject, Undetermined, define
from auditor.oci.reference import Reference
from auditor.plan.rewrites import placed
from auditor.site import Requirement, Site
from auditor.site.archives.finder import ArchivedRoot, MatchedBy
from auditor.site.archives.view import Archives
from auditor.site.images import Image
from checks._shared.affected import not_held, waits_for_copy
from checks._shared.placed import image_subject, unknown


def _remedies(site: Site, reference: Reference, entry: ArchivedRoot) -> tuple[Remedy, ...]:
    target = placed(site.plan.registry, reference) if site.plan.registry is not None else None
    wrong = next(iter(entry.root.names), "")
    remedies = [Remedy("copy", f"Write {entry.archive.path} again from {reference}.")]
    if wrong:
        remedies.insert(0, Remedy("command", f"Tag it on each node after import: ctr -n k8s.io images tag NAME {reference}."))
    if target is not None:
        remedies.insert(0, Remedy("copy", f"Push it with the name {target}."))
    return tuple(remedies)


def _finding(site: Site, image: Image, entry: ArchivedRoot) -> Finding:
    names = entry.root.names
    named = f"as {', '.join(names)}" if names else "without a name"
    asked = image.name
    effect = (
        "The import uses that name, so the pod does not find the image and stays in ImagePullBackOff"
        if names
        else "The import cannot name it, and a push needs an explicit name. Otherwise, the pod stays in ImagePullBackOff"
    )
    fails = (names or site.plan.registry is None) and waits_for_copy(site, asked)
    return Finding(
        severity=Severity.ERROR if fails else Severity.WARNING,
        subject=image_subject(image),
        message=f"{entry.archive.path} contains {asked} {named}. {effect}.",
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
    """Yield the images that may be in an archive but were not found in one."""
    said: set[str] = set()
    for held in archives.held:
        image, trouble = held.placement.image, held.placement.resolution.trouble
        if held.entry is None and trouble is not None and image.name not in said:
            said.add(image.name)
            yield unknown(image_subject(image), trouble)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image in an archive. It passes if one archive has the right name."""
    if site.archives is None:
        return
    for path, trouble in site.archives.unread.items():
        yield replace(unknown(Subject("archive", path), trouble), affects=not_held(site, (path,)))
    images = site.archives.images().images
    for reference, entries in site.archives.entries.items():
        if any(entry.found is MatchedBy.BY_NAME for entry in entries):
            yield PASSED
        elif reference in images:
            yield _finding(site, images[reference], entries[0])
    yield from _doubts(site.archives) if not site.archives.unread else ()


CHECK = define(
    run,
    title="Image name in archive differs from the pulled name",
    holds="Archives have the names that nodes pull",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.ARCHIVES),
)
