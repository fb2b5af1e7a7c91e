"""Evidence in one SQLite file: the collectors write it, all later steps read it.

A document is stored under its digest and verified against it on each write and read. Rows are committed every few hundred, so a
crash costs little, and another collection fills the gap.
"""

from __future__ import annotations

import datetime
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import msgspec

from auditor.errors import EvidenceError, InternalError
from auditor.evidence.blobs import BlobTable
from auditor.evidence.model import (
    MAX_FETCHED,
    Absent,
    ArchiveSeen,
    ChainSeen,
    Content,
    Failed,
    Fetched,
    Kind,
    Observation,
    Seen,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.seal import DAMAGED
from auditor.evidence.sqlite_rows import (
    ABSENT,
    SEEN,
    as_bytes,
    as_handshakes,
    as_names,
    as_size,
    as_text,
    handshakes_text,
    to_columns,
    to_observation,
    to_text,
    to_time,
)
from auditor.evidence.tally import Tally, tallied
from auditor.oci.unpacked import AllUnpacked, UnpackedKind, UnpackedSeen

MAX_DOCUMENT: Final = 4 * 1024 * 1024
MAX_CERTIFICATES: Final = 64
MAX_CERTIFICATE_BYTES: Final = 1024 * 1024
MAX_FILES: Final = 20_000
MAX_ARCHIVES: Final = 2_000
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
_DOCUMENT: Final = "SELECT digest, media_type, body, at, source, rowid FROM document WHERE digest = ?"
# There may be hundreds of thousands of these, so SQLite checks them. An invalid digest is never queried.
_IS_TRAILER: Final = f"kind = '{UnpackedKind.GZIP_TRAILER}' AND typeof(value) = 'integer' AND value >= 0"
_TRAILERS: Final = f"SELECT digest, value FROM unpacked WHERE outcome = '{SEEN}' AND {_IS_TRAILER}"  # noqa: S608 - constants
_NO_TRAILERS: Final = f"SELECT digest, kind, value, reason FROM unpacked WHERE outcome = '{SEEN}' AND NOT ({_IS_TRAILER})"  # noqa: S608
_UNPACKED_KINDS: Final[dict[object, UnpackedKind]] = {kind.value: kind for kind in UnpackedKind}
_NEAR: Final = "SELECT digest, media_type, body, at, source FROM document WHERE rowid > ? ORDER BY rowid LIMIT ?"
_AHEAD: Final = 80
_BEHIND: Final = 16
_AHEAD_BYTES: Final = 1024 * 1024
_AHEAD_TRIES: Final = 8
_TALLIED: Final = {
    "tags": "SELECT outcome, at, source FROM tag",
    "documents": "SELECT 'seen', at, source FROM document UNION ALL SELECT outcome, at, source FROM missing",
    "blobs": "SELECT outcome, at, source FROM blob",
    "unpacked sizes": "SELECT outcome, at, source FROM unpacked",
    "archives": "SELECT outcome, at, source FROM archive",
    "certificate chains": "SELECT outcome, at, source FROM chain",
    "TLS versions and ciphers": "SELECT outcome, at, source FROM offered",
    "files that certificates name": "SELECT outcome, at, source FROM fetched",
}
_HASHERS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_ARCHIVE: Final = msgspec.msgpack.Decoder(ArchiveSeen)


def _archive(body: object) -> ArchiveSeen:
    """Return a stored inventory. Raises ValueError if it is invalid."""
    try:
        return _ARCHIVE.decode(body if isinstance(body, bytes) else b"")
    except msgspec.MsgspecError as error:
        raise ValueError(f"the inventory of an archive cannot be read: {error}") from error


def hashes_to(digest: str, body: bytes) -> bool:
    """Return whether the bytes have the digest; False for an algorithm that no registry uses."""
    if digest.startswith("sha256:"):  # by far the most frequent, and there may be a million documents
        return hashlib.sha256(body).hexdigest() == digest[7:]
    return digest_like(digest, body) == digest != ""


def digest_like(digest: str, body: bytes) -> str:
    """Return the digest of the bytes by the algorithm of `digest`; empty for an algorithm that no registry uses."""
    hasher = hasher_like(digest)
    if hasher is None:
        return ""
    hasher.update(body)
    return f"{digest.partition(':')[0]}:{hasher.hexdigest()}"


def hasher_like(digest: str) -> hashlib._Hash | None:
    """Return a hasher of the algorithm of `digest`; None for an algorithm that no registry uses."""
    made = _HASHERS.get(digest.partition(":")[0])
    return made() if made is not None else None


class Store(BlobTable):
    """The evidence of one site. Implements `auditor.evidence.model.Evidence`; use it in a `with`, from one thread."""

    def __init__(self, connection: sqlite3.Connection, name: str, *, is_finished: bool = False) -> None:
        """Use `create`, `open` or `memory`."""
        super().__init__(connection, name, is_finished=is_finished)
        self._ahead: dict[object, tuple[object, ...]] = {}
        self._tallies: tuple[Tally, ...] | None = None
        self._tries = 0  # how often reading ahead did not help
        self._has_missing = self._row("SELECT 1 FROM missing LIMIT 1") is not None

    # Reading: the Evidence protocol.

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """Return the target of a normalised reference."""
        row = self._row("SELECT outcome, detail, at, source, digest, media_type, size FROM tag WHERE reference = ?", reference)
        if row is None:
            return None
        return to_observation(row, lambda: TagSeen(as_text(row[4]), as_text(row[5]), as_size(row[6])), self._name)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """Return a verified document by digest, or the failed answer of `repository` if the document is not stored."""
        row = self._ahead.pop(digest, None) or self._document(digest)
        if row is not None:
            return self._checked(digest, row)
        row = self._row(
            "SELECT outcome, detail, at, source FROM missing WHERE repository = ? AND digest = ?", repository, digest
        )
        return None if row is None else to_observation(row, self._nothing, self._name)

    def _document(self, digest: str) -> tuple[object, ...] | None:
        """Return a row of the document table, and cache the next rows: documents that were collected together are read
        together."""
        with self._explained:
            row: tuple[object, ...] | None = self._connection.execute(_DOCUMENT, (digest,)).fetchone()
            if row is None:
                return None
            self._tries += len(self._ahead) > _AHEAD // 2
            self._ahead.clear()
            if self._is_finished and self._tries < _AHEAD_TRIES:
                left = _AHEAD_BYTES
                for near in self._connection.execute(_NEAR, (as_size(row[5]) - _BEHIND, _AHEAD)):
                    self._ahead[near[0]] = near
                    left -= len(near[2]) if isinstance(near[2], bytes) else 0
                    if left < 0:
                        break
            return row[:5]

    def has_document(self, digest: str) -> bool:
        """Return whether the document is stored, without reading it."""
        return self._row("SELECT 1 FROM document WHERE digest = ?", digest) is not None

    def unpacked(self, digest: str) -> Observation[UnpackedSeen] | None:
        """Return what the bytes of a layer state about its unpacked size."""
        row = self._row("SELECT outcome, detail, at, source, kind, value, reason FROM unpacked WHERE digest = ?", digest)
        if row is None:
            return None
        return to_observation(
            row, lambda: UnpackedSeen(UnpackedKind(as_text(row[4])), as_size(row[5]), as_text(row[6])), self._name
        )

    def all_unpacked(self) -> AllUnpacked:
        """Return what the bytes of all layers state."""
        found: dict[str, UnpackedSeen] = {}
        with self._explained:
            trailers: dict[str, int] = dict(self._connection.execute(_TRAILERS))
        try:
            for digest, kind, value, reason in self._rows(_NO_TRAILERS):
                found[as_text(digest)] = UnpackedSeen(_UNPACKED_KINDS[kind], as_size(value), as_text(reason))
        except (ValueError, KeyError) as error:
            problem = f"{self._name}: it holds an invalid unpacked size: {error}"
            raise EvidenceError(problem, DAMAGED) from error
        return AllUnpacked(trailers, found)

    def archives(self) -> dict[str, Observation[ArchiveSeen]]:
        """Return the content of each archive, by path."""
        rows = self._rows("SELECT outcome, detail, at, source, body, path FROM archive ORDER BY path LIMIT ?", MAX_ARCHIVES)
        return {str(row[5]): to_observation(row, partial(_archive, row[4]), self._name) for row in rows}

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """Return the chain that `host:port` served."""
        row = self._row("SELECT outcome, detail, at, source, protocol FROM chain WHERE endpoint = ?", endpoint)
        if row is None:
            return None
        return to_observation(row, lambda: ChainSeen(self._certificates(endpoint), as_text(row[4])), self._name)

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """Return the TLS versions and ciphers that `host:port` accepts."""
        row = self._row("SELECT outcome, detail, at, source, versions, ciphers FROM offered WHERE endpoint = ?", endpoint)
        if row is None:
            return None
        made = self._row("SELECT body FROM handshakes WHERE endpoint = ?", endpoint)
        details = as_handshakes(made[0]) if made is not None else None
        return to_observation(row, lambda: TlsOffered(as_names(row[4]), as_names(row[5]), details), self._name)

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """Return the content of a URL that a certificate names."""
        row = self._row(
            "SELECT outcome, detail, at, source, CASE WHEN length(body) <= ? THEN body END FROM fetched WHERE url = ?",
            MAX_FETCHED,
            url,
        )
        return None if row is None else to_observation(row, lambda: Fetched(as_bytes(row[4])), self._name)

    def tallies(self) -> tuple[Tally, ...]:
        """Return how many observations of each kind there are, by place. A file that is only read is counted once."""
        if self._tallies is None or not self._is_finished:
            found = (tally for what, statement in _TALLIED.items() for tally in tallied(what, self._observed(statement)))
            self._tallies = tuple(found)
        return self._tallies

    def _observed(self, statement: str) -> Iterator[tuple[bool, bool, datetime.datetime, str]]:
        for outcome, at, source in self._rows(statement):
            try:
                yield outcome == SEEN, outcome == ABSENT, to_time(as_text(at)), as_text(source)
            except ValueError as error:
                raise EvidenceError(f"{self._name}: it holds an invalid observation: {error}", DAMAGED) from error

    def files(self) -> dict[str, bytes]:
        """Return the plan's files in the evidence, by path. Raises EvidenceError if they are too many or too large."""
        found: dict[str, bytes] = {}
        left = MAX_FILE_BYTES
        for path, body in self._rows("SELECT path, body FROM file ORDER BY path LIMIT ?", MAX_FILES + 1):
            if not isinstance(path, str) or not isinstance(body, bytes):
                raise EvidenceError(f"{self._name}: it contains an invalid file", DAMAGED)
            left -= len(body)
            if left < 0 or len(found) >= MAX_FILES:
                raise EvidenceError(f"{self._name}: it contains more files than a plan can name", "Collect again.")
            found[path] = body
        return found

    def _checked(self, digest: str, row: tuple[object, ...]) -> Observation[Content]:
        _, media_type, body, when, source = row
        if not (isinstance(body, bytes) and isinstance(media_type, str) and isinstance(when, str) and isinstance(source, str)):
            raise EvidenceError(f"{self._name}: its entry {digest} is not a document", DAMAGED)
        try:
            at = to_time(when)
        except ValueError as error:
            raise EvidenceError(f"{self._name}: its entry {digest}: {error}", DAMAGED) from error
        if len(body) > MAX_DOCUMENT or not hashes_to(digest, body):
            return Failed(Kind.MALFORMED, f"the stored bytes do not hash to {digest}", at, source)
        return Seen(Content(media_type, body), at, source)

    def _certificates(self, endpoint: str) -> tuple[bytes, ...]:
        rows = self._rows(
            "SELECT CASE WHEN length(body) <= ? THEN body END FROM certificate WHERE endpoint = ? ORDER BY position LIMIT ?",
            MAX_CERTIFICATE_BYTES,
            endpoint,
            MAX_CERTIFICATES,
        )
        bodies = tuple(body for (body,) in rows)
        if not all(isinstance(body, bytes) for body in bodies):
            raise ValueError("an invalid certificate, or one that is too large")
        return tuple(body for body in bodies if isinstance(body, bytes))

    @staticmethod
    def _nothing() -> Content:
        raise ValueError("observed, but not stored")

    # Writing.

    def put_tag(self, reference: str, observation: Observation[TagSeen]) -> None:
        """Store the target of a reference, replacing an earlier observation."""
        seen = observation.value if isinstance(observation, Seen) else TagSeen("", "", 0)
        columns = (*to_columns(observation), seen.digest, seen.media_type, seen.size)
        self._write("INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?, ?, ?, ?, ?)", reference, *columns)

    def put_document(
        self, digest: str, media_type: str, body: bytes, repository: str, at: datetime.datetime, source: str
    ) -> None:
        """Store a document that `repository` served. Raises InternalError if its bytes do not hash to the digest."""
        if not hashes_to(digest, body):
            raise InternalError(f"a document for {digest} that does not hash to it")
        self._write("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)", digest, media_type, body, to_text(at), source)
        if self._has_missing:
            self._write("DELETE FROM missing WHERE repository = ? AND digest = ?", repository, digest)

    def put_missing(self, repository: str, digest: str, observation: Absent | Failed) -> None:
        """Store why `repository` did not give a document."""
        self._has_missing = True
        self._write("INSERT OR REPLACE INTO missing VALUES (?, ?, ?, ?, ?, ?)", repository, digest, *to_columns(observation))

    def put_unpacked(self, digest: str, observation: Observation[UnpackedSeen]) -> None:
        """Store what the bytes of a layer state about its unpacked size."""
        seen = observation.value if isinstance(observation, Seen) else UnpackedSeen(UnpackedKind.UNSAID, 0)
        columns = (*to_columns(observation), seen.kind.value, seen.value, seen.detail)
        self._write("INSERT OR REPLACE INTO unpacked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", digest, *columns)

    def put_chain(self, endpoint: str, observation: Observation[ChainSeen]) -> None:
        """Store the chain that an endpoint served."""
        seen = observation.value if isinstance(observation, Seen) else ChainSeen((), "")
        self._write("INSERT OR REPLACE INTO chain VALUES (?, ?, ?, ?, ?, ?)", endpoint, *to_columns(observation), seen.protocol)
        self._write("DELETE FROM certificate WHERE endpoint = ?", endpoint)
        for position, body in enumerate(seen.certificates[:MAX_CERTIFICATES]):
            self._write("INSERT INTO certificate VALUES (?, ?, ?)", endpoint, position, body)

    def put_offered(self, endpoint: str, observation: Observation[TlsOffered]) -> None:
        """Store the TLS versions and ciphers that an endpoint accepts."""
        seen = observation.value if isinstance(observation, Seen) else TlsOffered((), ())
        columns = (*to_columns(observation), " ".join(seen.versions), " ".join(seen.ciphers))
        self._write("INSERT OR REPLACE INTO offered VALUES (?, ?, ?, ?, ?, ?, ?)", endpoint, *columns)
        self._write("DELETE FROM handshakes WHERE endpoint = ?", endpoint)
        if seen.handshakes is not None:
            self._write("INSERT INTO handshakes VALUES (?, ?)", endpoint, handshakes_text(seen.handshakes))

    def put_fetched(self, url: str, observation: Observation[Fetched]) -> None:
        """Store the content of a URL."""
        body = observation.value.body if isinstance(observation, Seen) else b""
        self._write("INSERT OR REPLACE INTO fetched VALUES (?, ?, ?, ?, ?, ?)", url, *to_columns(observation), body)

    def put_archive(self, path: str, observation: Observation[ArchiveSeen]) -> None:
        """Store the content of an archive, replacing an earlier observation."""
        body = msgspec.msgpack.encode(observation.value) if isinstance(observation, Seen) else b""
        self._write("INSERT OR REPLACE INTO archive VALUES (?, ?, ?, ?, ?, ?)", path, *to_columns(observation), body)

    def drop_archive(self, path: str) -> None:
        """Remove an archive that the plan no longer names."""
        self._write("DELETE FROM archive WHERE path = ?", path)

    def put_file(self, path: str, body: bytes) -> None:
        """Store a file of the plan."""
        self._write("INSERT OR REPLACE INTO file VALUES (?, ?)", path, body)

    def replace_files(self, files: Mapping[str, bytes]) -> None:
        """Store exactly these files, and remove those of an earlier run."""
        self._write("DELETE FROM file")
        for path, body in files.items():
            self.put_file(path, body)
