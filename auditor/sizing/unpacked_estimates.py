"""The unpacked size of a layer: exact if its bytes state it reliably, otherwise an estimate by a factor.

A gzip trailer states the length of the last member modulo 4 GiB. The limits of deflate leave a few candidates for the true
length. The usual compression ratio of layers mostly leaves one. A trailer too small for every candidate belongs to a file with
several members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from auditor.facts import Fact, table
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import LayerParts, UnpackedKind, UnpackedSeen, packed_by, parts_of
from auditor.sizing.piece_size import PieceSize, Provenance

WRAP: Final = 2**32
LARGEST: Final = 2**63 - 1
DEFLATE_BEST: Final = 1032  # 258 bytes from two bits
ZSTD_BEST: Final = 32 * 1024  # a block of 128 KiB from four bytes
_FRAMING: Final = 1024  # headers, trailers, a file name
_STORED: Final = 2048  # incompressible data grows by less than 1 in 2,048 bytes, with gzip and zstd


class UnpackedRatio(Fact, frozen=True, kw_only=True):
    """Compression ratio of layers for `os`: unpacked size is `factor` times the compressed size, rarely more than `usual`
    times.
    """

    os: str
    factor: float
    usual: float


@cache
def ratio_of(os: str) -> UnpackedRatio:
    """Return the row for an operating system; Linux is the fallback."""
    rows: dict[str, UnpackedRatio] = {row.os: row for row in table("unpacked_ratios", UnpackedRatio)}
    return rows.get(os, rows["linux"])


def resolve_unpacked(layer: Descriptor, os: str, seen: UnpackedSeen | None) -> PieceSize:
    """Return the size of a layer as a plain tar. `os` is the image's; `seen` is the observation of its bytes, or None."""
    compressed = min(max(layer.size, 0), LARGEST)
    match seen:
        case UnpackedSeen(UnpackedKind.EXPANDED, value):
            return PieceSize(value, Provenance.MEASURED, "counted while decompressing")
        case UnpackedSeen(UnpackedKind.PLAIN, value):
            return PieceSize(value, Provenance.DERIVED, "not compressed")
        case None if packed_by(layer.media_type) == "":
            return PieceSize(compressed, Provenance.DERIVED, "not compressed according to its media type")
    parts = parts_of(layer)
    if parts is not None:
        return _noted(layer, parts, compressed) or estimated(compressed, os, f"{parts.maker} writes it in many parts")
    match seen:
        case UnpackedSeen(UnpackedKind.GZIP_TRAILER, value):
            return by_trailer(compressed, value, os)
        case UnpackedSeen(UnpackedKind.ZSTD_FRAME, value):
            return by_frame(compressed, value, os)
        case UnpackedSeen(_, _, detail):
            return estimated(compressed, os, f"it {detail}")
    return estimated(compressed, os, "its bytes were not read")


def everyday_total(layers: Iterable[Descriptor], os: str, trailers: Mapping[str, int]) -> tuple[int, list[Descriptor]]:
    """Sum the usual layers as `resolve_unpacked` would, without descriptions. Return the sum and the layers left over.

    Usual layers have a gzip trailer with one possible length: they are too small for a multiple of 4 GiB and have a usual
    ratio. There may be hundreds of thousands, so two comparisons decide each.
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
    """Return the greatest usual ratio, and the compressed size below which such a layer unpacks to less than 4 GiB."""
    usual = ratio_of(os).usual
    return int(usual), int(WRAP / usual)


def _noted(layer: Descriptor, parts: LayerParts, compressed: int) -> PieceSize | None:
    """Return the size that the layer's maker stated in an annotation, or None if it is missing or implausible."""
    note = (layer.annotations or {}).get(parts.size, "")
    size = int(note) if note.isascii() and note.isdigit() and len(note) < 20 else 0
    return PieceSize(size, Provenance.DECLARED, f"stated by {parts.maker}") if 0 < size <= DEFLATE_BEST * compressed else None


def estimated(compressed: int, os: str, why: str) -> PieceSize:
    """Return an estimate by the factor of the facts."""
    factor = ratio_of(os).factor
    return PieceSize(round(compressed * factor), Provenance.ESTIMATED, f"{factor:g} times the compressed size: {why}")


def by_trailer(compressed: int, trailer: int, os: str) -> PieceSize:
    """Return the size from the last four bytes of a gzip file."""
    ratio = ratio_of(os)
    first, last = _multiples(compressed, trailer, ratio.usual)
    if last < first:
        why = "has several members" if first else "states a length that deflate cannot reach"
        return estimated(compressed, os, f"its gzip trailer does not cover the whole file: the file {why}")
    likeliest = round((ratio.factor * compressed - trailer) / WRAP)
    times = min(max(likeliest, first), last)
    told = f"gzip trailer plus {times:,} times 4 GiB" if times else "gzip trailer"
    length = trailer + times * WRAP
    if first == last:
        is_certain = length + WRAP > DEFLATE_BEST * compressed
        return PieceSize(length, Provenance.DERIVED, told if is_certain else f"{told}; 4 GiB more is unlikely")
    return PieceSize(length, Provenance.ESTIMATED, f"{told}: the most likely of {last - first + 1:,} lengths")


def trailer_fits(compressed: int, trailer: int) -> bool:
    """Return whether a gzip trailer can cover the whole file, for any OS."""
    usual = max(row.usual for row in table("unpacked_ratios", UnpackedRatio))
    first, last = _multiples(min(max(compressed, 0), LARGEST), trailer, usual)
    return first <= last


def _multiples(compressed: int, trailer: int, usual: float) -> tuple[int, int]:
    """Return the least and greatest multiple of 4 GiB to add to a trailer. If none is possible, the second is smaller."""
    first = max(0, -((trailer - _least(compressed)) // WRAP))
    last = (int(usual * compressed) - trailer) // WRAP
    if first == 0 and last < 0 and trailer <= DEFLATE_BEST * compressed:
        last = 0  # compressed unusually well; each further multiple would mean an even better ratio
    return first, last


def by_frame(compressed: int, told: int, os: str) -> PieceSize:
    """Return the size from the header of the first zstd frame."""
    if told < _least(compressed):
        return estimated(compressed, os, "its first zstd frame does not cover the whole file: it has several frames")
    if told > ZSTD_BEST * max(compressed, 1):
        return estimated(compressed, os, "its zstd frame states more than zstd can reach")
    return PieceSize(told, Provenance.DERIVED, "zstd frame header")


def _least(compressed: int) -> int:
    """Return the least unpacked size for a compressed size: compression adds very little to any input."""
    return max(0, compressed - _FRAMING - compressed // _STORED)
