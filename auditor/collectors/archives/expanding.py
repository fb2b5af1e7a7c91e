"""Decompress untrusted gzip and zstd data in pieces, up to a limit."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Generator, Iterator
from typing import Any, Final, Protocol

import zstandard

from auditor.oci.defects import Defect, Unusable

CHUNK: Final = 1024 * 1024
# Files of zeros make valid layers: deflate reaches 1032:1, zstd 30,000:1. Expanded bytes are not kept, so a bomb costs only
# time. A bomb of any size ends after GRACE, and costs at most RATIO times the time for reading the file.
GRACE: Final = 16 * 1024 * 1024 * 1024
RATIO: Final = 1100
MAX_FRAMES: Final = 1_000_000
MAX_WINDOW: Final = 128 * 1024 * 1024  # the limit of `zstd` without --long
_SMALLEST, _LARGEST = 32, 2048  # bytes of zstd at once: four of them may expand to 128 KiB, so 2,048 expand to 64 MiB
_SKIPPABLE = frozenset(bytes([low, 0x2A, 0x4D, 0x18]) for low in range(0x50, 0x60))


def compression_of(start: bytes) -> str:
    """Return `gzip` or `zstd` if the bytes begin with its magic number, else an empty string."""
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if start[:4] == b"\x28\xb5\x2f\xfd" or start[:4] in _SKIPPABLE else ""


class Allowance:
    """The number of bytes that data may expand to. Several threads may share one."""

    def __init__(self, compressed: int) -> None:
        self.limit = GRACE + RATIO * compressed
        self._left = self.limit
        self._lock = threading.Lock()

    def spend(self, count: int) -> None:
        """Count expanded bytes. Raises Unusable above the limit."""
        with self._lock:
            self._left -= count
            if self._left < 0:
                raise Unusable("", Defect.LIMIT, f"expands to more than {self.limit:,} bytes")


class Expander(Protocol):
    """Expands compressed bytes chunk by chunk."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the expanded bytes in pieces. Raises Unusable for damaged data."""
        ...

    def finish(self) -> None:
        """Raises Unusable if the data ended too early."""
        ...


def expander(compression: str, allowance: Allowance) -> Expander:
    """Return an expander for `gzip` or `zstd`."""
    return _Gzip(allowance) if compression == "gzip" else _Zstd(allowance)


class _Frames:
    """Counts members or frames; a stream may have several."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.inner: Any = None
        self._frames = 0

    def begin(self) -> None:
        self._frames += 1
        if self._frames > MAX_FRAMES:
            raise Unusable("", Defect.LIMIT, f"more than {MAX_FRAMES:,} compressed parts")

    def finish(self) -> None:
        if self.inner is not None or not self._frames:
            raise Unusable("", Defect.TRUNCATED, "the compressed bytes end too early")


class _Gzip(_Frames):
    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                data = yield from self._member(data)
        except zlib.error as error:
            raise Unusable("", Defect.MALFORMED, f"the gzip stream is damaged: {error}") from error

    def _member(self, data: bytes) -> Generator[bytes, None, bytes]:
        """Expand the bytes of one member and return the rest. Zeros may occur between members, as on tapes."""
        if self.inner is None:
            data = data.lstrip(b"\0") if self._frames else data
            if not data:
                return b""
            self.begin()
            self.inner = zlib.decompressobj(wbits=31)
        inner = self.inner
        while True:
            out = inner.decompress(data, CHUNK)
            self.allowance.spend(len(out))
            if out:
                yield out
            data = inner.unconsumed_tail
            if inner.eof:
                self.inner = None
                return bytes(inner.unused_data)
            if not data and len(out) < CHUNK:
                return b""


class _Zstd(_Frames):
    def __init__(self, allowance: Allowance) -> None:
        super().__init__(allowance)
        self._size = _SMALLEST  # grows while little output comes
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            place = 0
            while place < len(data):
                piece = data[place : place + self._size]
                place += len(piece)
                while piece:
                    out, piece = self._expanded(piece)
                    self.allowance.spend(len(out))
                    self._size = _SMALLEST if len(out) > CHUNK else min(2 * self._size, _LARGEST)
                    if out:
                        yield out
        except zstandard.ZstdError as error:
            raise Unusable("", Defect.MALFORMED, f"the zstd stream is damaged: {error}") from error

    def _expanded(self, piece: bytes) -> tuple[bytes, bytes]:
        """Return the expanded bytes of a piece, and the part of it that belongs to the next frame."""
        if self.inner is None:
            self.begin()
            self.inner = self._decompressor.decompressobj()
        out = self.inner.decompress(piece)
        if not self.inner.eof:
            return out, b""
        rest, self.inner = self.inner.unused_data, None
        return out, rest
