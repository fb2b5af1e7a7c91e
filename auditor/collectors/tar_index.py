"""The index of an uncompressed tar, by seeking: only headers are read. Light to import, as it is all that a listing needs."""

from __future__ import annotations

import io
import os

from auditor.oci.defects import Unusable
from auditor.oci.tar import Member, walk

_HAS_PREAD = hasattr(os, "pread")  # one call instead of two; Windows has none


class SeekingSource:
    """The bytes of an open file. Only what is asked for is read."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._handle = file.fileno()
        self.position = 0

    def read(self, count: int) -> bytes:
        """See `Source`."""
        data = self._read(count, self.position)
        while len(data) < count and (more := self._read(count - len(data), self.position + len(data))):
            data += more
        self.position += len(data)
        return data

    def skip_to(self, position: int) -> None:
        """See `Source`."""
        self.position = position

    def _read(self, count: int, position: int) -> bytes:
        if _HAS_PREAD:
            return os.pread(self._handle, count, position)
        self._file.seek(position)
        return self._file.read(count)


def index(file: io.FileIO) -> tuple[list[Member], Unusable | None]:
    """The entries of a tar, without reading any of their data, and what ended the walk too early."""
    members: list[Member] = []
    try:
        members.extend(walk(SeekingSource(file)))
    except Unusable as error:
        return members, error
    return members, None
