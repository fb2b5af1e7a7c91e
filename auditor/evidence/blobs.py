"""The observations of blobs in an evidence file. Those of one repository are read together and cached."""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet
from typing import Annotated, Final

import msgspec

from auditor.evidence.asked import AskedTable
from auditor.evidence.model import BlobSeen, Observation, Seen
from auditor.evidence.sqlite_rows import MAX_TEXT, SEEN, Row, as_size, as_text, to_columns, to_observation, to_time

_COLUMNS: Final = "outcome, detail, at, source, size, media_type, hashed"
_ONE: Final = f"SELECT {_COLUMNS} FROM blob WHERE repository = ? AND digest = ?"  # noqa: S608 - constants
_FIRST: Final = f"SELECT {_COLUMNS}, digest FROM blob WHERE repository = ? LIMIT ?"  # noqa: S608 - constants
_DIGESTS: Final = "SELECT digest FROM blob WHERE repository = ?"
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
# The maximum number of rows to read at once from one repository, and to cache for all repositories.
_READ: Final = 512
_KEPT: Final = 4096


class _BlobRow(msgspec.Struct, array_like=True, gc=False):
    """A row in the order of `_COLUMNS`."""

    outcome: _Text
    detail: _Text
    at: _Text
    source: _Text
    size: Annotated[int, msgspec.Meta(ge=0)]
    media_type: _Text
    hashed: _Text


def _observation(row: Row, name: str) -> Observation[BlobSeen]:
    """Return the observation of a row. There may be a million rows: successful ones are converted and checked in one step."""
    try:
        made = msgspec.convert(row, _BlobRow)
        if made.outcome == SEEN:
            return Seen(BlobSeen(made.size, made.media_type, made.hashed), to_time(made.at), made.source)
    except (msgspec.ValidationError, ValueError):
        pass  # the slow path gives the reason
    return to_observation(row, lambda: BlobSeen(as_size(row[4]), as_text(row[5]), as_text(row[6])), name)


class BlobTable(AskedTable):
    """The part of a store that records which blobs and manifests each repository has."""

    def __init__(self, connection: sqlite3.Connection, name: str, *, is_finished: bool = False) -> None:
        """Use `create`, `open` or `memory`."""
        super().__init__(connection, name, is_finished=is_finished)
        self._has_no_blobs = is_finished and self._row("SELECT 1 FROM blob LIMIT 1") is None
        self._read: dict[str, dict[str, Row] | None] = {}  # the rows by repository and digest; None for too many
        self._read_rows = 0

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """Return whether `repository` has the blob."""
        if self._has_no_blobs:
            return None
        rows = self._rows_of(repository)
        row = self._row(_ONE, repository, digest) if rows is None else rows.get(digest)
        if row is None:
            return None
        return _observation(row, self._name)

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """Return the digests of `repository` that were observed."""
        if self._has_no_blobs:
            return frozenset()
        rows = self._rows_of(repository)
        return rows.keys() if rows is not None else {str(digest) for (digest,) in self._rows(_DIGESTS, repository)}

    def put_blob(self, repository: str, digest: str, observation: Observation[BlobSeen]) -> None:
        """Store whether `repository` has a blob."""
        seen = observation.value if isinstance(observation, Seen) else BlobSeen(0)
        columns = (*to_columns(observation), seen.size, seen.media_type, seen.hashed)
        self._write("INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", repository, digest, *columns)

    def _rows_of(self, repository: str) -> dict[str, Row] | None:
        """Return all rows of a repository by digest; None if they are too many to read at once, or may change."""
        if not self._is_finished:
            return None
        if repository in self._read:
            return self._read[repository]
        if self._read_rows > _KEPT:
            self._read.clear()
            self._read_rows = 0
        with self._explained:
            rows: dict[str, Row] = {row[-1]: row for row in self._connection.execute(_FIRST, (repository, _READ + 1))}
        self._read_rows += len(rows) + 1
        found = self._read[repository] = rows if len(rows) <= _READ else None
        return found
