"""The parts of a certificate as encoded, also those that the parsing library hides or rejects."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.pki.der import BOOLEAN, OBJECT_ID, OCTETS, SEQUENCE, Element, NotDer, elements

EXPLICIT_EXTENSIONS = 0xA3


@dataclass(frozen=True, slots=True)
class RawExtension:
    """One extension as encoded: OID content, criticality, and the DER value."""

    oid: bytes
    critical: bool
    value: bytes


def inside(data: bytes, tag: int = SEQUENCE) -> bytes:
    """Return the content of the first element, which must have this tag. Raises NotDer."""
    first = next(elements(data), None)
    if first is None or first.tag != tag:
        raise NotDer("unexpected element")
    return first.content


@dataclass(frozen=True, slots=True)
class RawCertificate:
    """The parts of a certificate as encoded: both signature algorithms, the algorithm of the key, and the extensions."""

    inner_algorithm: bytes
    outer_algorithm: bytes
    key_algorithm: bytes
    extensions: tuple[RawExtension, ...]


def raw_certificate(der: bytes) -> RawCertificate:
    """Split a DER certificate into its parts. Raises NotDer."""
    whole = list(elements(inside(der)))
    fields = list(elements(whole[0].content)) if whole else []
    if fields and fields[0].tag == 0xA0:  # the version is optional
        fields = fields[1:]
    if len(whole) < 2 or len(fields) < 6:
        raise NotDer("not a certificate")
    encoded = next((field.content for field in fields[6:] if field.tag == EXPLICIT_EXTENSIONS), b"")
    found = tuple(map(_extension, elements(inside(encoded)))) if encoded else ()
    return RawCertificate(fields[1].whole, whole[1].whole, inside(fields[5].content), found)


def _extension(element: Element) -> RawExtension:
    parts = list(elements(element.content))
    if len(parts) < 2 or parts[0].tag != OBJECT_ID or parts[-1].tag != OCTETS:
        raise NotDer("not an extension")
    critical = parts[1].tag == BOOLEAN and parts[1].content != b"\x00"
    return RawExtension(parts[0].content, critical, parts[-1].content)
