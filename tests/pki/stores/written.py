"""Trust stores in common formats, written for tests."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterable, Mapping

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


def oid(text: str) -> bytes:
    """Return an object identifier as DER."""
    first, second, *rest = map(int, text.split("."))
    body = bytearray()
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return element(0x06, bytes(body))


def file_time(at: datetime.datetime) -> bytes:
    """Return a time as Windows' FILETIME: 100 ns since 1601."""
    epoch = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
    return int((at - epoch).total_seconds() * 10_000_000).to_bytes(8, "little")


def trust_list(usage: str, made: datetime.datetime, entries: Mapping[bytes, Mapping[int, bytes]]) -> bytes:
    """Return a certificate trust list as Microsoft documents it: entries by identifier, each with CryptoAPI properties."""
    subjects = []
    for identifier, properties in entries.items():
        attributes = [
            element(0x30, oid(f"1.3.6.1.4.1.311.10.11.{number}"), element(0x31, element(0x04, value)))
            for number, value in properties.items()
        ]
        subjects.append(element(0x30, element(0x04, identifier), element(0x31, *attributes)))
    algorithm = element(0x30, oid("1.3.14.3.2.26"), element(0x05))
    when = element(0x17, made.strftime("%y%m%d%H%M%SZ").encode())
    content = element(0x30, element(0x30, oid(usage)), when, algorithm, element(0x30, *subjects))
    signed = element(
        0x30,
        element(0x02, b"\x01"),
        element(0x31),
        element(0x30, oid("1.3.6.1.4.1.311.10.1"), element(0xA0, content)),
        element(0x31),
    )
    return element(0x30, oid("1.2.840.113549.1.7.2"), element(0xA0, signed))


def blob(certificate: bytes, properties: Mapping[int, bytes]) -> bytes:
    """Return the registry value `Blob` of a certificate: its properties, then the certificate."""
    records = (*properties.items(), (32, certificate))
    return b"".join(struct.pack("<III", number, 1, len(value)) + value for number, value in records)
