"""Index an uncompressed tar by seeking: only headers are read. Cheap to import, because a listing needs nothing else."""

from __future__ import annotations

import io
import os

from auditor.oci.defects import Unusable
from auditor.oci.tar import Member, walk

_HAS_PREAD = hasattr(os, "pread")  # one call instead of two; Windows does not have it


class SeekingSource:
    """The bytes of an open file. Only the requested bytes are read."""

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
    """Return the entries of a tar without reading their data, and the error that ended the walk early, if any."""
    members: list[Member] = []
    try:
        members.extend(walk(SeekingSource(file)))
    except Unusable as error:
        return members, error
    return members, None
