"""Which versions of TLS an endpoint offers, and whether a client speaks one of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import assert_never

from auditor.errors import unexpected
from auditor.evidence.model import Absent, Evidence, Failed, Kind, Seen
from auditor.pki.clients import ClientModel, schannel_speaks
from auditor.plan.model import Endpoint, Pool
from auditor.site.trust.served import Served, Unseen

OLD, NEW = "TLSv1.2", "TLSv1.3"


class Speech(enum.Enum):
    """Whether a client and an endpoint have a version of TLS in common."""

    YES = enum.auto()
    NO = enum.auto()
    UNKNOWN = enum.auto()  # what was observed of the endpoint, or what the plan says of the pool, does not decide it
    UNOBSERVED = enum.auto()  # nothing was observed of the endpoint's versions


@dataclass(frozen=True, slots=True)
class Offered:
    """The versions of TLS that were seen at an endpoint; `is_all` says whether it offers no others."""

    versions: tuple[str, ...]
    is_all: bool

    @property
    def shown(self) -> str:
        """The versions in a text."""
        return ", ".join(self.versions) or "no version"


def offered_by(evidence: Evidence, endpoint: Endpoint, chain: Served | Unseen) -> Offered | Unseen:
    """Return what the evidence shows of an endpoint's versions. Where neither was observed, the reason is the chain's."""
    try:
        return _offered(evidence, endpoint, chain)
    except Exception as error:  # noqa: BLE001 - one endpoint must not end the audit
        return Unseen(Kind.BUG, unexpected(f"reading the TLS versions of {endpoint.name}", error))


def _offered(evidence: Evidence, endpoint: Endpoint, chain: Served | Unseen) -> Offered | Unseen:
    match evidence.tls_offered(endpoint.name):
        case Seen(offered):
            return Offered(offered.versions, is_all=True)
        case Failed(kind, detail) as failed:
            return chain if isinstance(chain, Unseen) else Unseen(kind, detail, failed.faults)
        case Absent(detail):
            return Unseen(Kind.UNREACHABLE, detail or "there is no such endpoint")
        case None if isinstance(chain, Unseen):
            return chain
        case None:
            seen = evidence.chain(endpoint.name) if not endpoint.chain else None
            if isinstance(seen, Seen) and seen.value.protocol:
                return Offered((seen.value.protocol,), is_all=False)
            return Unseen(Kind.MISSING_EVIDENCE, "nobody tried which versions of TLS it offers")
        case other:
            assert_never(other)


def speech(offered: Offered | Unseen, model: ClientModel, pool: Pool) -> Speech:
    """Whether a client of a pool speaks a version that the endpoint offers: TLS 1.2 or 1.3."""
    if isinstance(offered, Unseen):
        return Speech.UNOBSERVED
    if OLD in offered.versions:
        return Speech.YES
    if NEW not in offered.versions:
        return Speech.NO if offered.is_all else Speech.UNKNOWN
    speaks = schannel_speaks(NEW, _build(pool)) if pool.is_windows and model.tls == "schannel" else True
    if speaks:
        return Speech.YES
    return Speech.NO if speaks is False and offered.is_all else Speech.UNKNOWN


def _build(pool: Pool) -> int | None:
    parts = pool.platform.os_version.split(".")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else None
