"""The seal of all bytes of an evidence file: it also covers what SQLite does not read, such as unused pages.

The row `bytes` of the table `seal` holds the SHA-256 of the file, in which this value itself is replaced by hyphens. The value
is written in place when a writer closes the file. Each commit before that writes the hyphens, so the file of a killed run has
only the seal of its rows.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Final

from auditor.errors import EvidenceError

NAME: Final = "bytes"
OPEN: Final = "-" * 64
_CHUNK: Final = 1024 * 1024


def is_as_sealed(path: Path, page: int, value: str) -> bool:
    """Whether the file has the stored value. `page` is the number of the page with the table `seal`."""
    with path.open("rb", buffering=0) as file:
        place = _place(file, page, value)
        return place >= 0 and _digest(file, place) == value


def seal_file(path: Path, page: int) -> io.FileIO:
    """Write the seal of a file whose row holds hyphens. Return the open file; without such a row, nothing is written.

    Close it after SQLite: closing any handle of the file gives up SQLite's lock. Raises EvidenceError.
    """
    file = io.FileIO(path, "r+")
    try:
        place = _place(file, page, OPEN)
        if place >= 0:
            value = _digest(file, place)
            file.seek(place)
            file.write(value.encode("ascii"))
            os.fsync(file.fileno())
    except OSError as error:
        file.close()
        raise EvidenceError(f"{path}: cannot write its seal: {error.strerror}", "Check the free space.") from error
    return file


def _place(file: io.FileIO, page: int, value: str) -> int:
    """Return the offset of the value on a page, or -1 if it is not there exactly once."""
    file.seek(16)
    size = int.from_bytes(file.read(2), "big")
    size = 65536 if size == 1 else size
    file.seek((page - 1) * size)
    content = file.read(size)
    text = value.encode("ascii", "replace")
    return (page - 1) * size + content.index(text) if content.count(text) == 1 else -1


def _digest(file: io.FileIO, place: int) -> str:
    """Return the SHA-256 of the file with hyphens at `place`."""
    digest = hashlib.sha256()
    file.seek(0)
    left = place
    while left and (data := file.read(min(left, _CHUNK))):
        digest.update(data)
        left -= len(data)
    digest.update(OPEN.encode("ascii"))
    file.seek(place + len(OPEN))
    while data := file.read(_CHUNK):
        digest.update(data)
    return digest.hexdigest()
