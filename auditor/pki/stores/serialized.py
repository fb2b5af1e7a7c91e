"""Windows' serialized store (`.sst`), as `certutil -generateSSTFromWU` and `Export-Certificate -Type SST` write it.

An 8-byte header is followed by records: property id, encoding and length (32 bits each, little endian), then the data. A
certificate, a CRL or a trust list is a record with its own id. The properties of an element precede it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.pki.certificate import MAX_CERTIFICATE

MAGIC = b"\x00\x00\x00\x00CERT"
CERTIFICATE, CRL, TRUST_LIST = 32, 33, 34
_RECORD = struct.Struct("<III")
MAX_RECORDS = 200_000
MAX_PROPERTIES = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """An element of the store: `kind` is CERTIFICATE, CRL or TRUST_LIST, `data` its DER."""

    kind: int
    data: bytes


def properties(data: bytes) -> dict[int, bytes]:
    """Return the records of one serialized element by id: its properties, and the certificate itself.

    Windows keeps such an element in the registry value `Blob` of each certificate. Raises ValueError if it is malformed.
    """
    found: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        if position + _RECORD.size > len(data) or len(found) >= MAX_PROPERTIES:
            raise ValueError(f"it ends inside the property at {position:,}, or has too many properties")
        kind, _encoding, length = _RECORD.unpack_from(data, position)
        begin = position + _RECORD.size
        if begin + length > len(data):
            raise ValueError(f"the property at {position:,} is longer than the data")
        found.setdefault(kind, data[begin : begin + length])
        position = begin + length
    return found


def is_serialized_store(data: bytes) -> bool:
    """Return whether the bytes start like such a store."""
    return data.startswith(MAGIC)


def records(data: bytes) -> Iterator[Record | str]:
    """Yield the elements of the store in order, or a text at the first error. Never raises."""
    position = len(MAGIC)
    for _ in range(MAX_RECORDS):
        if position == len(data):
            yield "its end marker is missing; it may be truncated"
            return
        if position + _RECORD.size > len(data):
            yield f"it ends inside the record at {position:,}"
            return
        kind, _encoding, length = _RECORD.unpack_from(data, position)
        begin = position + _RECORD.size
        if kind == 0:
            return
        if begin + length > len(data):
            yield f"it ends inside the record at {position:,}"
            return
        if kind in {CERTIFICATE, CRL, TRUST_LIST}:
            yield (
                Record(kind, data[begin : begin + length])
                if length <= 16 * MAX_CERTIFICATE
                else f"{length:,} bytes in one element, more than allowed"
            )
        position = begin + length
    yield f"only the first {MAX_RECORDS:,} records were read"
