"""Evidence from one archive, and evidence for images that no archive holds."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.evidence.model import Absent, BlobSeen, Content, Failed, ImageEvidence, Kind, Observation, Seen, TagSeen
from auditor.oci.archive import ArchivedImage, Inventory


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of the plan that was read: its path relative to the plan, and the time of reading."""

    path: str
    inventory: Inventory
    at: datetime.datetime


class InArchive:
    """Implements ImageEvidence for the roots that match images of the plan, with the content of the archive."""

    def __init__(self, evidence: ImageEvidence, archive: Archive, roots: Mapping[str, ArchivedImage]) -> None:
        """`roots` maps references, as their source names them, to roots."""
        self._evidence = evidence
        self._archive = archive
        self._roots = roots
        self._derived = {root.digest for root in roots.values() if root.derived}

    def tag(self, reference: str) -> Observation[TagSeen]:
        """See ImageEvidence."""
        root = self._roots.get(reference)
        if root is None:
            return self._lacking()
        return Seen(TagSeen(root.digest, root.media_type, root.size), self._archive.at, self._archive.path)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """See ImageEvidence."""
        if digest in self._archive.inventory.blobs or digest in self._derived:
            return self._evidence.content(repository, digest)
        return self._lacking()

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen]:
        """See ImageEvidence."""
        del repository
        size = self._archive.inventory.blobs.get(digest)
        return self._lacking() if size is None else Seen(BlobSeen(size), self._archive.at, self._archive.path)

    def _lacking(self) -> Absent:
        return Absent("it is missing in the archive", self._archive.at, self._archive.path)


@dataclass(frozen=True, slots=True)
class InNone:
    """Implements ImageEvidence for images in no archive. They are unknown if an archive could not be read or none was."""

    at: datetime.datetime | None
    unread: str = ""
    kind: Kind = Kind.MISSING_EVIDENCE

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See ImageEvidence."""
        del reference
        if self.at is None:
            return None
        if self.unread:
            return Failed(self.kind, self.unread, self.at, "archives")
        return Absent("it is missing in all archives of the plan", self.at, "archives")

    def content(self, repository: str, digest: str) -> None:
        """See ImageEvidence."""

    def blob(self, repository: str, digest: str) -> None:
        """See ImageEvidence."""
