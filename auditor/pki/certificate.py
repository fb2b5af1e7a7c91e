"""A certificate as a frozen value with all fields that the audit needs, parsed once.

Two certificates are equal if their DER is equal. Texts from inside a certificate (names, URLs) are printable and bounded.
"""

from __future__ import annotations

import datetime
import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from auditor.pki.extensions import Extensions, read_extensions
from auditor.text import printable

MAX_CERTIFICATE = 1024 * 1024

_VERSION = "is not a valid X509 version"
# What the library says, and the same for people.
_PLAIN = {
    "relative distinguished name cannot be empty": "its subject or issuer has an empty part, which the auditor does not read",
    "duplicate attributes are not allowed": "its subject or issuer has one attribute twice, which the auditor does not read",
}


class UnreadableCertificate(ValueError):
    """The bytes are not a certificate. `str(error)` gives the reason."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate. Dates are UTC, hashes lower-case hex, subject and issuer RFC 4514, `key_size` in bits.

    `name` is for display: the common name, else unit or organisation, the first alternative name, the subject. `signature_hash`
    is empty if the signature algorithm has none (Ed25519) or is unknown.
    """

    sha256: str
    serial: int = field(compare=False, repr=False)
    der: bytes = field(compare=False, repr=False)
    sha1: str = field(compare=False, repr=False)
    subject: str = field(compare=False)
    issuer: str = field(compare=False, repr=False)
    name: str = field(compare=False, repr=False)
    issuer_name: str = field(compare=False, repr=False)
    common_name: str = field(compare=False, repr=False)
    not_before: datetime.datetime = field(compare=False, repr=False)
    not_after: datetime.datetime = field(compare=False, repr=False)
    extensions: Extensions = field(compare=False, repr=False)
    key_kind: str = field(compare=False, repr=False)
    key_size: int = field(compare=False, repr=False)
    signature_hash: str = field(compare=False, repr=False)
    subject_der: bytes = field(compare=False, repr=False)
    issuer_der: bytes = field(compare=False, repr=False)
    key_digest: bytes = field(compare=False, repr=False)
    parsed: x509.Certificate = field(compare=False, repr=False)

    @property
    def self_signed(self) -> bool:
        """Return whether subject and issuer are equal. The signature is not verified; clients do not verify a root's either."""
        if self.subject_der != self.issuer_der:
            return False
        return not (self.extensions.aki and self.extensions.ski) or self.extensions.aki == self.extensions.ski

    @property
    def may_issue(self) -> bool:
        """Return whether it states that it is a CA, or is X.509 version 1, which cannot state it."""
        if self.extensions.is_ca is None:
            return self.self_signed and self.parsed.version is x509.Version.v1
        return self.extensions.is_ca


@contextmanager
def _without_warnings() -> Iterator[None]:
    # Real roots have serial number 0 or names of more than 64 characters. Such certificates are read as far as possible.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _short(name: x509.Name) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        values = name.get_attributes_for_oid(oid)
        if values:
            return printable(_text(values[-1].value), 120)
    return ""


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _key(parsed: x509.Certificate) -> tuple[str, int, bytes]:
    """Return kind, size and digest of the public key; kind `unknown` if the library does not support the algorithm."""
    try:
        key = parsed.public_key()
        digest = hashlib.sha256(
            key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        ).digest()
    except Exception:  # noqa: BLE001 - as above
        return "unknown", 0, hashlib.sha256(parsed.tbs_certificate_bytes).digest()
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size, digest
        case ec.EllipticCurvePublicKey():
            return "EC", key.key_size, digest
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256, digest
        case ed448.Ed448PublicKey():
            return "Ed448", 456, digest
        case dsa.DSAPublicKey():
            return "DSA", key.key_size, digest
        case _:
            return type(key).__name__.removesuffix("PublicKey").lstrip("_"), 0, digest


def _signature_hash(parsed: x509.Certificate) -> str:
    try:
        algorithm = parsed.signature_hash_algorithm
    except Exception:  # noqa: BLE001 - as above
        return ""
    return algorithm.name if algorithm is not None else ""


def _why(error: Exception) -> str:
    """Return the library's reason, or a general one if it only quotes its parser's source code."""
    said = printable(str(error), 200)
    if said.endswith(_VERSION):
        return f"its version field has the value {said.partition(' ')[0]}, and the auditor reads only versions 1 and 3"
    if (plain := next((text for words, text in _PLAIN.items() if words in said), "")) or not said:
        return plain or "it is not an X.509 certificate"
    return "it is not an X.509 certificate" if not said or "ParseError" in said else said


def parse_certificate(der: bytes) -> Certificate:
    """Parse one DER certificate. Raises UnreadableCertificate; unreadable extensions only set `extensions.defect`."""
    if len(der) > MAX_CERTIFICATE:
        raise UnreadableCertificate(f"{len(der):,} bytes, more than {MAX_CERTIFICATE:,}")
    with _without_warnings():
        try:
            parsed = x509.load_der_x509_certificate(der)
            return _certificate(der, parsed)
        except Exception as error:
            raise UnreadableCertificate(_why(error)) from error


def _certificate(der: bytes, parsed: x509.Certificate) -> Certificate:
    extensions = read_extensions(parsed)
    subject = printable(parsed.subject.rfc4514_string())
    common = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    kind, size, digest = _key(parsed)
    issuer = printable(parsed.issuer.rfc4514_string())
    sha1 = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(),
        serial=parsed.serial_number,
        der=der,
        sha1=sha1,
        subject=subject,
        issuer=issuer,
        issuer_name=_short(parsed.issuer) or issuer,
        name=_short(parsed.subject)
        or next(iter(extensions.dns_names + extensions.ip_addresses), "")
        or subject
        or f"SHA-1 {sha1}",
        common_name=printable(_text(common[-1].value)) if common else "",
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        extensions=extensions,
        key_kind=kind,
        key_size=size,
        signature_hash=_signature_hash(parsed),
        subject_der=parsed.subject.public_bytes(),
        issuer_der=parsed.issuer.public_bytes(),
        key_digest=digest,
        parsed=parsed,
    )
