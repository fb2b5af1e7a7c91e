"""One image of a registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from auditor.cli.inputs import opened
from auditor.cli.inspecting.rows import GUESS, Placed, Row, plan_for, platforms_in, rows_of, table, together
from auditor.collectors.collect import CollectOptions, collect
from auditor.collectors.registry.retries import Retries
from auditor.errors import AuditorError, UsageError
from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.oci.unpacked import UnpackedSeen
from auditor.policy.judge import EXIT_UNDETERMINED
from auditor.site import Site
from auditor.site.images import Image
from auditor.text import format_size, shown
from reports.cleaning import clean


class Unknown(AuditorError):
    """What was asked for could not be observed: undetermined, and no fault of the auditor."""

    exit_code = EXIT_UNDETERMINED


def show_image(reference: str, evidence: Path | None, ca: bytes, timeout: float, *, as_json: bool) -> str:
    """Return what is to be printed. `timeout` (seconds) is how long a registry may be silent.

    Raises UsageError when there is no such image, Unknown when it could not be observed.
    """
    try:
        wanted = parse_reference(reference)
    except InvalidReference as error:
        raise UsageError(
            f"{shown(reference)} is no image reference, and no file or folder: {error}",
            "Name an image, or an archive of images.",
        ) from error
    with opened(evidence) as store:
        site = _survey(
            wanted, store, CollectOptions(unpacked=True, ca=ca, retries=Retries.within(timeout)), connected=evidence is None
        )
        image = site.images.images[wanted]
        (rows,) = rows_of([Placed("", site.images.placements, store, lambda digest: _told(store, digest))])
    if problem := _problem(image):
        raise problem
    if as_json:
        document = {"reference": str(wanted), "digest": image.digest, "platforms": [asdict(row) for row in rows]}
        return json.dumps(document, indent=2)
    return "\n".join(_text(image, site, rows))


def _survey(reference: Reference, store: Store, options: CollectOptions, *, connected: bool) -> Site:
    """First the index, then each platform that it names: the store keeps what both need."""
    platforms = [GUESS]
    for _ in range(2):
        plan, needs = plan_for(reference, platforms)
        if connected:
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
        return UsageError(f"{image.reference} does not exist: {image.absent}", f"{image.source} was asked.")
    if image.trouble is not None:
        return Unknown(f"{image.reference}: {image.trouble.kind.value}: {image.trouble.detail}", f"Asked: {image.source}")
    return None


def _text(image: Image, site: Site, rows: tuple[Row, ...]) -> Iterator[str]:
    yield f"{image.reference}"
    yield f"digest    {clean(image.digest)}"
    yield f"source    {clean(image.source)}"
    yield table(rows, "compressed")
    total = format_size(together(site.images.placements).bytes)
    yield f"all platforms together: {total} compressed, each blob once (derived from the manifests)"
