"""Match the images of a plan with the roots of its archives.

A root matches by the name at the source or on the internal registry. If the archive lost the name, it matches by content: the
digest at the source, one of its platforms, or the config of one.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.evidence.model import ImageEvidence, Seen
from auditor.oci.archive import ArchivedImage
from auditor.oci.document import Index, MalformedDocument, Manifest, parse_document
from auditor.oci.reference import Reference, spelt
from auditor.plan.model import Registry
from auditor.plan.rewrites import placed
from auditor.site.archives.evidence import Archive, InArchive
from auditor.site.images import Images


class MatchedBy(enum.IntEnum):
    """How an image was found in an archive, most certain first."""

    BY_NAME = 0
    BY_DIGEST = 1  # the root is the target of the reference
    BY_PART = 2  # the root, or its config, is one platform of the image


@dataclass(frozen=True, slots=True)
class ArchivedRoot:
    """One root of an archive that holds an image of the plan."""

    archive: Archive
    root: ArchivedImage
    found: MatchedBy


_Meant = dict[str, dict[tuple[Reference, MatchedBy], None]]


def entries_in(
    archives: Iterable[Archive],
    references: Iterable[Reference],
    registry: Registry | None,
    source: Images | None,
    evidence: ImageEvidence,
) -> dict[Reference, tuple[ArchivedRoot, ...]]:
    """Return every archive entry that holds one of the images, most certain first. `source` is the state at the sources."""
    references = tuple(references)
    names = asked_names(references, registry)
    digests = _digests(references, source)
    found: dict[Reference, dict[tuple[str, str], ArchivedRoot]] = {}
    for archive in archives:
        for root in archive.inventory.images:
            for reference, how in _meant(archive, root, names, digests, evidence):
                entries = found.setdefault(reference, {})
                key = (archive.path, root.digest)
                if key not in entries or how < entries[key].found:
                    entries[key] = ArchivedRoot(archive, root, how)
    return {reference: tuple(sorted(found[reference].values(), key=_surest_first)) for reference in found}


def _surest_first(entry: ArchivedRoot) -> int:
    return entry.found


def _meant(
    archive: Archive, root: ArchivedImage, names: _Meant, digests: _Meant, evidence: ImageEvidence
) -> Iterator[tuple[Reference, MatchedBy]]:
    """Yield the images that a root matches."""
    is_named = False
    for name in root.names:
        for meant in names.get(spelt(name), ()):
            is_named = True
            yield meant
    yield from digests.get(root.digest, ())
    # A copy may convert the manifest and change its digest, but it keeps the config.
    if not is_named and digests and (config := _config(archive, root, evidence)):
        yield from digests.get(config, ())


def _config(archive: Archive, root: ArchivedImage, evidence: ImageEvidence) -> str:
    match InArchive(evidence, archive, {"": root}).content("", root.digest):
        case Seen(content):
            try:
                document = parse_document(content.body, content.media_type)
            except MalformedDocument:
                return ""
            return document.config.digest if isinstance(document, Manifest) else ""
        case _:
            return ""


def asked_names(references: Iterable[Reference], registry: Registry | None) -> _Meant:
    """Return the images by each of their names: at the source and on the internal registry, with tag, digest or both."""
    found: _Meant = {}
    for reference in references:
        places = [reference, placed(registry, reference)] if registry is not None else [reference]
        for place in places:
            names = [str(place)]
            if place.tag and place.digest:
                names += [f"{place.repository}:{place.tag}", f"{place.repository}@{place.digest}"]
            for name in names:
                found.setdefault(name, {})[reference, MatchedBy.BY_NAME] = None
    return found


def _digests(references: Iterable[Reference], source: Images | None) -> _Meant:
    """Return the digests that identify each image: the target of its reference, its platforms, and their configs."""
    found: _Meant = {}
    for reference in references:
        if reference.digest:
            found.setdefault(reference.digest, {})[reference, MatchedBy.BY_DIGEST] = None
    for reference, image in source.images.items() if source is not None else ():
        if image.digest:
            found.setdefault(image.digest, {})[reference, MatchedBy.BY_DIGEST] = None
        if isinstance(image.document, Index):
            for entry in image.document.manifests:
                if not entry.is_attestation:
                    found.setdefault(entry.digest, {})[reference, MatchedBy.BY_PART] = None
    for placement in source.placements if source is not None else ():
        payload = placement.resolution.payload
        if payload is not None and payload.config is not None:
            found.setdefault(payload.config.digest, {})[placement.image.reference, MatchedBy.BY_PART] = None
    return found
