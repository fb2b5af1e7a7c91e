"""The one path that OpenSSL follows. It takes the first issuer that fits at each step and does not turn back.

Source: OpenSSL crypto/x509/x509_vfy.c at openssl-3.0 (build_chain, find_issuer) and v3_purp.c (X509_check_issued).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from auditor.pki.certificate import Certificate
from auditor.pki.trust_store import TrustStore

MAX_DEPTH = 101  # X509_VERIFY_PARAM's default depth, and the leaf


def openssl_path(
    leaf: Certificate, served: tuple[Certificate, ...], stores: tuple[TrustStore, ...], at: datetime.datetime
) -> tuple[Certificate, ...]:
    """Return the path, leaf first. It ends at an anchor, at a self-signed certificate, or where no issuer fits."""
    path = [leaf]
    while len(path) < MAX_DEPTH:
        top = path[-1]
        if top.self_signed or any(top in store for store in stores):
            break
        trusted = (anchor for store in stores for anchor in store.by_subject.get(top.issuer_der, ()))
        chosen = _first(trusted, top, path, at) or _first(served, top, path, at)
        if chosen is None:
            break
        path.append(chosen)
    return tuple(path)


def _first(
    candidates: Iterable[Certificate], child: Certificate, path: list[Certificate], at: datetime.datetime
) -> Certificate | None:
    """Return the first candidate that is valid at `at`, else the one that ends last."""
    best: Certificate | None = None
    for one in candidates:
        if one in path or not _may_have_issued(one, child):
            continue
        if one.not_before <= at < one.not_after:
            return one
        if best is None or one.not_after > best.not_after:
            best = one
    return best


def _may_have_issued(issuer: Certificate, child: Certificate) -> bool:
    if issuer.subject_der != child.issuer_der or issuer.extensions.signs_certificates is False:
        return False
    return not (child.extensions.aki and issuer.extensions.ski) or child.extensions.aki == issuer.extensions.ski
