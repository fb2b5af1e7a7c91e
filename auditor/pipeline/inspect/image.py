"""Observe one image of a registry, platform by platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor.collectors.collect import CollectOptions, collect
from auditor.collectors.registry.retries import Retries
from auditor.errors import AuditorError, NotObserved, UsageError
from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.oci.unpacked import UnpackedSeen
from auditor.pipeline.inspect.rows import GUESS, Placed, PlatformRow, plan_for, platforms_in, rows_of, together
from auditor.pipeline.settings import TIMEOUT
from auditor.pipeline.site_building import opened
from auditor.site import Site
from auditor.site.images import Image
from auditor.text import shown


@dataclass(frozen=True, slots=True)
class InspectedImage:
    """One image. `bytes` is the compressed size of all platforms, each blob counted once."""

    reference: Reference
    digest: str
    source: str
    rows: tuple[PlatformRow, ...]
    bytes: int


def inspect_image(reference: str, evidence: Path | None = None, *, ca: bytes = b"", timeout: float = TIMEOUT) -> InspectedImage:
    """Resolve an image in `evidence`, or request it from its registry, which may be silent for `timeout` seconds.

    Raises UsageError if the image does not exist, and NotObserved if that is unknown.
    """
    try:
        wanted = parse_reference(reference)
    except InvalidReference as error:
        raise UsageError(
            f"{shown(reference)} is no image reference, and no file or folder: {error}",
            "Name an image, or an archive of images.",
        ) from error
    options = CollectOptions(unpacked=True, ca=ca, retries=Retries.within(timeout)) if evidence is None else None
    with opened(evidence) as store:
        site = _survey(wanted, store, options)
        image = site.images.images[wanted]
        (rows,) = rows_of([Placed("", site.images.placements, store, lambda digest: _told(store, digest))])
    if problem := _problem(image):
        raise problem
    return InspectedImage(wanted, image.digest, image.source, rows, together(site.images.placements).bytes)


def _survey(reference: Reference, store: Store, options: CollectOptions | None) -> Site:
    """Collect the index first, then each platform that it names. Without `options`, `store` is used as it is."""
    platforms = [GUESS]
    for _ in range(2):
        plan, needs = plan_for(reference, platforms)
        if options is not None:
            collect(plan, needs, store, options)
        site = Site(plan, needs, store)
        platforms = platforms_in(site.images.images[reference].document, store, reference.repository) or platforms
    plan, needs = plan_for(reference, platforms)
    return Site(plan, needs, store)


def _told(store: Store, digest: str) -> UnpackedSeen | None:
    seen = store.unpacked(digest)
    return seen.value if isinstance(seen, Seen) else None


def _problem(image: Image) -> AuditorError | None:
    if image.absent:
        return UsageError(f"{image.reference} does not exist: {image.absent}", f"Requested from {image.source}.")
    if image.trouble is not None:
        summary = f"{image.reference}: {image.trouble.kind.value}: {image.trouble.detail}"
        return NotObserved(summary, f"Requested from {image.source}.")
    return None
