"""Keys of signatures: ECDSA, Ed25519 and RSA keys in PEM files.

ECDSA and RSA (PKCS #1 v1.5) sign the SHA-256 of the message, as cosign does, so that cosign and OpenSSL verify the result.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

MAX_KEY: Final = 64 * 1024
MIN_RSA: Final = 2048
MAX_RSA: Final = 8192
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_CREATE: Final = "Create a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -out key.pem`."
_CONVERT: Final = "Convert a key in DER form with `openssl pkey -in KEY -out key.pem`."
_COSIGN: Final = (b"ENCRYPTED SIGSTORE PRIVATE KEY", b"ENCRYPTED COSIGN PRIVATE KEY")

Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class UnusableKey(Exception):
    """A key file that cannot be used. The text is the reason, `hint` the way out."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class PassphraseNeeded(Exception):
    """The private key is encrypted, and no passphrase was given."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key that verifies signatures. `source` says what the file holds, such as "the certificate of CN=audit"."""

    key: Public
    source: str

    @property
    def name(self) -> str:
        """The algorithm and the fingerprint, such as `ECDSA P-256, SHA256:…`."""
        return f"{_algorithm(self.key)}, {fingerprint(self.key)}"

    def accepts(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature was made over the message with this key."""
        try:
            match self.key:
                case ec.EllipticCurvePublicKey():
                    self.key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
                case ed25519.Ed25519PublicKey():
                    self.key.verify(signature, message)
                case rsa.RSAPublicKey():
                    self.key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def sign(key: Private, message: bytes) -> bytes:
    """Return the signature over the message."""
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(message, ec.ECDSA(hashes.SHA256()))
        case ed25519.Ed25519PrivateKey():
            return key.sign(message)
        case rsa.RSAPrivateKey():
            return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def load_private(data: bytes, passphrase: bytes | None) -> Private:
    """Parse a private key in PEM. Raises UnusableKey, or PassphraseNeeded without a passphrase for an encrypted key."""
    if any(kind in data for kind in _COSIGN):
        raise UnusableKey(
            "it is a key in cosign's own encrypted format",
            _CREATE,
        )
    if b"PRIVATE KEY" not in data:
        if _holds_public(data):
            raise UnusableKey("it holds a public key or a certificate, not a private key", "Name the private key.")
        raise UnusableKey("it holds no private key in PEM form", _CONVERT)
    try:
        key = serialization.load_pem_private_key(data, password=passphrase or None)
    except TypeError as error:
        if passphrase:  # the key is not encrypted
            return load_private(data, None)
        raise PassphraseNeeded from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if passphrase and b"ENCRYPTED" in data:
            raise UnusableKey("it cannot be decrypted: the passphrase is wrong, or the file is damaged") from error
        hint = _CREATE if b"OPENSSH" in data else _KINDS
        raise UnusableKey("its private key is damaged or of an unknown kind", hint) from error
    checked(key.public_key())
    if not isinstance(key, Private):
        raise UnusableKey("its private key is of an unsupported kind", _KINDS)
    return key


def load_public(data: bytes) -> PublicKey:
    """Parse a public key or a certificate in PEM. Raises UnusableKey."""
    if b"-----BEGIN CERTIFICATE-----" in data:
        try:
            certificate = x509.load_pem_x509_certificate(data)
            return PublicKey(checked(certificate.public_key()), f"the certificate of {certificate.subject.rfc4514_string()}")
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UnusableKey("its certificate is damaged or has a key of an unknown kind", _KINDS) from error
    if not _holds_public(data):
        if b"PRIVATE KEY-----" in data:
            hint = "Write the public key with `openssl pkey -in KEY -pubout -out public.pem`, and name that file."
            raise UnusableKey("it is a private key", hint)
        raise UnusableKey("it holds neither a public key nor a certificate in PEM form", "Name the public key of the signer.")
    try:
        return PublicKey(checked(serialization.load_pem_public_key(data)), "the public key")
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("its public key is damaged or of an unknown kind", _KINDS) from error


_KINDS: Final = "Use ECDSA (P-256, P-384, P-521), Ed25519, or RSA with 2048 to 8192 bits."


def checked(key: object) -> Public:
    """Return the key if its kind and size are supported. Raises UnusableKey."""
    if isinstance(key, rsa.RSAPublicKey) and not MIN_RSA <= key.key_size <= MAX_RSA:
        raise UnusableKey(f"its RSA key has {key.key_size} bits", _KINDS)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        raise UnusableKey(f"its key is on the curve {key.curve.name}", _KINDS)
    if not isinstance(key, Public):
        raise UnusableKey(f"its key is of the kind {type(key).__name__.removesuffix('PublicKey')}", _KINDS)
    return key


def fingerprint(key: Public) -> str:
    """Return the SHA-256 of the public key (SubjectPublicKeyInfo), in base64 as OpenSSH prints it."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"SHA256:{base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip('=')}"


def _algorithm(key: Public) -> str:
    match key:
        case ec.EllipticCurvePublicKey():
            return f"ECDSA P-{key.curve.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"


def _holds_public(data: bytes) -> bool:
    return b"-----BEGIN PUBLIC KEY-----" in data or b"-----BEGIN CERTIFICATE-----" in data or b"RSA PUBLIC KEY-----" in data
