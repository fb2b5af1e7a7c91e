"""Decrypt the flight of a TLS 1.3 server: the key schedule and the records of RFC 8446, sections 5 and 7."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Iterator, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.collectors.tls.server_flight import BadFlight

Cipher = AESGCM | AESCCM | ChaCha20Poly1305
_CURVES: Mapping[int, ec.EllipticCurve] = {0x17: ec.SECP256R1(), 0x18: ec.SECP384R1(), 0x19: ec.SECP521R1()}
# By suite: the hash, the bytes of the key, and the cipher.
_SUITES: Mapping[int, tuple[str, int, Callable[[bytes], Cipher]]] = {
    0x1301: ("sha256", 16, AESGCM),
    0x1302: ("sha384", 32, AESGCM),
    0x1303: ("sha256", 32, ChaCha20Poly1305),
    0x1304: ("sha256", 16, AESCCM),
    0x1305: ("sha256", 16, lambda key: AESCCM(key, 8)),
}


class Keys:
    """A fresh key pair for each group whose secret can be computed."""

    def __init__(self) -> None:
        self._x25519 = x25519.X25519PrivateKey.generate()
        self._x448 = x448.X448PrivateKey.generate()
        self._curves = {group: ec.generate_private_key(curve) for group, curve in _CURVES.items()}

    @property
    def shares(self) -> dict[int, bytes]:
        """Return the public keys by group, as a ClientHello has them."""
        raw = Encoding.Raw, PublicFormat.Raw
        point = Encoding.X962, PublicFormat.UncompressedPoint
        return {
            0x1D: self._x25519.public_key().public_bytes(*raw),
            **{group: key.public_key().public_bytes(*point) for group, key in self._curves.items()},
            0x1E: self._x448.public_key().public_bytes(*raw),
        }

    def secret(self, group: int, share: bytes) -> bytes:
        """Return the shared secret. Raises BadFlight for an invalid share or an unknown group."""
        try:
            if group == 0x1D:
                return self._x25519.exchange(x25519.X25519PublicKey.from_public_bytes(share))
            if group == 0x1E:
                return self._x448.exchange(x448.X448PublicKey.from_public_bytes(share))
            peer = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[group], share)
            return self._curves[group].exchange(ec.ECDH(), peer)
        except (KeyError, ValueError) as error:
            raise BadFlight("the server's key share is not usable") from error


class Decrypter:
    """Decrypts the records of a server in order."""

    def __init__(self, suite: int, secret: bytes, transcript: bytes) -> None:
        """`transcript` is ClientHello and ServerHello, as messages without records. Raises BadFlight for an unknown suite."""
        if suite not in _SUITES:
            raise BadFlight("the server's cipher suite is not usable")
        self._hash, length, cipher = _SUITES[suite]
        size = hashlib.new(self._hash).digest_size
        early = self._extract(bytes(size), bytes(size))
        empty = hashlib.new(self._hash).digest()
        handshake = self._extract(self._expand(early, b"derived", empty, size), secret)
        traffic = self._expand(handshake, b"s hs traffic", hashlib.new(self._hash, transcript).digest(), size)
        self._cipher = cipher(self._expand(traffic, b"key", b"", length))
        self._iv = int.from_bytes(self._expand(traffic, b"iv", b"", 12), "big")
        self._count = 0

    def opened(self, header: bytes, body: bytes) -> tuple[int, bytes]:
        """Return type and content of a record. Raises BadFlight if it is not authentic."""
        nonce = (self._iv ^ self._count).to_bytes(12, "big")
        self._count += 1
        try:
            inner = self._cipher.decrypt(nonce, body, header).rstrip(b"\0")
        except (InvalidTag, ValueError) as error:
            raise BadFlight("a record cannot be decrypted") from error
        if not inner:
            raise BadFlight("a record is empty")
        return inner[-1], inner[:-1]

    def _extract(self, salt: bytes, secret: bytes) -> bytes:
        return hmac.new(salt, secret, self._hash).digest()

    def _expand(self, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        name = b"tls13 " + label
        info = struct.pack(">H", length) + bytes((len(name),)) + name + bytes((len(context),)) + context
        return b"".join(self._blocks(secret, info, length))[:length]

    def _blocks(self, secret: bytes, info: bytes, length: int) -> Iterator[bytes]:
        block, made, count = b"", 0, 1
        while made < length:
            block = hmac.new(secret, block + info + bytes((count,)), self._hash).digest()
            yield block
            made, count = made + len(block), count + 1
