"""The unpacked size of a layer, from what its bytes say: exact where that can be believed, else a factor, and always which.

A gzip trailer gives the length of the last member modulo 4 GiB. What deflate can do leaves a few multiples of it,
and what layers usually have mostly one. A trailer that is too small for all of them is that of a file of several members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from auditor.facts import Fact, table
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import LayerParts, UnpackedKind, UnpackedSeen, packed_by, parts_of
from auditor.sizing.size import Provenance, Size

WRAP: Final = 2**32
LARGEST: Final = 2**63 - 1
DEFLATE_BEST: Final = 1032  # 258 bytes by two bits
ZSTD_BEST: Final = 32 * 1024  # a block of 128 KiB by four bytes
_FRAMING: Final = 1024  # headers, trailers, a file name
_STORED: Final = 2048  # what cannot be compressed grows by less than one in so many bytes, by gzip and by zstd


class UnpackedRatio(Fact, frozen=True, kw_only=True):
    """How layers of images for `os` unpack: to `factor` times their size, and large ones hardly to more than `usual` times."""

    os: str
    factor: float
    usual: float


@cache
def ratio_of(os: str) -> UnpackedRatio:
    """The row for an operating system; Linux stands for those that have none."""
    rows: dict[str, UnpackedRatio] = {row.os: row for row in table("unpacked_ratios", UnpackedRatio)}
    return rows.get(os, rows["linux"])


def resolve_unpacked(layer: Descriptor, os: str, seen: UnpackedSeen | None) -> Size:
    """The size of a layer as a plain tar. `os` is that of its image; `seen` is what its bytes say, None if nobody looked."""
    compressed = min(max(layer.size, 0), LARGEST)
    match seen:
        case UnpackedSeen(UnpackedKind.EXPANDED, value):
            return Size(value, Provenance.MEASURED, "counted while it was expanded")
        case UnpackedSeen(UnpackedKind.PLAIN, value):
            return Size(value, Provenance.DERIVED, "not compressed")
        case None if packed_by(layer.media_type) == "":
            return Size(compressed, Provenance.DERIVED, "not compressed, says its media type")
    parts = parts_of(layer)
    if parts is not None:
        return _noted(layer, parts, compressed) or estimated(compressed, os, f"{parts.maker} makes many parts of it")
    match seen:
        case UnpackedSeen(UnpackedKind.GZIP_TRAILER, value):
            return by_trailer(compressed, value, os)
        case UnpackedSeen(UnpackedKind.ZSTD_FRAME, value):
            return by_frame(compressed, value, os)
        case UnpackedSeen(_, _, detail):
            return estimated(compressed, os, f"it {detail}")
    return estimated(compressed, os, "nobody has seen its bytes")


def everyday_total(layers: Iterable[Descriptor], os: str, trailers: Mapping[str, int]) -> tuple[int, list[Descriptor]]:
    """What `resolve_unpacked` says of most layers, summed up without words; and the layers that need a closer look.

    Most are those whose gzip trailer leaves one length: they are too small for a multiple of 4 GiB, and grow as usual. There
    may be hundreds of thousands, so that these are told by two comparisons.
    """
    total, others, (most, small) = 0, [], _everyday(os)
    for layer in layers:
        value, size = trailers.get(layer.digest, -1), layer.size
        if size <= value <= most * size and size < small and not layer.annotations:
            total += value
        else:
            others.append(layer)
    return total, others


@cache
def _everyday(os: str) -> tuple[int, int]:
    """To how many times their size such layers unpack at most, and below which size that is less than 4 GiB."""
    usual = ratio_of(os).usual
    return int(usual), int(WRAP / usual)


def _noted(layer: Descriptor, parts: LayerParts, compressed: int) -> Size | None:
    """What the layer's maker noted beside it; None when that is nothing, or nonsense."""
    note = (layer.annotations or {}).get(parts.size, "")
    size = int(note) if note.isascii() and note.isdigit() and len(note) < 20 else 0
    return Size(size, Provenance.DECLARED, f"noted by {parts.maker}") if 0 < size <= DEFLATE_BEST * compressed else None


def estimated(compressed: int, os: str, why: str) -> Size:
    """By the factor of the facts."""
    factor = ratio_of(os).factor
    return Size(round(compressed * factor), Provenance.ESTIMATED, f"{factor:g} times the compressed size: {why}")


def by_trailer(compressed: int, trailer: int, os: str) -> Size:
    """From the last four bytes of a gzip file."""
    ratio = ratio_of(os)
    first, last = _multiples(compressed, trailer, ratio.usual)
    if last < first:
        why = "has several members" if first else "names a length that deflate cannot reach"
        return estimated(compressed, os, f"its gzip trailer is not that of the whole: it {why}")
    likeliest = round((ratio.factor * compressed - trailer) / WRAP)
    times = min(max(likeliest, first), last)
    told = f"gzip trailer and {times:,} times 4 GiB" if times else "gzip trailer"
    length = trailer + times * WRAP
    if first == last:
        is_certain = length + WRAP > DEFLATE_BEST * compressed
        return Size(length, Provenance.DERIVED, told if is_certain else f"{told}, and hardly 4 GiB more")
    return Size(length, Provenance.ESTIMATED, f"{told}, the likeliest of {last - first + 1:,} lengths")


def trailer_fits(compressed: int, trailer: int) -> bool:
    """Whether a gzip trailer can be that of the whole file, whatever system it is for."""
    usual = max(row.usual for row in table("unpacked_ratios", UnpackedRatio))
    first, last = _multiples(min(max(compressed, 0), LARGEST), trailer, usual)
    return first <= last


def _multiples(compressed: int, trailer: int, usual: float) -> tuple[int, int]:
    """The fewest and the most times that 4 GiB may have to be added to a trailer; the second is less if there is no way."""
    first = max(0, -((trailer - _least(compressed)) // WRAP))
    last = (int(usual * compressed) - trailer) // WRAP
    if first == 0 and last < 0 and trailer <= DEFLATE_BEST * compressed:
        last = 0  # packed unusually well, and any further multiple were packed even better
    return first, last


def by_frame(compressed: int, told: int, os: str) -> Size:
    """From the header of the first zstd frame."""
    if told < _least(compressed):
        return estimated(compressed, os, "its first zstd frame is not the whole: it has several")
    if told > ZSTD_BEST * max(compressed, 1):
        return estimated(compressed, os, "its zstd frame claims more than zstd can reach")
    return Size(told, Provenance.DERIVED, "zstd frame header")


def _least(compressed: int) -> int:
    """The fewest bytes that can have become so many, as nothing grows much by being compressed."""
    return max(0, compressed - _FRAMING - compressed // _STORED)
