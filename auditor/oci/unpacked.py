"""What the first or the last bytes of a layer say about its unpacked size: raw, and not yet believed."""

from __future__ import annotations

import enum

import msgspec


class UnpackedKind(enum.StrEnum):
    """How the unpacked size of a layer was told."""

    GZIP_TRAILER = "gzip-trailer"  # the length of the last gzip member, modulo 2**32
    ZSTD_FRAME = "zstd-frame"  # Frame_Content_Size of the first zstd frame
    PLAIN = "plain"  # not compressed: the blob's own size
    EXPANDED = "expanded"  # somebody expanded it and counted
    UNSAID = "unsaid"  # its bytes do not tell; `detail` says why


class UnpackedSeen(msgspec.Struct, frozen=True):
    """What was observed about the unpacked size of one layer, undecided. `value` is 0 where nothing is said."""

    kind: UnpackedKind
    value: int
    detail: str = ""
