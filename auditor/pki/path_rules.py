"""Flaws of a path: the rules of RFC 5280 that matter in practice, each with the certificate that violates it.

Signatures were verified when the path was built. For an anchor only the checks of its own signature are skipped. Go and OpenSSL
apply all other checks to anchors too (tests/peers/pki), so a CA in a trust store can still fail.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from auditor.pki.certificate import Certificate
from auditor.pki.constraints import directory_violations, violations
from auditor.pki.go_parser import go_parse_error, has_name_constraints
from auditor.pki.host_names import NameFlaw, NameMismatch, as_address, mismatch, only_by_short_wildcard
from auditor.pki.public_keys import Library, in_chain, in_handshake, key_name
from auditor.pki.signature import BROKEN_HASHES
from auditor.pki.strength import Strength
from auditor.text import listed, moment

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
UNKNOWN_AUTHORITY = "x509: certificate signed by unknown authority"
ANY_USAGE = "2.5.29.37.0"
LIBRARIES: Mapping[Library, str] = {"go": "Go", "java": "Java", "openssl": "OpenSSL", "windows": "Windows"}

_NO_SIGNATURES = "KeyUsage does not allow digital signatures"


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
    UNSUPPORTED_KEY = "unsupported-key"
    UNREADABLE = "unreadable"
    SIGNATURE = "signature"
    DISTRUSTED = "distrusted"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw of one certificate in a path. `error` is the client's own error text if it depends on the certificate."""

    kind: FlawKind
    certificate: Certificate
    detail: str
    error: str = ""

    def __str__(self) -> str:
        return f"{self.certificate.name}: {self.detail}"


def dates(certificate: Certificate, at: datetime.datetime) -> Iterator[Flaw]:
    """Yield a flaw if the certificate is not valid at a moment."""
    if at > certificate.not_after:
        yield Flaw(FlawKind.EXPIRED, certificate, f"it is valid only until {moment(certificate.not_after)}")
    elif at < certificate.not_before:
        yield Flaw(FlawKind.NOT_YET_VALID, certificate, f"it is valid only from {moment(certificate.not_before)}")


def name_flaw(leaf: Certificate, wrong: NameMismatch) -> Flaw:
    """Return the flaw for a host that the leaf does not cover."""
    kind = FlawKind.COMMON_NAME if wrong.flaw is NameFlaw.COMMON_NAME_ONLY else FlawKind.NAME
    return Flaw(kind, leaf, str(wrong))


@lru_cache(maxsize=16_384)
def flaws_of(
    path: tuple[Certificate, ...], host: str, at: datetime.datetime, strength: Strength, *, anchored: bool = True
) -> tuple[Flaw, ...]:
    """Return all flaws of `path` (leaf first) for a TLS server at `host`. If `anchored` is false, every certificate is checked
    fully.

    The result is cached: clients with the same strength share it.
    """
    last = len(path) - 1
    found: list[Flaw] = []
    for depth, certificate in enumerate(path):
        is_anchor = anchored and depth == last
        if is_anchor and depth and strength.bare_anchors:
            found.extend(_as_bare_anchor(certificate, strength))
            continue
        refused = go_parse_error(certificate) if strength.parses_as_go else ""
        if refused:
            # Go skips such a root without a message. A served certificate ends the handshake.
            error = UNKNOWN_AUTHORITY if is_anchor and depth else refused
            found.append(Flaw(FlawKind.UNREADABLE, certificate, f"Go does not parse it: {refused}", error))
        found.extend(dates(certificate, at))
        if depth:
            found.extend(_as_issuer(certificate, path[1:depth], counts_all=strength.counts_self_issued))
        if certificate.extensions.defect and not (is_anchor and depth and not has_name_constraints(certificate)):
            # The extensions of an anchor matter only if they limit the names below it.
            detail = f"its extensions cannot be read: {certificate.extensions.defect}"
            found.append(Flaw(FlawKind.UNREADABLE, certificate, detail))
        if not is_anchor:
            found.extend(_signature(certificate, strength))
        found.extend(_on_its_own(certificate, strength, is_leaf=not depth))
        if not refused:
            found.extend(_keys(certificate, strength, is_leaf=not depth))
        if strength.strict and last:
            found.extend(_strictly(certificate, is_last=depth == last))
    found.extend(_leaf_usage(path[0], strength))
    wrong = None if path[0].extensions.defect else _mismatch(path[0], host, strength)
    if wrong is not None and not (strength.common_name and wrong.flaw is NameFlaw.COMMON_NAME_ONLY and not as_address(host)):
        found.append(name_flaw(path[0], wrong))
    above = path[1:-1] if anchored and strength.bare_anchors else path[1:]
    for depth, certificate in enumerate(above, start=1):
        broken = (
            *violations(certificate, path[:depth], strength.constraints),
            *directory_violations(certificate, path[:depth]),
        )
        found.extend(Flaw(FlawKind.NAME_CONSTRAINTS, certificate, detail) for detail in broken)
    return tuple(found)


def _leaf_usage(leaf: Certificate, strength: Strength) -> Iterator[Flaw]:
    if strength.leaf_usage and leaf.extensions.serves_tls is False:
        yield Flaw(FlawKind.KEY_USAGE, leaf, "its key usage does not allow TLS servers", "unsuitable certificate purpose")
    if strength.signing_leaf and leaf.extensions.signs_data is False:
        yield Flaw(FlawKind.KEY_USAGE, leaf, "its key usage does not allow digital signatures", _NO_SIGNATURES)


def _mismatch(leaf: Certificate, host: str, strength: Strength) -> NameMismatch | None:
    wrong = mismatch(leaf, host)
    if wrong is None and strength.short_wildcards == "refused" and only_by_short_wildcard(leaf, host):
        return NameMismatch(NameFlaw.NOT_COVERED, host, leaf.extensions.dns_names)
    return wrong


def _as_issuer(certificate: Certificate, below: tuple[Certificate, ...], *, counts_all: bool) -> Iterator[Flaw]:
    extensions = certificate.extensions
    if extensions.defect:
        return
    if not certificate.may_issue:
        yield Flaw(FlawKind.NOT_A_CA, certificate, "it issued a certificate but is not a CA (basic constraints)")
        return
    if extensions.signs_certificates is False:
        yield Flaw(FlawKind.KEY_USAGE, certificate, "its key usage does not allow it to sign certificates")
    intermediates = sum(1 for lower in below if counts_all or lower.subject_der != lower.issuer_der)
    if extensions.path_length is not None and intermediates > extensions.path_length:
        yield Flaw(
            FlawKind.PATH_LENGTH,
            certificate,
            f"its path length allows {extensions.path_length} intermediates below it, but the chain has {intermediates}",
        )


def _strictly(certificate: Certificate, *, is_last: bool) -> Iterator[Flaw]:
    """Yield what OpenSSL rejects with X509_V_FLAG_X509_STRICT (crypto/x509/x509_vfy.c check_extensions, OpenSSL 3)."""
    extensions = certificate.extensions
    if extensions.defect:
        return
    if certificate.may_issue:
        if not extensions.critical_constraints and extensions.is_ca is not None:
            yield Flaw(FlawKind.KEY_USAGE, certificate, "its basic constraints are not critical, which RFC 5280 requires")
        if extensions.signs_certificates is None:
            yield Flaw(FlawKind.KEY_USAGE, certificate, "it is a CA without a key usage, which RFC 5280 requires")
        if not certificate.subject:
            yield Flaw(
                FlawKind.KEY_USAGE, certificate, "it is a CA without a subject, which RFC 5280 forbids", "Issuer name empty"
            )
        if not extensions.ski:
            yield Flaw(FlawKind.KEY_USAGE, certificate, "it is a CA without a subject key identifier, which RFC 5280 requires")
    elif extensions.signs_certificates:
        yield Flaw(FlawKind.KEY_USAGE, certificate, "its key usage allows it to sign certificates, but it is not a CA")
    if not certificate.subject and extensions.name_count and not extensions.critical_san:
        error = "Subject empty and Subject Alt Name extension not critical"
        yield Flaw(FlawKind.KEY_USAGE, certificate, "it has no subject, and its alternative names are not critical", error)
    if not is_last and not extensions.aki:
        yield Flaw(FlawKind.KEY_USAGE, certificate, "it has no authority key identifier, which RFC 5280 requires")


def _signature(certificate: Certificate, strength: Strength) -> Iterator[Flaw]:
    hash_name = certificate.signature_hash
    if hash_name in BROKEN_HASHES or (hash_name == "sha1" and not strength.accepts_sha1):
        yield Flaw(FlawKind.WEAK_SIGNATURE, certificate, f"it is signed with {hash_name.upper()}, which the client rejects")


def _as_bare_anchor(certificate: Certificate, strength: Strength) -> Iterator[Flaw]:
    """Yield why an anchor cannot have issued a certificate. Its dates, limits and usages do not count."""
    yield from (flaw for flaw in _as_issuer(certificate, (), counts_all=False) if flaw.kind is not FlawKind.PATH_LENGTH)
    yield from _keys(certificate, strength, is_leaf=False)


def _on_its_own(certificate: Certificate, strength: Strength, *, is_leaf: bool) -> Iterator[Flaw]:
    extensions = certificate.extensions
    if extensions.unknown_critical:
        names = listed(extensions.unknown_critical, 4)
        yield Flaw(FlawKind.UNREADABLE, certificate, f"it has critical extensions that the client does not support: {names}")
    if extensions.odd_constraints and not strength.odd_constraints:
        names = listed(extensions.odd_constraints, 4)
        yield Flaw(
            FlawKind.UNREADABLE, certificate, f"it has critical name constraints that the client does not support: {names}"
        )
    usages = {SERVER_AUTH, ANY_USAGE} if strength.any_usage else {SERVER_AUTH}
    is_asked = is_leaf or strength.ca_usages
    if is_asked and extensions.ekus is not None and not usages & set(extensions.ekus):
        yield Flaw(FlawKind.WRONG_USAGE, certificate, "its extended key usage does not allow TLS servers")
    if certificate.key_kind == "RSA" and certificate.key_size < strength.minimum_rsa:
        yield Flaw(
            FlawKind.WEAK_KEY, certificate, f"its RSA key has {certificate.key_size} bits, less than {strength.minimum_rsa}"
        )


def _keys(certificate: Certificate, strength: Strength, *, is_leaf: bool) -> Iterator[Flaw]:
    name = key_name(certificate)
    answer, error = in_chain(strength.chain_keys, name, strength.versions)
    if answer == "refused":
        detail = f"its key is {name}, which {LIBRARIES[strength.chain_keys]} does not verify"
        yield Flaw(FlawKind.WEAK_KEY, certificate, detail, error)
    elif is_leaf:
        answer, error = in_handshake(strength.server_keys, name, strength.versions)
        if answer == "refused":
            detail = f"its key is {name}, which {LIBRARIES[strength.server_keys]} by default does not accept from a server"
            yield Flaw(FlawKind.UNSUPPORTED_KEY, certificate, detail)


def doubts_of(path: tuple[Certificate, ...], host: str, strength: Strength) -> Iterator[str]:
    """Yield what the facts do not decide about a path without flaws."""
    for depth, certificate in enumerate(path):
        name = key_name(certificate)
        if in_chain(strength.chain_keys, name, strength.versions)[0] == "unknown":
            yield f"it is unknown whether {LIBRARIES[strength.chain_keys]} verifies the {name} key of {certificate.name}"
        elif not depth and in_handshake(strength.server_keys, name, strength.versions)[0] == "unknown":
            yield f"it is unknown whether {LIBRARIES[strength.server_keys]} accepts a server with a {name} key"
    if strength.short_wildcards == "unknown" and (pattern := only_by_short_wildcard(path[0], host)):
        yield f"it is unknown whether Windows accepts the wildcard {pattern} for {host}"
