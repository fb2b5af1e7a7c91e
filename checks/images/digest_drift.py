"""## What it checks
All digests of one image agree: the digest that its tag points to now, the digest in a list or a lock file, and the digests in
the archives and on the internal registry.

## Why it matters
If a tag has moved since the copy, production runs another image than the one that was tested. Two nodes can run two versions
with the same name. A digest that no longer exists cannot be pulled: `not found`.

## How to fix
Choose the right digest, pin the list to it, and copy the image again.

## When it is undetermined
The tag, or a manifest that a pool needs, could not be observed at its source or in the copy. Some tools rewrite the manifest.
The copy then has another digest and the same config, which is not reported. A conversion from Docker's format to OCI is not
reported either: it writes a new config for the same layers. A change of only the config is not found in that case.

## References
OCI distribution-spec, "Pulling manifests"; hauler-dev/hauler#779 (digests that do not survive a mirror).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, define
from auditor.errors import Location
from auditor.oci.document import Descriptor, Index
from auditor.oci.reference import Reference
from auditor.site import Requirement, Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Image, Trouble
from auditor.text import short_digest
from checks._shared.placed import copies_by_image, image_subject, unknown


def _finding(image: Image, ours: str, other: str, where: str, location: Location | None, message: str) -> Finding:
    repository = image.reference.repository
    return Finding(
        subject=image_subject(image),
        message=message,
        case=where,
        facts={"at_source": ours, "elsewhere": other, "where": where},
        location=location,
        remedies=(
            Remedy("edit", f"Pin the image to the right digest: {repository}@{other}, or {repository}@{ours}."),
            Remedy("copy", "Then copy that image again."),
        ),
    )


def _belongs(image: Image, digest: str) -> bool:
    """Whether `digest` is the digest of the image, or of one of its platforms, which some lists contain instead."""
    if digest == image.digest:
        return True
    return isinstance(image.document, Index) and any(entry.digest == digest for entry in image.document.manifests)


def _listed(site: Site) -> dict[Reference, list[tuple[str, Location]]]:
    """Return the digests from lists and lock files for references without a digest."""
    found: dict[Reference, list[tuple[str, Location]]] = {}
    for line in site.needs.lines:
        if line.reference is not None and line.digest and not line.reference.digest:
            found.setdefault(line.reference, []).append((line.digest, line.location))
    return found


def _against_lists(image: Image, listed: list[tuple[str, Location]]) -> Iterator[Finding]:
    said: set[str] = set()
    for digest, location in listed:
        if not _belongs(image, digest) and digest not in said:
            said.add(digest)
            message = f"{location} has {image.reference} with {digest}, but the tag has moved. It now points to {image.digest}."
            yield _finding(image, image.digest, digest, "list", location, message)


def _other_config(copy: ComparedCopy) -> tuple[str, str] | None:
    """Return the config digests of the source and of the copy for a pool, if they are different images, else None.

    A tool that converts Docker's format to OCI writes a new config for the same layers: that is the same image.
    """
    wanted = copy.wanted.resolution.payload if copy.wanted is not None else None
    kept = copy.kept.resolution.payload
    if wanted is None or kept is None or wanted.config is None or kept.config is None:
        return None
    one, other = wanted.config, kept.config
    is_converted = one.media_type != other.media_type and _digests(wanted.layers) == _digests(kept.layers)
    return None if one.digest == other.digest or is_converted else (one.digest, other.digest)


def _digests(layers: tuple[Descriptor, ...]) -> list[str]:
    return [layer.digest for layer in layers]


def _against_copy(copies: list[ComparedCopy]) -> Finding | None:
    """Return a finding if a pool gets another image from the copy than from the source, else None."""
    for copy in copies:
        configs = _other_config(copy)
        if copy.wanted is None or configs is None:
            continue
        if copy.wanted.resolution.choice.os_version != copy.kept.resolution.choice.os_version:
            continue  # the copy lacks the build of the source: `platform-dropped` reports it
        source, kept, need = copy.wanted.image, copy.image, copy.kept.need
        message = (
            f"{copy.place} has another image for {need.pool} than {source.reference} has now "
            f"(config {short_digest(configs[1])} instead of {short_digest(configs[0])}). "
            "The tag has moved since the copy, or another image was copied."
        )
        where = copy.place if copy.is_inside else "archives"
        return _finding(source, source.digest, kept.digest, where, need.why[0].location, message)
    return None


def _trouble(copy: ComparedCopy) -> Trouble | None:
    """Return why the two cannot be compared: a manifest of the copy or of the source was not read."""
    return copy.kept.resolution.trouble or (copy.wanted.resolution.trouble if copy.wanted is not None else None)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per image and per place with another digest."""
    listed = _listed(site)
    # `archive-name-conflict` reports two images with one name.
    archives = site.archives
    conflicts = archives.conflicts if archives is not None else ()
    open_ = {conflict.name for conflict in conflicts if conflict.platform or not conflict.is_known}
    is_open = archives is not None and bool(archives.unread)  # an unread archive may contain any image
    copies = {
        image.reference: [copy for copy in group if copy.is_inside or not (is_open or image.name in open_)]
        for image, group in copies_by_image(site)
    }
    for image in site.source.images.values() if site.source is not None else ():
        beside, group = listed.get(image.reference, []), copies.get(image.reference, [])
        if not beside and not group:
            continue
        if image.trouble is not None:
            yield unknown(image_subject(image), image.trouble)
            continue
        found = list(_against_lists(image, beside)) if image.digest else []
        found += [drift] if (drift := _against_copy(group)) is not None else []
        yield from found
        unobserved = next((trouble for copy in group if (trouble := _trouble(copy)) is not None), None)
        if unobserved is not None and not found:
            yield unknown(image_subject(image), unobserved)
        if not found and unobserved is None:
            yield PASSED


CHECK = define(
    run,
    title="Digests of one image differ",
    holds="Each image has one digest",
    area=Area.COPIES,
    severity=Severity.WARNING,
    requires=(Requirement.IMAGES, Requirement.SOURCE),
)
