"""The TLS versions that an endpoint offers, and whether a client supports one of them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from auditor.errors import unexpected
from auditor.evidence.model import Absent, Evidence, Failed, Handshakes, Kind, Seen
from auditor.pki.client_offers import offers_of
from auditor.pki.clients import ClientModel
from auditor.pki.stores.node_state import NodeState
from auditor.plan.model import Endpoint, Pool
from auditor.site.trust.negotiation import AGREED, Agreed, Agreement, Lacking, negotiate
from auditor.site.trust.served import Served, Unobserved

OLD, NEW = "TLSv1.2", "TLSv1.3"


class Speech(enum.Enum):
    """Whether a client and an endpoint have a TLS version in common."""

    YES = enum.auto()
    NO = enum.auto()
    UNKNOWN = enum.auto()  # the observation of the endpoint, or the plan's pool, does not decide it
    UNOBSERVED = enum.auto()  # the endpoint's versions were not observed


@dataclass(frozen=True, slots=True)
class Offered:
    """The TLS versions observed at an endpoint. `is_all`: it offers no others."""

    versions: tuple[str, ...]
    is_all: bool
    handshakes: Handshakes | None = None

    @property
    def shown(self) -> str:
        """Return the versions as text."""
        return ", ".join(self.versions) or "no version"


def offered_by(evidence: Evidence, endpoint: Endpoint, chain: Served | Unobserved) -> Offered | Unobserved:
    """Return the observed versions of an endpoint. If nothing was observed, return the reason from its chain."""
    try:
        return _offered(evidence, endpoint, chain)
    except Exception as error:  # noqa: BLE001 - one endpoint must not end the audit
        return Unobserved(Kind.BUG, unexpected(f"reading the TLS versions of {endpoint.name}", error))


def _offered(evidence: Evidence, endpoint: Endpoint, chain: Served | Unobserved) -> Offered | Unobserved:
    match evidence.tls_offered(endpoint.name):
        case Seen(offered):
            return Offered(offered.versions, is_all=True, handshakes=offered.handshakes)
        case Failed(kind, detail) as failed:
            return chain if isinstance(chain, Unobserved) else Unobserved(kind, detail, failed.faults)
        case Absent(detail):
            return Unobserved(Kind.UNREACHABLE, detail or "the endpoint does not exist")
        case None if isinstance(chain, Unobserved):
            return chain
        case None:
            seen = evidence.chain(endpoint.name) if not endpoint.chain else None
            if isinstance(seen, Seen) and seen.value.protocol:
                return Offered((seen.value.protocol,), is_all=False)
            return Unobserved(Kind.MISSING_EVIDENCE, "its TLS versions were not tested")
        case other:
            assert_never(other)


def agreement_of(
    offered: Offered | Unobserved, model: ClientModel, pool: Pool, version: str, nodes: Sequence[NodeState]
) -> Agreement:
    """Return whether a client of a pool has TLS parameters in common with an endpoint. `version` is that of the client.

    If nothing was observed, nothing speaks against it: the endpoint is reported elsewhere.
    """
    if isinstance(offered, Unobserved):
        return AGREED
    offers = offers_of(model, version, _build(pool), nodes)
    differing = "builds of Windows" if model.tls == "schannel" else "versions of this client"
    return negotiate(offers, offered.versions, offered.handshakes, is_all=offered.is_all, differing=differing)


def speech(offered: Offered | Unobserved | None, agreement: Agreement) -> Speech:
    """Return whether client and endpoint have a TLS version in common."""
    if not isinstance(offered, Offered):
        return Speech.UNOBSERVED
    if agreement.lacking is not Lacking.VERSION:
        return Speech.YES
    return Speech.NO if agreement.agreed is Agreed.NO else Speech.UNKNOWN


def _build(pool: Pool) -> int | None:
    parts = pool.platform.os_version.split(".")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else None
