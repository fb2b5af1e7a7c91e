"""What layers state about their unpacked size: media types, annotations, trailers. The values are not yet verified."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from auditor.facts import Fact, table
from auditor.oci.document import Descriptor

GZIP: Final = "gzip"
ZSTD: Final = "zstd"


class UnpackedKind(enum.StrEnum):
    """How the unpacked size of a layer was found."""

    GZIP_TRAILER = "gzip-trailer"  # the length of the last gzip member, modulo 2**32
    ZSTD_FRAME = "zstd-frame"  # Frame_Content_Size of the first zstd frame
    PLAIN = "plain"  # not compressed: the blob's own size
    EXPANDED = "expanded"  # the layer was decompressed and its bytes were counted
    UNSAID = "unsaid"  # the bytes do not state it; `detail` gives the reason


class UnpackedSeen(msgspec.Struct, frozen=True):
    """One observation of a layer's unpacked size, not yet evaluated. `value` is 0 if no size is stated."""

    kind: UnpackedKind
    value: int
    detail: str = ""


class AllUnpacked(NamedTuple):
    """Observations of very many layers by digest; for most, only the number in the gzip trailer."""

    trailers: Mapping[str, int]
    others: Mapping[str, UnpackedSeen]

    def get(self, digest: str) -> UnpackedSeen | None:
        """Return the observation of a layer, or None."""
        trailer = self.trailers.get(digest)
        return self.others.get(digest) if trailer is None else UnpackedSeen(UnpackedKind.GZIP_TRAILER, trailer)


class LayerParts(Fact, frozen=True, kw_only=True):
    """An annotation, or its prefix, by which `maker` marks layers that consist of many gzip members or zstd frames.

    `size` is the annotation with the unpacked size, or empty if `maker` writes none.
    """

    annotation: str
    maker: str
    size: str = ""


@lru_cache(maxsize=256)
def packed_by(media_type: str) -> str | None:
    """Return `gzip`, `zstd` or an empty string (plain tar) from a layer's media type, or None if the type does not state it."""
    ending = media_type.rpartition("+")[2].rpartition(".")[2]
    return {GZIP: GZIP, ZSTD: ZSTD, "tar": ""}.get(ending)


def parts_of(layer: Descriptor) -> LayerParts | None:
    """Return the tool that made a layer of many parts that do not state the total size, or None."""
    if not layer.annotations:
        return None
    rows = table("layer_parts", LayerParts)
    return next((row for row in rows if any(note.startswith(row.annotation) for note in layer.annotations)), None)
