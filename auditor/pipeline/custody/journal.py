"""The journal of a check: which files were read, so that an interrupted check of a large medium continues.

It is in the user's cache, never on the medium: a person who changes a file on the medium could change a journal there too. An
entry counts only while the file has the same size, times, inode and device.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Final, Self

from auditor.collectors.media import HashedFile, Marks, marks_of
from auditor.errors import UsageError
from auditor.pipeline import cache

MAX_AGE: Final = 24 * 3600  # seconds
_VERSION: Final = 1
_MOST: Final = 1024 * 1024 * 1024
_INTERVAL: Final = 0.25
_ROWS: Final = 1024


class Journal:
    """The journal of one medium and one list. Use it in a `with`. Without a writable cache it keeps nothing."""

    def __init__(self, folder: Path, list_sha256: str) -> None:
        self._head = {"version": _VERSION, "folder": os.fspath(folder.resolve()), "list": list_sha256}
        name = hashlib.sha256(json.dumps(self._head).encode()).hexdigest()[:16]
        try:
            self._path: Path | None = cache.cache_folder() / f"{name}.custody"
        except UsageError:
            self._path = None
        self._known: dict[str, tuple[Marks, str]] = {}
        self._rows: list[HashedFile] = []
        self._written = time.monotonic()
        self._handle: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        if self._handle is not None:
            os.close(self._handle)

    def read(self) -> None:
        """Read what an earlier run wrote. A journal that is old, damaged or of another list counts as empty."""
        if self._path is None:
            return
        try:
            if time.time() - self._path.stat().st_mtime > MAX_AGE or self._path.stat().st_size > _MOST:
                self.drop()
                return
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        if _row(lines[0]) != self._head:
            self.drop()
            return
        for line in lines[1:]:
            row = _row(line)
            if isinstance(row, list) and len(row) == 3 and isinstance(row[1], list):
                self._known[str(row[0])] = (tuple(row[1]), str(row[2]))

    def sha256_of(self, name: str, info: os.stat_result) -> str:
        """Return the SHA-256 of a file that was read and has not changed since, or an empty string."""
        marks, sha256 = self._known.get(name, ((), ""))
        return sha256 if marks == marks_of(info) else ""

    def note(self, hashed: HashedFile) -> None:
        """Record a file that was read."""
        self._rows.append(hashed)
        if len(self._rows) >= _ROWS:
            self._flush()

    def tick(self) -> None:
        """Write the rows if the last write was some time ago. Call it often."""
        if time.monotonic() - self._written > _INTERVAL:
            self._flush()

    def drop(self) -> None:
        """Delete the journal."""
        self._rows.clear()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        """Append the rows. A cache that cannot be written costs only the continuation."""
        if self._path is None or not self._rows:
            return
        rows = ([row.found.name, marks_of(row.found.info), row.sha256] for row in self._rows)
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        self._rows.clear()
        try:
            if self._handle is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
                self._handle = os.open(self._path, flags, 0o600)
                start = "" if os.fstat(self._handle).st_size else f"{json.dumps(self._head)}\n"
                text = f"{start}\n{text}"  # the last line of a killed run may be incomplete
            os.write(self._handle, text.encode())
        except OSError:
            self._path = None
        self._written = time.monotonic()


def _row(line: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
