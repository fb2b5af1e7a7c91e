"""What layers say about their unpacked size: their media types, their annotations, their ends. Not yet believed."""

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


class AllUnpacked(NamedTuple):
    """What was seen of very many layers, by digest: of most, only the number that their gzip trailer gives."""

    trailers: Mapping[str, int]
    others: Mapping[str, UnpackedSeen]

    def get(self, digest: str) -> UnpackedSeen | None:
        """What was seen of a layer."""
        trailer = self.trailers.get(digest)
        return self.others.get(digest) if trailer is None else UnpackedSeen(UnpackedKind.GZIP_TRAILER, trailer)


class LayerParts(Fact, frozen=True, kw_only=True):
    """An annotation, or the beginning of one, by which `maker` marks layers of many gzip members or zstd frames.

    `size` is the annotation that gives their unpacked size; empty when there is none.
    """

    annotation: str
    maker: str
    size: str = ""


@lru_cache(maxsize=256)
def packed_by(media_type: str) -> str | None:
    """`gzip` or `zstd`, empty for a plain tar, by a layer's media type; None where the type does not say."""
    ending = media_type.rpartition("+")[2].rpartition(".")[2]
    return {GZIP: GZIP, ZSTD: ZSTD, "tar": ""}.get(ending)


def parts_of(layer: Descriptor) -> LayerParts | None:
    """What made a layer of many parts, of which none tells the size of all; None when no annotation says so."""
    if not layer.annotations:
        return None
    rows = table("layer_parts", LayerParts)
    return next((row for row in rows if any(note.startswith(row.annotation) for note in layer.annotations)), None)
