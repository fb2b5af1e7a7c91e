"""Trust stores in common formats, written for tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from auditor.pki.stores.serialized import CERTIFICATE, MAGIC


def record(kind: int, data: bytes) -> bytes:
    """One record of a serialized store."""
    return struct.pack("<III", kind, 1, len(data)) + data


def serialized(certificates: Iterable[bytes], *, end: bool = True) -> bytes:
    """A `.sst` as Windows writes it: the hash and the friendly name of each certificate before it, and the end mark."""
    body = b"".join(
        record(3, b"\x01" * 20) + record(11, "name\0".encode("utf-16-le")) + record(CERTIFICATE, der) for der in certificates
    )
    return MAGIC + body + (bytes(12) if end else b"")


def element(tag: int, *content: bytes) -> bytes:
    """A DER element."""
    body = b"".join(content)
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + body
