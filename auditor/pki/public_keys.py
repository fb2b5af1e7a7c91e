"""Which keys a TLS library accepts: `facts/tls_keys.yaml`, by the name of the key's algorithm or curve."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec

from auditor.facts import remembered, table
from auditor.facts.lookup import rows_at
from auditor.facts.versions import Versioned
from auditor.pki.certificate import Certificate
from auditor.pki.der import OBJECT_ID, NotDer, elements
from auditor.pki.raw_certificate import raw_certificate

Library = Literal["go", "java", "openssl", "windows"]
Answer = Literal["accepted", "refused", "unknown"]
EXPLICIT = "explicit EC parameters"
_RSA_PSS = bytes.fromhex("2a864886f70d01010a")  # 1.2.840.113549.1.1.10: a key for PSS signatures only


class KeyRule(Versioned, frozen=True, kw_only=True):
    """What a library does with a kind of key, in a range of its versions (go: the release that built the program).

    `error` is its error text if it refuses the key; empty if unknown.
    """

    library: Library
    key: str
    chain: Answer
    tls12: Answer
    tls13: Answer
    error: str = ""

    @property
    def handshake(self) -> Answer:
        """Return whether the library accepts the key from a server. TLS versions that differ make it unknown."""
        return self.tls12 if self.tls12 == self.tls13 else "unknown"


@remembered
def _rules() -> dict[tuple[Library, str], tuple[KeyRule, ...]]:
    rows: tuple[KeyRule, ...] = table("tls_keys", KeyRule)
    found: dict[tuple[Library, str], tuple[KeyRule, ...]] = {}
    for row in rows:
        found[row.library, row.key] = (*found.get((row.library, row.key), ()), row)
    return found


@remembered
def _rules_for(library: Library, name: str, versions: tuple[str, ...]) -> tuple[KeyRule, ...]:
    """Return the rows that may hold: those of the given versions of the library, or all if none is known."""
    rows = _rules().get((library, name), ())
    held = (row for version in versions or ("",) for row in rows_at(rows, version, library).rows)
    return tuple(dict.fromkeys(held))


def _agreed(answers: Iterable[Answer]) -> Answer:
    found = set(answers)
    return found.pop() if len(found) == 1 else "unknown"


@lru_cache(maxsize=16_384)
def key_name(certificate: Certificate) -> str:
    """Return the curve or algorithm of a certificate's key, as the facts name it: `secp256r1`, `ML-DSA-65`, or an OID."""
    if certificate.key_kind == "EC":
        return _curve(certificate)
    if certificate.key_kind == "RSA" and _algorithm(certificate) == _RSA_PSS:
        return "RSA-PSS"
    if certificate.key_kind.startswith("MLDSA"):
        return f"ML-DSA-{certificate.key_kind.removeprefix('MLDSA')}"
    return (
        certificate.parsed.public_key_algorithm_oid.dotted_string if certificate.key_kind == "unknown" else certificate.key_kind
    )


def _algorithm(certificate: Certificate) -> bytes:
    """Return the OID of the key's algorithm, as DER without its header; empty if it cannot be read."""
    try:
        return next(elements(raw_certificate(certificate.der).key_algorithm)).only(OBJECT_ID).content
    except (NotDer, StopIteration):
        return b""


def _curve(certificate: Certificate) -> str:
    try:
        parts = list(elements(raw_certificate(certificate.der).key_algorithm))
    except NotDer:
        parts = []
    if len(parts) < 2 or parts[1].tag != OBJECT_ID:
        return EXPLICIT
    key = certificate.parsed.public_key()
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else certificate.key_kind


def in_chain(library: Library, name: str, versions: tuple[str, ...] = ()) -> tuple[Answer, str]:
    """Return whether a library verifies a chain with a key, and its error. Versions that differ make it unknown."""
    rules = _rules_for(library, name, versions)
    return _agreed(rule.chain for rule in rules), next((rule.error for rule in rules if rule.error), "")


def in_handshake(library: Library, name: str, versions: tuple[str, ...] = ()) -> tuple[Answer, str]:
    """Return whether a library accepts a key of the server, and its error. Versions that differ make it unknown."""
    rules = _rules_for(library, name, versions)
    return _agreed(rule.handshake for rule in rules), next((rule.error for rule in rules if rule.error), "")
