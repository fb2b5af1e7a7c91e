"""Whom a client would ask whether the certificates of a path were revoked, and what a CRL that was seen answers.

A client that checks revocation asks about every certificate of the path but the anchor. One answer by CRL or OCSP is
enough for each.
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
    """The bytes are no CRL, or not one of this issuer. `str(error)` says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """A certificate of a path, who issued it, and where one may ask whether it was revoked."""

    certificate: Certificate
    issuer: Certificate
    crl_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that may be dialled for it, in the order of CryptoAPI: OCSP first."""
        return (*self.ocsp_urls, *self.crl_urls)


@dataclass(frozen=True, slots=True)
class Crl:
    """What a CRL says: when it was made and until when it counts (None: it does not say), and what it revokes, by serial."""

    made: datetime.datetime
    until: datetime.datetime | None
    parsed: x509.CertificateRevocationList

    def ends(self, at: datetime.datetime) -> str:
        """Why it does not count at a moment; empty when it does."""
        if self.until is not None and at > self.until:
            return f"it counted until {moment(self.until)}"
        return f"it counts from {moment(self.made)}" if at < self.made else ""

    def revokes(self, certificate: Certificate) -> bool:
        """Whether it names the certificate. Raises UnreadableCrl: the library reads the entries only now."""
        try:
            if certificate.serial < 0:  # which the library's search refuses
                return any(entry.serial_number == certificate.serial for entry in self.parsed)
            return self.parsed.get_revoked_certificate_by_serial_number(certificate.serial) is not None
        except Exception as error:
            raise UnreadableCrl(printable(str(error), 200) or "its entries cannot be read") from error


def questions(path: Path) -> tuple[Question, ...]:
    """What a client asks about an anchored path, leaf first."""
    pairs = zip(path.certificates, path.certificates[1:], strict=False)
    return tuple(Question(one, issuer, one.extensions.crl_urls, one.extensions.ocsp) for one, issuer in pairs)


def read_crl(data: bytes, issuer: Certificate) -> Crl:
    """Read a CRL, DER or PEM, that `issuer` signed. Raises UnreadableCrl."""
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
    if partial:
        raise UnreadableCrl(partial)
    return crl


def _partial(parsed: x509.CertificateRevocationList) -> str:
    """Why a CRL alone does not answer for all certificates of its issuer, or may mean something else; empty when it does."""
    for extension in parsed.extensions:
        match extension.value:
            case x509.DeltaCRLIndicator():
                return "it is a delta CRL, which counts only beside its base"
            case x509.IssuingDistributionPoint() as point if point.indirect_crl or point.only_some_reasons:
                return "it covers certificates of other issuers, or only some reasons"
            case x509.IssuingDistributionPoint() | x509.CRLNumber() | x509.AuthorityKeyIdentifier():
                continue
            case _ if extension.critical:
                return f"it has a critical extension that is not known: {extension.oid.dotted_string}"
    return ""
