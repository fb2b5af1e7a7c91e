"""How strict a TLS client is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strength:
    """What a client accepts: SHA-1 signatures, the least RSA modulus in bits, keys of Edwards curves, the extended key usage
    *any* for a server's, serial numbers below zero (Go refuses them since 1.23), critical name constraints on names that are
    neither a host's nor an address, a mailbox or a URI (Go knows no others), and a common name where there is no other."""

    accepts_sha1: bool = False
    minimum_rsa: int = 1024
    accepts_ed25519: bool = True
    any_usage: bool = True
    negative_serials: bool = True
    odd_constraints: bool = True
    common_name: bool = False
