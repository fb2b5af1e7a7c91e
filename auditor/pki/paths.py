"""Find every path from a leaf to an anchor, and the ends of the other paths.

The walk tries every issuer with the right name, so cross-signed hierarchies yield all their paths. `auditor.pki.path_rules`
then decides which one is valid. The walk is bounded: a path repeats no certificate and no key, and `PathLimits` bounds depth,
paths and steps.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.pki.certificate import Certificate
from auditor.pki.signature import signature_flaw
from auditor.pki.trust_store import TrustStore, prefer_key


class End(enum.StrEnum):
    """How a path ends."""

    ANCHORED = "anchored"  # at a certificate that the client trusts
    SELF_SIGNED = "self-signed"  # at a served root that the client does not trust
    NO_ISSUER = "no-issuer"  # at a certificate whose issuer was not found
    BROKEN = "broken"  # at a certificate whose only candidate issuer did not sign it


@dataclass(frozen=True, slots=True)
class PathLimits:
    """The limits of the walk. Real chains have 2 to 5 certificates and 1 to 4 paths."""

    depth: int = 10
    paths: int = 64
    steps: int = 5_000


@dataclass(frozen=True, slots=True)
class CertificatePath:
    """A path, leaf first, and how it ends. `broken` is the reason for the end BROKEN."""

    certificates: tuple[Certificate, ...]
    end: End
    broken: str = ""

    @property
    def top(self) -> Certificate:
        """Return the last certificate: the anchor of an anchored path."""
        return self.certificates[-1]


@dataclass(frozen=True, slots=True)
class Ways:
    """The result of the walk, anchored paths first. `truncated` means that a limit was reached."""

    ways: tuple[CertificatePath, ...]
    truncated: bool = False

    @property
    def anchored(self) -> tuple[CertificatePath, ...]:
        """Return the paths that reach an anchor."""
        return tuple(way for way in self.ways if way.end is End.ANCHORED)


class _Walk:
    def __init__(self, served: tuple[Certificate, ...], stores: tuple[TrustStore, ...], limits: PathLimits) -> None:
        self._stores = stores
        self._limits = limits
        self._steps = 0
        self.truncated = False
        self._by_subject: dict[bytes, tuple[Certificate, ...]] = {}
        for certificate in dict.fromkeys(served):
            same = self._by_subject.get(certificate.subject_der, ())
            self._by_subject[certificate.subject_der] = (*same, certificate)

    def ways(self, leaf: Certificate) -> Ways:
        found: list[CertificatePath] = []
        for way in self._extend((leaf,)):
            found.append(way)
            if len(found) >= self._limits.paths:
                self.truncated = True
                break
        return Ways(tuple(sorted(found, key=lambda way: way.end is not End.ANCHORED)), self.truncated)

    def _extend(self, path: tuple[Certificate, ...]) -> Iterator[CertificatePath]:
        top = path[-1]
        if any(top in store for store in self._stores):
            yield CertificatePath(path, End.ANCHORED)
            return
        if top.self_signed:
            yield CertificatePath(path, End.SELF_SIGNED)
            return
        if len(path) >= self._limits.depth:
            self.truncated = True
            return
        yield from self._through_issuers(path)

    def _through_issuers(self, path: tuple[Certificate, ...]) -> Iterator[CertificatePath]:
        top, broken, went_on = path[-1], "", False
        keys = {(certificate.subject_der, certificate.key_digest) for certificate in path}
        for issuer in self._issuers(top):
            if self._steps >= self._limits.steps:
                self.truncated = True
                return
            self._steps += 1
            if (issuer.subject_der, issuer.key_digest) in keys:
                went_on = True  # a loop: another branch records the end
            elif flaw := signature_flaw(top, issuer):
                broken = broken or flaw
            else:
                went_on = True
                yield from self._extend((*path, issuer))
        if not went_on:
            yield CertificatePath(path, End.BROKEN, broken) if broken else CertificatePath(path, End.NO_ISSUER)

    def _issuers(self, certificate: Certificate) -> Iterator[Certificate]:
        for store in self._stores:
            yield from store.issuers_of(certificate)
        trusted = self._by_subject.get(certificate.issuer_der, ())
        for issuer in prefer_key(trusted, certificate):
            if not any(issuer in store for store in self._stores):
                yield issuer


@lru_cache(maxsize=16_384)
def find_ways(
    leaf: Certificate, served: tuple[Certificate, ...], stores: tuple[TrustStore, ...], limits: PathLimits | None = None
) -> Ways:
    """Return every path from `leaf` through `served` to the anchors of `stores`; empty only if all paths are loops.

    The result is cached: clients with the same stores share it.
    """
    return _Walk(served, stores, limits or PathLimits()).ways(leaf)
