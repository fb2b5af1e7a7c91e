"""Which keys a TLS library accepts: `facts/tls_keys.yaml`, by the name of the key's algorithm or curve."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec

from auditor.facts import Fact, remembered, table
from auditor.pki.certificate import Certificate
from auditor.pki.der import OBJECT_ID, NotDer, elements
from auditor.pki.raw_certificate import raw_certificate

Library = Literal["go", "java", "openssl", "windows"]
Answer = Literal["accepted", "refused", "unknown"]
EXPLICIT = "explicit EC parameters"


class KeyRule(Fact, frozen=True, kw_only=True):
    """What a library does with a kind of key. `error` is its error text if it refuses the key; empty if unknown."""

    library: Library
    key: str
    chain: Answer
    tls12: Answer
    tls13: Answer
    error: str = ""


@remembered
def _rules() -> dict[tuple[Library, str], KeyRule]:
    rows: tuple[KeyRule, ...] = table("tls_keys", KeyRule)
    return {(row.library, row.key): row for row in rows}


@lru_cache(maxsize=16_384)
def key_name(certificate: Certificate) -> str:
    """Return the curve or algorithm of a certificate's key, as the facts name it: `secp256r1`, `ML-DSA-65`, or an OID."""
    if certificate.key_kind == "EC":
        return _curve(certificate)
    if certificate.key_kind.startswith("MLDSA"):
        return f"ML-DSA-{certificate.key_kind.removeprefix('MLDSA')}"
    return (
        certificate.parsed.public_key_algorithm_oid.dotted_string if certificate.key_kind == "unknown" else certificate.key_kind
    )


def _curve(certificate: Certificate) -> str:
    try:
        parts = list(elements(raw_certificate(certificate.der).key_algorithm))
    except NotDer:
        parts = []
    if len(parts) < 2 or parts[1].tag != OBJECT_ID:
        return EXPLICIT
    key = certificate.parsed.public_key()
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else certificate.key_kind


def in_chain(library: Library, name: str) -> tuple[Answer, str]:
    """Return whether a library verifies a chain with a key, and its error."""
    rule = _rules().get((library, name))
    return (rule.chain, rule.error) if rule is not None else ("unknown", "")


def in_handshake(library: Library, name: str) -> tuple[Answer, str]:
    """Return whether a library accepts a key of the server, and its error. TLS versions that differ make it unknown."""
    rule = _rules().get((library, name))
    if rule is None:
        return "unknown", ""
    return (rule.tls12 if rule.tls12 == rule.tls13 else "unknown"), rule.error
