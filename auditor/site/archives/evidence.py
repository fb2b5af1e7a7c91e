"""Evidence as one archive gives it, and as none does."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.evidence.model import Absent, BlobSeen, Content, Failed, ImageEvidence, Kind, Observation, Seen, TagSeen
from auditor.oci.archive import ArchivedImage, Inventory


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of the plan that could be read: its path relative to the plan, and when it was."""

    path: str
    inventory: Inventory
    at: datetime.datetime


class InArchive:
    """Reads as ImageEvidence: the roots that were found to be images of the plan, and what the archive has of them."""

    def __init__(self, evidence: ImageEvidence, archive: Archive, roots: Mapping[str, ArchivedImage]) -> None:
        """`roots` by the reference, as its source names it."""
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
        return Absent("the archive does not have it", self._archive.at, self._archive.path)


@dataclass(frozen=True, slots=True)
class InNone:
    """Reads as ImageEvidence: what no archive has. Where one could not be read, it might; where none was, nothing is known."""

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
        return Absent("no archive of the plan has it", self.at, "archives")

    def content(self, repository: str, digest: str) -> None:
        """See ImageEvidence."""

    def blob(self, repository: str, digest: str) -> None:
        """See ImageEvidence."""
