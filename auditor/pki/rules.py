"""What is wrong with a path: the rules of RFC 5280 that decide in practice, each with the certificate that breaks it.

Signatures were verified when the path was built. Being trusted spares an anchor only the questions about its own signature:
Go and OpenSSL ask it all the others (tests/peers/pki), so that it is not enough for a CA to be in a store.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.pki.certificate import Certificate
from auditor.pki.constraints import directory_violations, violations
from auditor.pki.names import Mismatch, NameFlaw, as_address, mismatch
from auditor.pki.signature import BROKEN_HASHES
from auditor.pki.strength import Strength
from auditor.text import listed, moment

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
ANY_USAGE = "2.5.29.37.0"
EDWARDS = frozenset({"Ed25519", "Ed448"})


class FlawKind(enum.StrEnum):
    """What can be wrong with a certificate in a path."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    NAME = "name"
    COMMON_NAME = "common-name"
    NOT_A_CA = "not-a-ca"
    PATH_LENGTH = "path-length"
    KEY_USAGE = "key-usage"
    WRONG_USAGE = "wrong-usage"
    NAME_CONSTRAINTS = "name-constraints"
    WEAK_SIGNATURE = "weak-signature"
    WEAK_KEY = "weak-key"
    UNREADABLE = "unreadable"
    SIGNATURE = "signature"
    DISTRUSTED = "distrusted"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with one certificate of a path."""

    kind: FlawKind
    certificate: Certificate
    detail: str

    def __str__(self) -> str:
        return f"{self.certificate.name}: {self.detail}"


def dates(certificate: Certificate, at: datetime.datetime) -> Iterator[Flaw]:
    """Whether the certificate is valid at a moment."""
    if at > certificate.not_after:
        yield Flaw(FlawKind.EXPIRED, certificate, f"it is valid only until {moment(certificate.not_after)}")
    elif at < certificate.not_before:
        yield Flaw(FlawKind.NOT_YET_VALID, certificate, f"it is valid only from {moment(certificate.not_before)}")


def name_flaw(leaf: Certificate, wrong: Mismatch) -> Flaw:
    """A host that the leaf does not cover, as a flaw."""
    kind = FlawKind.COMMON_NAME if wrong.flaw is NameFlaw.COMMON_NAME_ONLY else FlawKind.NAME
    return Flaw(kind, leaf, str(wrong))


@lru_cache(maxsize=16_384)
def flaws_of(
    path: tuple[Certificate, ...], host: str, at: datetime.datetime, strength: Strength, *, anchored: bool = True
) -> tuple[Flaw, ...]:
    """Everything wrong with `path` (leaf first) for a TLS server at `host`. Without an anchor every certificate is judged.

    Clients that accept the same share the answer.
    """
    last = len(path) - 1
    found: list[Flaw] = []
    for depth, certificate in enumerate(path):
        is_anchor = anchored and depth == last
        found.extend(dates(certificate, at))
        if depth:
            found.extend(_as_issuer(certificate, path[1:depth]))
        if certificate.extensions.defect and not (is_anchor and depth):  # a leaf that is an anchor must be readable too
            detail = f"its extensions cannot be read: {certificate.extensions.defect}"
            found.append(Flaw(FlawKind.UNREADABLE, certificate, detail))
        if not is_anchor:
            found.extend(_signature(certificate, strength))
        found.extend(_on_its_own(certificate, strength))
    wrong = None if path[0].extensions.defect else mismatch(path[0], host)
    if wrong is not None and not (strength.common_name and wrong.flaw is NameFlaw.COMMON_NAME_ONLY and not as_address(host)):
        found.append(name_flaw(path[0], wrong))
    for depth, certificate in enumerate(path[1:], start=1):
        broken = (*violations(certificate, path[0]), *directory_violations(certificate, path[:depth]))
        found.extend(Flaw(FlawKind.NAME_CONSTRAINTS, certificate, detail) for detail in broken)
    return tuple(found)


def _as_issuer(certificate: Certificate, below: tuple[Certificate, ...]) -> Iterator[Flaw]:
    extensions = certificate.extensions
    if extensions.defect:
        return
    if not certificate.may_issue:
        yield Flaw(FlawKind.NOT_A_CA, certificate, "it has issued a certificate and is no CA (basic constraints)")
        return
    if extensions.signs_certificates is False:
        yield Flaw(FlawKind.KEY_USAGE, certificate, "its key usage does not allow it to sign certificates")
    intermediates = sum(1 for lower in below if lower.subject_der != lower.issuer_der)
    if extensions.path_length is not None and intermediates > extensions.path_length:
        yield Flaw(
            FlawKind.PATH_LENGTH,
            certificate,
            f"it allows {extensions.path_length} intermediates below itself, and there are {intermediates}",
        )


def _signature(certificate: Certificate, strength: Strength) -> Iterator[Flaw]:
    hash_name = certificate.signature_hash
    if hash_name in BROKEN_HASHES or (hash_name == "sha1" and not strength.accepts_sha1):
        yield Flaw(FlawKind.WEAK_SIGNATURE, certificate, f"it is signed with {hash_name.upper()}, which the client refuses")


def _on_its_own(certificate: Certificate, strength: Strength) -> Iterator[Flaw]:
    extensions = certificate.extensions
    if extensions.unknown_critical:
        names = listed(extensions.unknown_critical, 4)
        yield Flaw(FlawKind.UNREADABLE, certificate, f"it has critical extensions that no client knows: {names}")
    if extensions.odd_constraints and not strength.odd_constraints:
        names = listed(extensions.odd_constraints, 4)
        yield Flaw(FlawKind.UNREADABLE, certificate, f"it has critical name constraints that the client does not know: {names}")
    if certificate.serial < 0 and not strength.negative_serials:
        yield Flaw(FlawKind.UNREADABLE, certificate, "its serial number is negative, so that the client does not read it")
    usages = {SERVER_AUTH, ANY_USAGE} if strength.any_usage else {SERVER_AUTH}
    if extensions.ekus is not None and not usages & set(extensions.ekus):
        yield Flaw(FlawKind.WRONG_USAGE, certificate, "its extended key usage does not allow TLS servers")
    if certificate.key_kind == "RSA" and certificate.key_size < strength.minimum_rsa:
        yield Flaw(
            FlawKind.WEAK_KEY, certificate, f"its RSA key has {certificate.key_size} bits, less than {strength.minimum_rsa}"
        )
    if certificate.key_kind in EDWARDS and not strength.accepts_ed25519:
        yield Flaw(FlawKind.WEAK_KEY, certificate, f"it has an {certificate.key_kind} key, which Windows does not verify")
