"""The view of copies: each need at the location that serves the nodes, next to the state at its source.

That location is the internal registry if it was requested, otherwise the plan's archives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.evidence.model import Absent, BlobSeen, Evidence, ImageEvidence, Observation, Seen
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed
from auditor.site.archives.evidence import InArchive, InNone
from auditor.site.images import Image, Images, Placement
from auditor.site.inside import InternalEvidence

if TYPE_CHECKING:
    from auditor.site.archives.finder import ArchivedRoot
    from auditor.site.archives.view import Archives


@dataclass(frozen=True, slots=True)
class ComparedCopy:
    """One need: at its source (None if the sources were not requested), and at `place`.

    `place` is the name for messages: the image on the internal registry, or the archive. `at` is set for the internal registry,
    `entry` for an archive that has the image. `evidence` answers for the blobs at that location, under the repository of the
    source.
    """

    wanted: Placement | None
    kept: Placement
    place: str
    evidence: ImageEvidence
    entry: ArchivedRoot | None = None
    at: Reference | None = None

    @property
    def is_inside(self) -> bool:
        """Return whether the location is the internal registry."""
        return self.at is not None

    @property
    def image(self) -> Image:
        """Return the image at the location."""
        return self.kept.image

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the config and layers of the kept manifest not observed at the location. Empty without a manifest."""
        payload = self.kept.resolution.payload
        if payload is None or payload.config is None:
            return ()
        blobs = dict.fromkeys((payload.config.digest, *(layer.digest for layer in payload.layers)))
        return tuple(digest for digest in blobs if not isinstance(self.blob(digest), Seen))

    @property
    def is_complete(self) -> bool:
        """Return whether the location was observed to have a manifest for the pool, and every blob of that manifest."""
        resolution = self.kept.resolution
        return resolution.payload is not None and resolution.trouble is None and not self.lacking

    @property
    def doubt(self) -> str:
        """Return why it is unknown whether the image is complete; empty if complete, or if a blob is known to be missing."""
        trouble = self.kept.resolution.trouble
        if trouble is not None:
            return f"{self.place}: {trouble.detail}"
        lacking = self.lacking
        if not lacking or any(isinstance(self.blob(digest), Absent) for digest in lacking):
            return ""
        return f"{self.place}: blob {lacking[0]} was not observed"

    def blob(self, digest: str) -> Observation[BlobSeen] | None:
        """Return whether the location has the blob or manifest."""
        return self.evidence.blob(self.kept.image.reference.repository, digest)


def copies_inside(plan: Plan, evidence: Evidence, target: Images, source: Images | None) -> Iterator[ComparedCopy]:
    """Yield every need on the internal registry, in the order of the needs."""
    assert plan.registry is not None  # noqa: S101 - there is no target without a registry
    inside = InternalEvidence(evidence, plan.registry)
    for wanted, kept in _beside(source, target.placements):
        at = placed(plan.registry, kept.image.reference)
        yield ComparedCopy(wanted, kept, str(at), inside, at=at)


def copies_in_archives(evidence: Evidence, archives: Archives, source: Images | None) -> Iterator[ComparedCopy]:
    """Yield every need in the archives, in the order of the needs."""
    nowhere = InNone(None)
    for (wanted, kept), held in zip(_beside(source, (held.placement for held in archives.held)), archives.held, strict=True):
        entry = held.entry
        if entry is None:
            yield ComparedCopy(wanted, kept, "the archives", nowhere)
        else:
            found = InArchive(evidence, entry.archive, {kept.image.name: entry.root})
            yield ComparedCopy(wanted, kept, entry.archive.path, found, entry)


def _beside(source: Images | None, kept: Iterable[Placement]) -> Iterator[tuple[Placement | None, Placement]]:
    """Pair the placements of two locations, which follow the same needs."""
    if source is None:
        yield from ((None, placement) for placement in kept)
    else:
        yield from zip(source.placements, kept, strict=True)
