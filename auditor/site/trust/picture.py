"""A certificate path for display: each certificate, its origin, and where the path is broken."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.facts import Confidence
from auditor.pki.certificate import Certificate
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.stores.windows_roots import AnchorClass, classify, confidence
from auditor.pki.trust_store import linux_public
from auditor.pki.verdicts import Incomplete, TrustGap, Unproven, Untrusted
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.served import Served, Unobserved

_LEVELS: tuple[Confidence, ...] = ("low", "medium", "high")


class CertificateOrigin(enum.StrEnum):
    """The origin of a certificate, as the report shows it."""

    SERVED = "served"
    GIVEN = "in the pool's trust"
    KUBECONFIG = "in the kubeconfig"
    NODE = "on the node, by its dump"
    FETCHED = "fetched inside"
    OS = "brought by the OS"
    PROBABLE = "probably brought by Windows"
    DOWNLOAD = "to be downloaded by Windows"
    UNKNOWN = "not on the node"  # recognised from elsewhere in the plan, or public, but not trusted here
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PathStep:
    """One certificate of a path. `until` is None for a missing one. `flaws` says what is wrong with it."""

    name: str
    origin: CertificateOrigin
    key: str = ""
    until: datetime.datetime | None = None
    sha1: str = ""
    flaws: tuple[str, ...] = ()

    @property
    def is_gap(self) -> bool:
        """Return whether the path is broken, or would be, at this certificate."""
        return bool(self.flaws) or self.origin in {CertificateOrigin.MISSING, CertificateOrigin.UNKNOWN}


def steps_of(case: TrustCase, chain: Served | Unobserved, trust: PoolTrust) -> tuple[PathStep, ...]:
    """Return the path of a case, leaf first. If it is broken, the last step is the missing issuer."""
    if isinstance(case.verdict, Unobserved) or isinstance(chain, Unobserved):
        return ()
    return tuple(_steps(case, chain, trust))


def confidence_of(case: TrustCase) -> Confidence:
    """Return the confidence of a case: the lowest of the facts about the client and, where they decide, about the root."""
    found: list[Confidence] = [case.model.confidence] if case.model is not None else []
    if isinstance(case.verdict, Unproven) and case.verdict.gap is TrustGap.PROBABLY_ON_NODE:
        found.append(confidence(case.verdict.path.top))
    return next((level for level in _LEVELS if level in found), "high")


def _steps(case: TrustCase, chain: Served, trust: PoolTrust) -> Iterator[PathStep]:
    verdict = case.verdict
    if isinstance(verdict, Unobserved):
        return
    path = verdict.path
    for place, certificate in enumerate(path.certificates):
        origin = CertificateOrigin.SERVED
        is_last = place == len(path.certificates) - 1
        if certificate not in chain.certificates or (place and is_last):
            origin = _origin(case, certificate, trust, served=certificate in chain.certificates)
        flaws = tuple(flaw.detail for flaw in path.flaws if flaw.certificate == certificate)
        key = f"{certificate.key_kind} {certificate.key_size}"
        yield PathStep(certificate.name, origin, key, certificate.not_after, certificate.sha1, flaws)
    if isinstance(verdict, Incomplete):
        yield PathStep(verdict.missing, CertificateOrigin.MISSING)
    elif isinstance(verdict, Untrusted) and verdict.anchor != path.top.name:
        yield PathStep(verdict.anchor, CertificateOrigin.MISSING)


def _origin(case: TrustCase, certificate: Certificate, trust: PoolTrust, *, served: bool) -> CertificateOrigin:
    """Return the origin of a certificate that was not served, or that ends the path."""
    model = case.model
    if model is None:
        return CertificateOrigin.UNKNOWN
    if any(certificate in store for store in trust.anchors(model).stores) or certificate in trust.helpers:
        return _found(case, certificate, trust)
    if not certificate.self_signed and (served or case.fetched is not None):
        return CertificateOrigin.SERVED if served else CertificateOrigin.FETCHED
    if model.os == "windows" and "system" in model.reads:
        return _on_windows(certificate, trust, updates=model.updates_roots)
    return CertificateOrigin.UNKNOWN


def _found(case: TrustCase, certificate: Certificate, trust: PoolTrust) -> CertificateOrigin:
    if certificate in trust.given:
        return CertificateOrigin.KUBECONFIG if trust.own_ca else CertificateOrigin.GIVEN
    if case.pool.is_windows:
        own = classify(certificate) is AnchorClass.INBOX_MICROSOFT and not trust.dump
        return CertificateOrigin.OS if own else CertificateOrigin.NODE
    return CertificateOrigin.OS if certificate in linux_public() else CertificateOrigin.GIVEN


def _on_windows(certificate: Certificate, trust: PoolTrust, *, updates: bool) -> CertificateOrigin:
    match classify(certificate):
        case AnchorClass.INBOX_PROBABLE if not trust.dump:
            return CertificateOrigin.PROBABLE
        case AnchorClass.INBOX_PROBABLE | AnchorClass.CTL_FETCHABLE if updates:
            return CertificateOrigin.DOWNLOAD
        case _:
            return CertificateOrigin.UNKNOWN
