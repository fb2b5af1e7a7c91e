"""The view of copies: how each need stands where the nodes will get it from, beside how its source has it.

That place is the registry inside, where it was to be asked; else the plan's archives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.evidence.model import Absent, BlobSeen, Evidence, ImageEvidence, Observation, Seen
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed
from auditor.site import views
from auditor.site.images import Image, Images, Placement
from auditor.site.inside import Inside

if TYPE_CHECKING:
    from auditor.site.archives.finder import Entry
    from auditor.site.archives.view import Archives


@dataclass(frozen=True, slots=True)
class Copy:
    """One need: as its source has it (None when the sources were not asked), and as `place` keeps it.

    `place` names it for people: the image on the registry inside, or the archive. `at` is set for the registry inside, `entry`
    for archives, where one has the image. `evidence` answers for the blobs of that place, under the repository of the source.
    """

    wanted: Placement | None
    kept: Placement
    place: str
    evidence: ImageEvidence
    entry: Entry | None = None
    at: Reference | None = None

    @property
    def is_inside(self) -> bool:
        """Whether the place is the registry inside."""
        return self.at is not None

    @property
    def image(self) -> Image:
        """The image as the place keeps it."""
        return self.kept.image

    @property
    def lacking(self) -> tuple[str, ...]:
        """The config and layers of the kept manifest that were not observed at the place. Empty without a manifest."""
        payload = self.kept.resolution.payload
        if payload is None or payload.config is None:
            return ()
        blobs = dict.fromkeys((payload.config.digest, *(layer.digest for layer in payload.layers)))
        return tuple(digest for digest in blobs if not isinstance(self.blob(digest), Seen))

    @property
    def is_complete(self) -> bool:
        """Whether the place was observed to have a manifest for the pool, and every blob that the manifest names."""
        resolution = self.kept.resolution
        return resolution.payload is not None and resolution.trouble is None and not self.lacking

    @property
    def doubt(self) -> str:
        """Why it is unknown whether the image is complete; empty if it is, or if a blob is known to be absent."""
        trouble = self.kept.resolution.trouble
        if trouble is not None:
            return f"{self.place}: {trouble.detail}"
        lacking = self.lacking
        if not lacking or any(isinstance(self.blob(digest), Absent) for digest in lacking):
            return ""
        return f"{self.place}: blob {lacking[0]} was not observed"

    def blob(self, digest: str) -> Observation[BlobSeen] | None:
        """Whether the place has the blob, or the manifest."""
        return self.evidence.blob(self.kept.image.reference.repository, digest)


def copies_inside(plan: Plan, evidence: Evidence, target: Images, source: Images | None) -> Iterator[Copy]:
    """Every need on the registry inside, in the order of the needs."""
    assert plan.registry is not None  # noqa: S101 - there is no target without a registry
    inside = Inside(evidence, plan.registry)
    for wanted, kept in _beside(source, target.placements):
        at = placed(plan.registry, kept.image.reference)
        yield Copy(wanted, kept, str(at), inside, at=at)


def copies_in_archives(evidence: Evidence, archives: Archives, source: Images | None) -> Iterator[Copy]:
    """Every need in the archives, in the order of the needs."""
    nowhere = views.InNone(None)
    for (wanted, kept), held in zip(_beside(source, (held.placement for held in archives.held)), archives.held, strict=True):
        entry = held.entry
        if entry is None:
            yield Copy(wanted, kept, "the archives", nowhere)
        else:
            found = views.InArchive(evidence, entry.archive, {kept.image.name: entry.root})
            yield Copy(wanted, kept, entry.archive.path, found, entry)


def _beside(source: Images | None, kept: Iterable[Placement]) -> Iterator[tuple[Placement | None, Placement]]:
    """The placements of two places, which follow the same needs."""
    if source is None:
        yield from ((None, placement) for placement in kept)
    else:
        yield from zip(source.placements, kept, strict=True)
