"""Derive the unpacked size of a layer from its first and last bytes."""

from __future__ import annotations

from typing import Final

import zstandard

from auditor.collectors.archives.expanding import compression_of
from auditor.oci.tar import BLOCK, is_header
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen

HEAD: Final = BLOCK  # enough for every magic number, a zstd frame header, and the first tar header
TAIL: Final = 8  # a gzip trailer: CRC-32, then the length modulo 2**32
_LARGEST: Final = 2**63 - 1
_UNKNOWN: Final = (-1, 2**64 - 1)  # zstd's library returns these if a frame does not state its size


def unsaid(why: str) -> UnpackedSeen:
    """Return an unknown size, with the reason."""
    return UnpackedSeen(UnpackedKind.UNSAID, 0, why)


def by_ends(start: bytes, end: bytes, size: int) -> UnpackedSeen:
    """Return the size that a blob of `size` bytes states, whatever its media type. `start` and `end` are its first and last
    bytes."""
    match compression_of(start):
        case "gzip":
            return by_trailer(end)
        case "zstd":
            return by_frame(start)
    if is_header(start) or (start and not any(start)):
        return UnpackedSeen(UnpackedKind.PLAIN, size, "a plain tar")
    return unsaid("is neither gzip, zstd nor a plain tar")


def by_trailer(end: bytes) -> UnpackedSeen:
    """Return the size from the trailer of a gzip file."""
    if len(end) < TAIL:
        return unsaid("is too short for a gzip trailer")
    if not any(end[-TAIL:]):
        return unsaid("ends in an empty gzip member or in padding, so its trailer does not cover the whole layer")
    return UnpackedSeen(UnpackedKind.GZIP_TRAILER, int.from_bytes(end[-4:], "little"))


def by_frame(start: bytes) -> UnpackedSeen:
    """Return the size from the frame header of a zstd file."""
    if start[:4] != zstandard.MAGIC_NUMBER.to_bytes(4, "little"):
        return unsaid("begins with a skippable zstd frame, as files of several frames do")
    try:
        told = zstandard.get_frame_parameters(start[:HEAD]).content_size
    except zstandard.ZstdError as error:
        return unsaid(f"has a zstd frame header that cannot be read: {error}")
    if told in _UNKNOWN:
        return unsaid("has a zstd frame that does not state its size")
    if told > _LARGEST:
        return unsaid("has a zstd frame that states an impossible size")
    return UnpackedSeen(UnpackedKind.ZSTD_FRAME, told)
