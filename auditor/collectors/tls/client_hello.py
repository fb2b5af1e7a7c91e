"""The ClientHello of a client that supports everything, and of one that supports little (RFC 5246, RFC 8446).

Python's `ssl` offers fixed suites for TLS 1.3, cannot choose groups before Python 3.15, and hides what a server asks for and
staples. So the collector writes and reads the first flight of a handshake itself.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NEW = 0x0304
_SCHEMES = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C),  # ECDSA, EdDSA, ECDSA with brainpool
    *(0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),  # RSA-PSS
    *(0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0302, 0x0402),  # RSA PKCS #1, SHA-224, DSA
    *(0x0904, 0x0905, 0x0906),  # ML-DSA
    *(0x0203, 0x0201, 0x0202, 0x0101),  # SHA-1 and MD5
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a ClientHello offers. `versions`, `suites` and `groups` are numbers of the protocol; `shares` are public keys by
    group. `name` is the server's name; empty for an address."""

    versions: tuple[int, ...]
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    name: str = ""
    shares: Mapping[int, bytes] = field(default_factory=dict)

    def message(self) -> bytes:
        """Return the handshake message ClientHello, without the record around it."""
        body = struct.pack(">H", min(0x0303, max(self.versions)))
        body += secrets.token_bytes(32)
        body += _vector8(secrets.token_bytes(32) if NEW in self.versions else b"")
        body += _vector16(b"".join(struct.pack(">H", suite) for suite in self.suites))
        body += _vector8(b"\0")
        body += _vector16(b"".join(struct.pack(">H", kind) + _vector16(data) for kind, data in self._extensions()))
        return b"\x01" + len(body).to_bytes(3, "big") + body

    def _extensions(self) -> Iterable[tuple[int, bytes]]:
        if self.name:
            yield 0, _vector16(b"\0" + _vector16(self.name.encode("ascii")))
        yield 5, b"\x01\0\0\0\0"  # status_request: the server may staple an OCSP answer
        yield 10, _vector16(b"".join(struct.pack(">H", group) for group in self.groups))
        yield 11, _vector8(b"\0")
        yield 13, _vector16(b"".join(struct.pack(">H", scheme) for scheme in _SCHEMES))
        yield 23, b""  # extended master secret
        yield 0xFF01, _vector8(b"")  # secure renegotiation
        if NEW in self.versions:
            yield 43, _vector8(b"".join(struct.pack(">H", version) for version in self.versions))
            yield 51, _vector16(b"".join(struct.pack(">H", group) + _vector16(key) for group, key in self.shares.items()))


def record(message: bytes) -> bytes:
    """Return a handshake message in a record. ClientHellos say TLS 1.0 here, as every client does."""
    return b"\x16\x03\x01" + _vector16(message)


def _vector8(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def _vector16(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data
