"""Read DER elements of a certificate that the parsing library hides or rejects. Bounded and linear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE, INTEGER, OBJECT_ID, OCTETS, NULL, BOOLEAN, EXPLICIT_EXTENSIONS = 0x30, 0x02, 0x06, 0x04, 0x05, 0x01, 0xA3
MAX_ELEMENTS = 20_000


class BadDer(ValueError):
    """The bytes are not the expected DER element."""


@dataclass(frozen=True, slots=True)
class Element:
    """One DER element: its tag octet and its content, without the header."""

    tag: int
    content: bytes
    whole: bytes


@dataclass(frozen=True, slots=True)
class RawExtension:
    """One extension as encoded: OID content, criticality, and the DER value."""

    oid: bytes
    critical: bool
    value: bytes


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements of `data` in order. Raises BadDer for a truncated element or a tag number above 30."""
    position = 0
    for _ in range(MAX_ELEMENTS):
        if position >= len(data):
            return
        start, position = position, position + 2
        if position > len(data) or data[start] & 0x1F == 0x1F:
            raise BadDer("truncated element")
        length = data[start + 1]
        if length > 0x80:
            octets = length & 0x7F
            length = int.from_bytes(data[position : position + octets], "big")
            position += octets
        elif length == 0x80:
            raise BadDer("indefinite length")
        if position + length > len(data):
            raise BadDer("truncated element")
        yield Element(data[start], data[position : position + length], data[start : position + length])
        position += length
    raise BadDer("too many elements")


def inside(data: bytes, tag: int = SEQUENCE) -> bytes:
    """Return the content of the first element, which must have this tag. Raises BadDer."""
    first = next(elements(data), None)
    if first is None or first.tag != tag:
        raise BadDer("unexpected element")
    return first.content


@dataclass(frozen=True, slots=True)
class RawCertificate:
    """The parts of a certificate as encoded: both signature algorithms, the algorithm of the key, and the extensions."""

    inner_algorithm: bytes
    outer_algorithm: bytes
    key_algorithm: bytes
    extensions: tuple[RawExtension, ...]


def raw_certificate(der: bytes) -> RawCertificate:
    """Split a DER certificate into its parts. Raises BadDer."""
    whole = list(elements(inside(der)))
    fields = list(elements(whole[0].content)) if whole else []
    if fields and fields[0].tag == 0xA0:  # the version is optional
        fields = fields[1:]
    if len(whole) < 2 or len(fields) < 6:
        raise BadDer("not a certificate")
    encoded = next((field.content for field in fields[6:] if field.tag == EXPLICIT_EXTENSIONS), b"")
    found = tuple(map(_extension, elements(inside(encoded)))) if encoded else ()
    return RawCertificate(fields[1].whole, whole[1].whole, inside(fields[5].content), found)


def _extension(element: Element) -> RawExtension:
    parts = list(elements(element.content))
    if len(parts) < 2 or parts[0].tag != OBJECT_ID or parts[-1].tag != OCTETS:
        raise BadDer("not an extension")
    critical = parts[1].tag == BOOLEAN and parts[1].content != b"\x00"
    return RawExtension(parts[0].content, critical, parts[-1].content)
