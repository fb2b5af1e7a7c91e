"""Whether one certificate signed another. Each pair is verified once per process."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from auditor.pki.certificate import Certificate

_ECDSA_SHA1 = "1.2.840.10045.4.1"
BROKEN_HASHES = frozenset({"md2", "md4", "md5"})


@lru_cache(maxsize=65_536)
def signature_flaw(child: Certificate, issuer: Certificate) -> str:
    """Return why the issuer's key does not verify the child's signature, or an empty string if it does.

    SHA-1 is verified like any other hash. Whether it is accepted depends on the client.
    """
    try:
        signed = _verify(child, issuer)
    except InvalidSignature:
        return f"its signature does not verify with the key of {issuer.name}"
    except Exception as error:  # noqa: BLE001 - the library raises what it likes for odd keys and parameters
        return f"its signature cannot be verified with the key of {issuer.name}: {str(error)[:120] or type(error).__name__}"
    return "" if signed else f"its signature algorithm does not match the {issuer.key_kind} key of {issuer.name}"


def _verify(child: Certificate, issuer: Certificate) -> bool:
    """Return False if algorithm and key do not match. Raises the library's exception if the signature is wrong."""
    signed, key = child.parsed, issuer.parsed.public_key()
    signature, content = signed.signature, signed.tbs_certificate_bytes
    parameters, algorithm = signed.signature_algorithm_parameters, signed.signature_hash_algorithm
    match key, parameters:
        case rsa.RSAPublicKey(), padding.PKCS1v15() | padding.PSS() if algorithm is not None:
            key.verify(signature, content, parameters, algorithm)
        case rsa.RSAPublicKey(), None if algorithm is not None and algorithm.name in BROKEN_HASHES:
            # The library states no padding for MD5; PKCS#1 v1.5 is the only one in use.
            key.verify(signature, content, padding.PKCS1v15(), algorithm)
        case ec.EllipticCurvePublicKey(), ec.ECDSA():
            key.verify(signature, content, parameters)
        case ec.EllipticCurvePublicKey(), None if algorithm is not None and _oid(child) == _ECDSA_SHA1:
            key.verify(signature, content, ec.ECDSA(algorithm))  # the library states no parameters for ecdsa-with-SHA1
        case (ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey(), None) if algorithm is None:
            key.verify(signature, content)
        case _:
            return False
    return True


def _oid(certificate: Certificate) -> str:
    return certificate.parsed.signature_algorithm_oid.dotted_string
