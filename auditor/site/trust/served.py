"""What each endpoint serves: from its chain file, else from evidence."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.evidence.causes import Fault
from auditor.evidence.model import Absent, ChainSeen, Evidence, Failed, Kind, Observation, Seen
from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Endpoint, Plan

MAX_SERVED = 100


@dataclass(frozen=True, slots=True)
class Served:
    """The certificates that an endpoint serves, leaf first, and what showed them: a URL, or a file of the plan."""

    certificates: tuple[Certificate, ...]
    source: str

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.certificates[0]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why a chain cannot be judged. `faults` names the endpoint's host if it did not answer."""

    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()


def endpoint_chains(plan: Plan, evidence: Evidence) -> dict[Endpoint, Served | Unseen]:
    """What each endpoint of the plan serves: from its chain file, else from evidence."""
    return {
        endpoint: _from_file(plan, endpoint.chain) if endpoint.chain else _from_evidence(evidence.chain(endpoint.name))
        for endpoint in plan.endpoints
    }


def _from_file(plan: Plan, path: str) -> Served | Unseen:
    if path not in plan.files:
        return Unseen(Kind.MISSING_EVIDENCE, f"the chain file {path} is not there")
    loaded = load_certificates(plan.files[path])
    if loaded.problems:
        return Unseen(Kind.MALFORMED, f"{path}: {loaded.problems[0]}")
    if len(loaded.certificates) > MAX_SERVED:
        return Unseen(Kind.MALFORMED, f"{path}: {len(loaded.certificates):,} certificates are no chain but a bundle")
    return Served(loaded.certificates, path)


def _from_evidence(observed: Observation[ChainSeen] | None) -> Served | Unseen:
    match observed:
        case None:
            return Unseen(Kind.MISSING_EVIDENCE, "nobody looked at what it serves")
        case Failed(kind, detail) as failed:
            return Unseen(kind, detail, failed.faults)
        case Absent(detail):
            return Unseen(Kind.UNREACHABLE, detail or "there is no such endpoint")
        case Seen(chain, _, source):
            return _parsed(chain, source)


def _parsed(chain: ChainSeen, source: str) -> Served | Unseen:
    if not 0 < len(chain.certificates) <= MAX_SERVED:
        return Unseen(Kind.MALFORMED, f"it served {len(chain.certificates):,} certificates")
    certificates = []
    for number, der in enumerate(chain.certificates, start=1):
        try:
            certificates.append(parse_certificate(der))
        except UnreadableCertificate as error:
            return Unseen(Kind.MALFORMED, f"certificate {number} that it served: {error}")
    return Served(tuple(certificates), source)
