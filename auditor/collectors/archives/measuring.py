"""Read the bytes of an entry once: digest, compression, and the bytes themselves for a small document."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from typing import Final

from auditor.collectors.archives.ends import HEAD, TAIL, by_ends
from auditor.collectors.archives.expanding import Allowance, Expander, compression_of, expander
from auditor.oci.defects import Defect, Unusable
from auditor.oci.document import MAX_DOCUMENT
from auditor.oci.layouts.entries import Entry, algorithm_for, may_be_document, promised_digest
from auditor.oci.tar import EntryKind
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen

MAX_DOCUMENTS: Final = 256 * 1024 * 1024


class DocumentLimit:
    """The number of document bytes to keep in total. Several threads may share one."""

    def __init__(self, left: int = MAX_DOCUMENTS) -> None:
        self._left = left
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Return whether there is room for this many more bytes, and reserve them."""
        with self._lock:
            fits = count <= self._left
            self._left -= count if fits else 0
            return fits


class Unpacking:
    """The digest of the expanded bytes."""

    def __init__(self, packed: str, allowance: Allowance) -> None:
        self._expander: Expander | None = expander(packed, allowance)
        self._sum = hashlib.sha256()
        self.count = 0
        self.defect: Defect | None = None
        self.why = ""

    def update(self, data: bytes | memoryview) -> None:
        """Add the next bytes. Damage ends the expansion and is recorded."""
        if self._expander is None:
            return
        try:
            for out in self._expander.feed(bytes(data)):
                self._sum.update(out)
                self.count += len(out)
        except Unusable as error:
            self._fail(error)

    def digest(self) -> str:
        """Return the digest. If the data is damaged, return an empty string; `defect` and `why` give the reason."""
        if self._expander is not None:
            try:
                self._expander.finish()
            except Unusable as error:
                self._fail(error)
        return "" if self._expander is None else f"sha256:{self._sum.hexdigest()}"

    def _fail(self, error: Unusable) -> None:
        self._expander = None
        self.defect, self.why = error.defect, f"as a layer: {error.detail}"


class Measuring:
    """Measures the bytes of one file in order. `unpack`: also expand compressed bytes, because nothing else verifies them."""

    def __init__(self, name: str, size: int, budget: DocumentLimit, unpack: Allowance | None = None) -> None:
        self._name = name
        self._size = size
        self._budget = budget
        self._unpack = unpack
        self._algorithm = algorithm_for(name)
        self._sum = hashlib.new(self._algorithm, usedforsecurity=False)
        self._body: bytearray | None = bytearray() if size <= MAX_DOCUMENT else None
        self._unpacking: Unpacking | None = None
        self._packed = ""
        self._start = self._end = b""
        self._seen = 0

    def update(self, data: bytes | memoryview) -> None:
        """Add the next bytes."""
        if not self._seen:
            self._begin(bytes(data[:HEAD]))
        self._seen += len(data)
        self._end = (self._end + bytes(data[-TAIL:]))[-TAIL:]
        self._sum.update(data)
        if self._body is not None:
            self._body += data
        if self._unpacking is not None:
            self._unpacking.update(data)

    def take(self, chunks: Iterable[bytes | memoryview]) -> Measuring:
        """Add all chunks."""
        for chunk in chunks:
            self.update(chunk)
        return self

    def finish(self) -> Entry:
        """Return the entry, without a digest if bytes are missing."""
        if self._seen < self._size:
            return cut_short(self._name, self._size, self._seen)
        digest = f"{self._algorithm}:{self._sum.hexdigest()}"
        body, defect, why = self._kept()
        unpacked = ""
        if self._unpacking is not None:
            unpacked = self._unpacking.digest()
            defect, why = self._unpacking.defect, self._unpacking.why
        told = self._told(is_expanded=bool(unpacked))
        return Entry(
            self._name,
            EntryKind.FILE,
            self._size,
            "",
            digest,
            self._packed,
            unpacked,
            body,
            defect=defect,
            why=why,
            stated_size=told,
        )

    def _begin(self, start: bytes) -> None:
        self._start = start
        self._packed = compression_of(start)
        if not may_be_document(self._name, start):
            self._body = None
        if self._packed and self._unpack is not None:
            self._unpacking = Unpacking(self._packed, self._unpack)

    def _told(self, *, is_expanded: bool) -> UnpackedSeen | None:
        """Return the stated unpacked size; None for a document."""
        if is_expanded and self._unpacking is not None:
            return UnpackedSeen(UnpackedKind.EXPANDED, self._unpacking.count)
        return by_ends(self._start, self._end, self._size) if self._body is None else None

    def _kept(self) -> tuple[bytes | None, Defect | None, str]:
        if self._size > MAX_DOCUMENT:
            return None, Defect.LIMIT, f"{self._size:,} bytes, but a document may have at most {MAX_DOCUMENT:,}"
        if self._body is None:
            return None, None, ""
        if not self._budget.take(len(self._body)):
            return None, Defect.LIMIT, f"the archive has more than {MAX_DOCUMENTS:,} bytes of documents"
        return bytes(self._body), None, ""


def cut_short(name: str, size: int, seen: int) -> Entry:
    """Return the entry for a file with a missing end."""
    why = f"ends after {seen:,} of {size:,} bytes"
    return Entry(name, EntryKind.FILE, size, defect=Defect.TRUNCATED, why=why)


def vouched_by_place(name: str) -> bool:
    """Return whether a file is a blob. Its name is its digest, and its expanded digest is not needed."""
    return "blobs/" in name and bool(promised_digest(name))
