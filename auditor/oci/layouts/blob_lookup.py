"""Blobs by digest: find them by the rules of a format and verify their size and digest."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from auditor.oci.defects import Defect, Unusable
from auditor.oci.document import Descriptor
from auditor.oci.layouts.entries import Entry, promised_digest
from auditor.oci.layouts.entry_index import EntryIndex
from auditor.oci.layouts.findings import Findings
from auditor.oci.reference import is_digest
from auditor.oci.tar import EntryKind

UNKNOWN_SIZE = -1  # schema 1 manifests do not state sizes


class StoredDocument(NamedTuple):
    """A verified index, manifest or config."""

    media_type: str
    body: bytes


class Blobs:
    """The blobs of an archive. `place` returns the entry names under which a format may store a digest.

    `sizes` and `documents` collect the verified blobs.
    """

    def __init__(self, contents: EntryIndex, findings: Findings, place: Callable[[str], tuple[str, ...]]) -> None:
        self._contents = contents
        self._findings = findings
        self._place = place
        self.sizes: dict[str, int] = {}
        self.documents: dict[str, StoredDocument] = {}

    def name_of(self, digest: str) -> str:
        """Return the entry name under which a digest is stored or expected."""
        names = self._place(digest)
        return next((name for name in names if self._contents.has(name)), names[0])

    def has(self, digest: str) -> bool:
        """Return whether an entry exists at the digest's location."""
        return is_digest(digest) and (digest in self.sizes or self._reachable(digest))

    def check(self, descriptor: Descriptor, image: str) -> Entry | None:
        """Return the verified blob of a descriptor. Otherwise record a problem and return None."""
        digest = descriptor.digest
        if not is_digest(digest):
            return None  # the reader of the descriptor has reported it
        name = self.name_of(digest)
        try:
            entry = self._contents.find(name)
        except Unusable as error:
            self._findings.add_unusable(error, image)
            return None
        if entry.digest != digest:
            self._findings.add(name, Defect.DIGEST, f"hashes to {entry.digest}", image)
            return None
        self.check_size(descriptor, entry, image)
        self.sizes[digest] = entry.size
        return entry

    def check_size(self, descriptor: Descriptor, entry: Entry, image: str) -> None:
        """Compare the size in a descriptor with the stored size."""
        if descriptor.size not in {entry.size, UNKNOWN_SIZE}:
            detail = f"has {entry.size:,} bytes, its descriptor states {descriptor.size:,}"
            self._findings.add(self.name_of(descriptor.digest), Defect.SIZE, detail, image)

    def verify_names(self, prefix: str) -> None:
        """Verify every file that has a digest in its name, including files that nothing refers to."""
        for name, entry in self._contents.entries.items():
            promised = promised_digest(name) if name.startswith(prefix) and entry.kind is EntryKind.FILE else ""
            if not promised or not entry.digest:
                continue
            if entry.digest == promised:
                self.sizes[promised] = entry.size
            else:
                self._findings.add(name, Defect.DIGEST, f"hashes to {entry.digest}")

    def keep(self, digest: str, media_type: str, body: bytes) -> None:
        """Store a document."""
        self.documents.setdefault(digest, StoredDocument(media_type, body))

    def _reachable(self, digest: str) -> bool:
        try:
            self._contents.find(self.name_of(digest))
        except Unusable as error:
            return error.defect is not Defect.MISSING
        return True
