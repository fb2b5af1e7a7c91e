"""The URLs that a client connects to while it verifies a chain: their purpose, and which are on internal hosts."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.net import Reach
from auditor.pki.clients import ClientModel, root_update_url
from auditor.pki.verdicts import Distrust, Incomplete, TrustGap, TrustVerdict, Unproven, Untrusted, Verifies
from auditor.site.trust.ldap_urls import may_be_read
from auditor.site.trust.revocation_results import Revocation
from auditor.site.trust.served import Served

_ROOT_GAPS = frozenset({TrustGap.NOT_KNOWN_ON_NODE, TrustGap.PROBABLY_ON_NODE, TrustGap.FROM_MIRROR})


class Purpose(enum.StrEnum):
    """What a client downloads from a URL."""

    ISSUER = "issuer"  # AIA: the certificate that issued another
    ROOT = "root"  # Microsoft's list of roots, and the roots in it
    REVOCATION = "revocation"  # CRLs and OCSP


@dataclass(frozen=True, slots=True)
class RequestedUrl:
    """A URL that a client connects to, and whether its host is internal."""

    url: str
    purpose: Purpose
    inside: bool


def requested_urls(
    model: ClientModel,
    verdict: TrustVerdict,
    chain: Served,
    updates: str,
    revocation: Revocation | None,
    reach: Reach,
    *,
    on_machine: bool,
    joined: bool | None,
) -> tuple[RequestedUrl, ...]:
    """Return every URL that the client connects to, in order, each once.

    `updates` is how the nodes update their roots. `on_machine` says whether the top of the path is in the machine's store.
    `joined` says whether the nodes are domain members, or None if unknown.
    """
    found: dict[str, Purpose] = {}
    for url in _issuers(model, verdict, chain):
        found.setdefault(url, Purpose.ISSUER)
    for url in _roots(model, verdict, updates, on_machine=on_machine):
        found.setdefault(url, Purpose.ROOT)
    for url in revocation.urls if revocation is not None else ():
        found.setdefault(url, Purpose.REVOCATION)
    return tuple(RequestedUrl(url, purpose, may_be_read(url, reach, joined)) for url, purpose in found.items())


def _issuers(model: ClientModel, verdict: TrustVerdict, chain: Served) -> Iterator[str]:
    match verdict:
        case Incomplete(aia_urls=urls, is_requested=True):
            yield from urls
        # If the root is neither served nor installed, Windows downloads it from the last certificate's AIA URL as well.
        case Untrusted(path=path) | Unproven(path=path, gap=TrustGap.NOT_KNOWN_ON_NODE | TrustGap.PROBABLY_ON_NODE):
            if model.fetches_aia and path.top not in chain.certificates and len(path.certificates) > 1:
                yield from path.certificates[-2].extensions.aia_issuers


def _roots(model: ClientModel, verdict: TrustVerdict, updates: str, *, on_machine: bool) -> Iterator[str]:
    if not model.updates_roots:
        return
    match verdict:
        case Unproven(path=path, gap=gap) if gap in _ROOT_GAPS:
            yield from _root_updates(updates, path.top.sha1)
        case Untrusted(path=path, cause=Distrust.NOT_ON_NODE):
            yield from _root_updates(updates, path.top.sha1)
        case Untrusted():
            yield from _root_updates(updates, "")
        case Verifies() if model.asks_windows and not on_machine:
            yield from _root_updates(updates, "")  # Windows verifies first, without the CA file that decides


def _root_updates(setting: str, sha1: str) -> Iterator[str]:
    if setting in {"", "enabled"}:
        yield root_update_url("list")
        if sha1:
            yield root_update_url("root", sha1)
    elif setting != "disabled":
        yield setting
