"""Shared by the checks of placements: subjects, and which placements can be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import groupby

from auditor.check import Subject, Undetermined
from auditor.oci.reference import Reference
from auditor.site import Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Image, Placement, Standing, Trouble


def image_subject(image: Image) -> Subject:
    """Return the image as a subject."""
    return _named(image.name)


@lru_cache(maxsize=1 << 17)  # many checks use the same 100,000 images
def _named(name: str) -> Subject:
    return Subject("image", name)


def subject_of(placement: Placement) -> Subject:
    """Return the image, on one platform for one pool, as a subject."""
    return Subject("image", placement.image.name, str(placement.need.platform), placement.pool.name)


def unknown(subject: Subject, trouble: Trouble) -> Undetermined:
    """Return an undetermined outcome with the reason from `trouble`."""
    return Undetermined(subject, trouble.kind, trouble.detail, trouble.faults)


def settled(site: Site, wanted: Callable[[Placement], bool]) -> Iterator[Placement | Undetermined]:
    """Yield the `wanted` placements with a known standing. Unknown ones are undetermined, once per image and reason.

    `image-absent` and `image-missing-in-target` report absent images. Carrier images run on no node and are left out.
    """
    said: set[tuple[str, str]] = set()
    for placement in site.images.placements:
        standing, trouble = placement.resolution.standing, placement.resolution.trouble
        if placement.is_carrier or standing is Standing.ABSENT or not wanted(placement):
            continue
        if standing is not Standing.UNDETERMINED:
            yield placement
        elif trouble is not None and (key := (placement.image.name, trouble.detail)) not in said:
            said.add(key)
            yield unknown(image_subject(placement.image), trouble)


def with_payload(site: Site) -> Iterator[Placement | Undetermined]:
    """Yield the placements with a known manifest, including carrier images.

    A chosen manifest that could not be read is undetermined, and so is a need whose deciding evidence was not collected.
    """
    said: set[tuple[str, str]] = set()
    for placement in site.delivered:
        doubt = site.unknown_deliveries.get(placement.need)
        trouble = doubt or placement.resolution.trouble
        if placement.resolution.payload is not None and doubt is None:
            yield placement
        elif trouble is not None and (key := (placement.image.name, trouble.detail)) not in said:
            said.add(key)
            yield unknown(image_subject(placement.image), trouble)


def copies_by_image(site: Site) -> Iterator[tuple[Image, list[ComparedCopy]]]:
    """Yield the copies of each image, for all pools that need it, in the order of first need."""

    def reference(copy: ComparedCopy) -> Reference:
        return copy.image.reference

    for _, group in groupby(site.copies, reference):
        copies = list(group)
        yield copies[0].image, copies
