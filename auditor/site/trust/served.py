"""The chain that each endpoint serves: from its chain file, else from evidence."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import unexpected
from auditor.evidence.causes import Fault
from auditor.evidence.model import Absent, ChainSeen, Evidence, Failed, Kind, Observation, Seen
from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Endpoint, EndpointOrigin, Plan

MAX_SERVED = 100
_UNASKED = (
    "its certificates were not observed. Run `auditor collect --via target` where this registry can be reached, or list it "
    "under `endpoints` with a `chain` file"
)


@dataclass(frozen=True, slots=True)
class Served:
    """The certificates that an endpoint serves, leaf first, and their source: a URL, or a file of the plan."""

    certificates: tuple[Certificate, ...]
    source: str

    @property
    def leaf(self) -> Certificate:
        """Return the server's own certificate."""
        return self.certificates[0]


@dataclass(frozen=True, slots=True)
class Unobserved:
    """Why a chain cannot be checked. `faults` names the endpoint's host if it did not answer."""

    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()


def endpoint_chains(
    plan: Plan, evidence: Evidence, endpoints: tuple[Endpoint, ...] | None = None
) -> dict[Endpoint, Served | Unobserved]:
    """Return what each endpoint serves: from its chain file, else from evidence. Default: the plan's `endpoints`."""
    every = plan.endpoints if endpoints is None else endpoints
    return {endpoint: _chain(plan, evidence, endpoint) for endpoint in every}


def _chain(plan: Plan, evidence: Evidence, endpoint: Endpoint) -> Served | Unobserved:
    try:
        if endpoint.chain:
            return _from_file(plan, endpoint.chain)
        observed = evidence.chain(endpoint.name)
        if observed is None and endpoint.origin is not EndpointOrigin.DECLARED:
            return Unobserved(Kind.MISSING_EVIDENCE, _UNASKED)
        return _from_evidence(observed)
    except Exception as error:  # noqa: BLE001 - one endpoint must not end the audit
        return Unobserved(Kind.BUG, unexpected(f"reading the chain of {endpoint.name}", error))


def _from_file(plan: Plan, path: str) -> Served | Unobserved:
    if path not in plan.files:
        return Unobserved(Kind.MISSING_EVIDENCE, f"the chain file {path} does not exist")
    loaded = load_certificates(plan.files[path])
    if loaded.problems:
        return Unobserved(Kind.MALFORMED, f"{path}: {loaded.problems[0]}")
    if len(loaded.certificates) > MAX_SERVED:
        return Unobserved(Kind.MALFORMED, f"{path}: {len(loaded.certificates):,} certificates are a bundle, not a chain")
    return Served(loaded.certificates, path)


def _from_evidence(observed: Observation[ChainSeen] | None) -> Served | Unobserved:
    match observed:
        case None:
            return Unobserved(Kind.MISSING_EVIDENCE, "its certificates were not observed")
        case Failed(kind, detail) as failed:
            return Unobserved(kind, detail, failed.faults)
        case Absent(detail):
            return Unobserved(Kind.UNREACHABLE, detail or "the endpoint does not exist")
        case Seen(chain, _, source):
            return _parsed(chain, source)


def _parsed(chain: ChainSeen, source: str) -> Served | Unobserved:
    if not 0 < len(chain.certificates) <= MAX_SERVED:
        return Unobserved(Kind.MALFORMED, f"it served {len(chain.certificates):,} certificates")
    certificates = []
    for number, der in enumerate(chain.certificates, start=1):
        try:
            certificates.append(parse_certificate(der))
        except UnreadableCertificate as error:
            return Unobserved(Kind.MALFORMED, f"certificate {number} that it served: {error}")
    return Served(tuple(certificates), source)
