"""OCSP responses that a server staples to its certificate (RFC 6960, RFC 6066), as a client that uses them reads them."""

from __future__ import annotations

import datetime
import enum
import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.pki.certificate import Certificate
from auditor.text import moment, printable

_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class StapleState(enum.Enum):
    """What a stapled response states about the server's certificate."""

    NONE = "none"  # nothing is stapled
    GOOD = "good"
    REVOKED = "revoked"
    UNUSABLE = "unusable"  # a client treats it as if nothing were stapled


@dataclass(frozen=True, slots=True)
class Staple:
    """A stapled response as read. `why` is a clause: why it is unusable, or since when the certificate is revoked."""

    state: StapleState
    why: str = ""
    until: datetime.datetime | None = None


def read_staple(body: bytes, leaf: Certificate, issuer: Certificate | None, at: datetime.datetime) -> Staple:
    """Return what a stapled response (DER) states about `leaf` at a moment. `issuer` is None if it is unknown. Never raises."""
    if not body:
        return Staple(StapleState.NONE)
    try:
        return _read(body, leaf, issuer, at)
    except Exception as error:  # noqa: BLE001 - the library raises what it likes for odd responses
        return _unusable(f"it cannot be read: {printable(str(error), 120)}")


def _unusable(why: str, until: datetime.datetime | None = None) -> Staple:
    return Staple(StapleState.UNUSABLE, f"the endpoint staples an OCSP response that clients do not use: {why}", until)


def _read(body: bytes, leaf: Certificate, issuer: Certificate | None, at: datetime.datetime) -> Staple:
    response = ocsp.load_der_ocsp_response(body)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return _unusable(f"the responder answered {response.response_status.name.lower().replace('_', ' ')}")
    single = next((one for one in response.responses if _is_about(one, leaf, issuer)), None)
    if single is None:
        return _unusable("it is about another certificate")
    start, end = single.this_update_utc, single.next_update_utc
    if at < start:
        return _unusable(f"it is valid only from {moment(start)}", end)
    if end is not None and at > end:
        return _unusable(f"it ended on {moment(end)}", end)
    if issuer is not None and (why := _signature_fault(response, issuer, at)):
        return _unusable(why, end)
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        since = single.revocation_time_utc
        when = f" on {moment(since)}" if since is not None else ""
        return Staple(StapleState.REVOKED, f"the stapled OCSP response states that its CA revoked it{when}", end)
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return _unusable("the responder does not know the certificate", end)
    return Staple(StapleState.GOOD, until=end)


def _is_about(single: ocsp.OCSPSingleResponse, leaf: Certificate, issuer: Certificate | None) -> bool:
    if single.serial_number != leaf.parsed.serial_number:
        return False
    hashed = _HASHES.get(single.hash_algorithm.name)
    if hashed is None:
        return True
    if single.issuer_name_hash != hashed(leaf.parsed.issuer.public_bytes()).digest():
        return False
    if issuer is None:
        return True
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.parsed.public_key()).digest
    return hashed is not hashlib.sha1 or single.issuer_key_hash == key


def _signature_fault(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime.datetime) -> str:
    """Return why the response is not authentic: the issuer, or a responder that it authorised, must sign it."""
    keys = [issuer.parsed.public_key()]
    for signer in response.certificates[:5]:
        usage = _usage(signer)
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and _issued(signer, issuer.parsed):
            if not signer.not_valid_before_utc <= at <= signer.not_valid_after_utc:
                return "the certificate of its responder is not valid"
            keys.insert(0, signer.public_key())
    signed = any(_verifies(key, response) for key in keys)
    return "" if signed else "neither the issuer nor a responder that it authorised signed it"


def _usage(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, ValueError):
        return []


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _verifies(key: object, response: ocsp.OCSPResponse) -> bool:
    algorithm = response.signature_hash_algorithm
    try:
        _verify(key, response.signature, response.tbs_response_bytes, algorithm)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _verify(key: object, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | None) -> None:
    """Verify a signature. Raises InvalidSignature, TypeError, ValueError."""
    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, data)
        case rsa.RSAPublicKey() if algorithm is not None:
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        case ec.EllipticCurvePublicKey() if algorithm is not None:
            key.verify(signature, data, ec.ECDSA(algorithm))
        case dsa.DSAPublicKey() if algorithm is not None:
            key.verify(signature, data, algorithm)
        case _:
            raise TypeError("no known kind of key")
