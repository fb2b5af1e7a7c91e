"""Where a client checks the revocation of a path's certificates, and what a collected CRL answers.

A client that checks revocation needs one CRL or OCSP answer for each certificate of the path except the anchor.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509

from auditor.pki.certificate import Certificate
from auditor.pki.verdicts import Path
from auditor.text import moment, printable

MAX_CRL = 16 * 1024 * 1024


class UnreadableCrl(ValueError):
    """The bytes are not a CRL, or not one of this issuer. `str(error)` gives the reason."""


@dataclass(frozen=True, slots=True)
class RevocationSubject:
    """A certificate of a path, its issuer, and the URLs for its revocation status."""

    certificate: Certificate
    issuer: Certificate
    crl_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """Return every URL that a client may connect to, in the order of CryptoAPI: OCSP first."""
        return (*self.ocsp_urls, *self.crl_urls)


def is_ldap(url: str) -> bool:
    """Return whether a URL is in a directory, which no web server can serve."""
    return url.lower().startswith(("ldap:", "ldaps:"))


def in_directory(url: str) -> bool:
    """Return whether a URL is in the node's own Active Directory: `ldap:///…`, which names no server."""
    return url.lower().startswith("ldap:///")


def web_first(urls: tuple[str, ...]) -> str:
    """Return the first URL that is not in a directory, else the first URL, else an empty string."""
    return next((url for url in urls if not is_ldap(url)), urls[0] if urls else "")


@dataclass(frozen=True, slots=True)
class Crl:
    """A CRL: its validity period (`until` is None if not stated) and the revoked serial numbers."""

    made: datetime.datetime
    until: datetime.datetime | None
    parsed: x509.CertificateRevocationList

    def ends(self, at: datetime.datetime) -> str:
        """Return why it is not valid at a moment, or an empty string."""
        if self.until is not None and at > self.until:
            return f"it expired on {moment(self.until)}"
        return f"it is valid only from {moment(self.made)}" if at < self.made else ""

    def leaves_out(self, certificate: Certificate) -> str:
        """Return why it states nothing about a certificate of its issuer, or an empty string (RFC 5280, 6.3.3)."""
        point = next(
            (one.value for one in self.parsed.extensions if isinstance(one.value, x509.IssuingDistributionPoint)), None
        )
        if point is None:
            return ""
        is_ca = bool(certificate.extensions.is_ca)
        if point.only_contains_attribute_certs or (point.only_contains_user_certs and is_ca):
            return "it covers no CA certificates"
        if point.only_contains_ca_certs and not is_ca:
            return "it covers only CA certificates"
        own = _point_names(certificate)
        named = {*(point.full_name or ()), *([point.relative_name] if point.relative_name is not None else [])}
        if named and own and not own & named:
            return "it was issued for another distribution point"
        return ""

    def revokes(self, certificate: Certificate) -> bool:
        """Return whether it lists the certificate. Raises UnreadableCrl, because the library parses entries only on access."""
        try:
            if certificate.serial < 0:  # the library's search rejects it
                return any(entry.serial_number == certificate.serial for entry in self.parsed)
            return self.parsed.get_revoked_certificate_by_serial_number(certificate.serial) is not None
        except Exception as error:
            raise UnreadableCrl(printable(str(error), 200) or "its entries cannot be read") from error


def questions(path: Path) -> tuple[RevocationSubject, ...]:
    """Return what a client asks about an anchored path, leaf first."""
    pairs = zip(path.certificates, path.certificates[1:], strict=False)
    return tuple(RevocationSubject(one, issuer, one.extensions.crl_urls, one.extensions.ocsp) for one, issuer in pairs)


def read_crl(data: bytes, issuer: Certificate) -> Crl:
    """Parse a CRL, DER or PEM, signed by `issuer`. Raises UnreadableCrl."""
    if len(data) > MAX_CRL:
        raise UnreadableCrl(f"{len(data):,} bytes, more than {MAX_CRL:,}")
    try:
        pem = data.lstrip().startswith(b"-----BEGIN")
        parsed = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        other = "" if parsed.issuer.public_bytes() == issuer.subject_der else parsed.issuer.rfc4514_string()
        signed = bool(other) or parsed.is_signature_valid(issuer.parsed.public_key())  # type: ignore[arg-type]
        crl, partial = Crl(parsed.last_update_utc, parsed.next_update_utc, parsed), _partial(parsed)
    except Exception as error:
        raise UnreadableCrl(printable(str(error), 200) or "no CRL") from error
    if other:
        raise UnreadableCrl(f"it is the CRL of {printable(other, 120)}, not of {issuer.name}")
    if not signed:
        raise UnreadableCrl(f"its signature does not verify with the key of {issuer.name}")
    if issuer.extensions.signs_crls is False:
        raise UnreadableCrl(f"the key usage of {issuer.name} does not allow it to sign CRLs")
    if partial:
        raise UnreadableCrl(partial)
    return crl


def _point_names(certificate: Certificate) -> set[x509.GeneralName | x509.RelativeDistinguishedName]:
    """Return the names of a certificate's CRL distribution points; empty if it has none."""
    try:
        points = certificate.parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError, TypeError):
        return set()
    relative = {point.relative_name for point in points if point.relative_name is not None}
    return {*relative, *(name for point in points for name in (*(point.full_name or ()), *(point.crl_issuer or ())))}


def _partial(parsed: x509.CertificateRevocationList) -> str:
    """Return why a CRL alone does not cover all certificates of its issuer, or an empty string."""
    for extension in parsed.extensions:
        match extension.value:
            case x509.DeltaCRLIndicator():
                return "it is a delta CRL, which is valid only with its base"
            case x509.IssuingDistributionPoint() as point if point.indirect_crl or point.only_some_reasons:
                return "it covers certificates of other issuers, or only some reasons"
            case x509.IssuingDistributionPoint() | x509.CRLNumber() | x509.AuthorityKeyIdentifier():
                continue
            case _ if extension.critical:
                return f"it has an unknown critical extension: {extension.oid.dotted_string}"
    return ""
