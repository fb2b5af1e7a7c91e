"""How strict a TLS client is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strength:
    """What a client accepts: SHA-1 signatures; the minimum RSA modulus in bits; keys on Edwards curves; the extended key usage
    *any* for a server; negative serial numbers (Go rejects them since 1.23); critical name constraints on names other than
    host, address, mailbox or URI (Go supports no others); and a common name if there is no alternative name. `strict`: it
    rejects certificates that violate RFC 5280 (OpenSSL's X509_V_FLAG_X509_STRICT).
    """

    accepts_sha1: bool = False
    minimum_rsa: int = 1024
    accepts_ed25519: bool = True
    any_usage: bool = True
    negative_serials: bool = True
    odd_constraints: bool = True
    common_name: bool = False
    strict: bool = False
