"""Sites with endpoints for the checks of the family trust, made in memory."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.check import Check, Finding, Fine, Outcome, Undetermined
from auditor.errors import Location
from auditor.evidence.model import BlobSeen, ChainSeen, Content, Observation, Seen, TagSeen, TlsOffered
from auditor.needs.model import Needs
from auditor.oci.platform import parse_platform
from auditor.plan.model import Endpoint, Plan, Pool, Program, Registry
from auditor.site import Site
from auditor.testing.certificates import HOST, Made

TODAY = datetime.date(2026, 11, 23)
NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
WHERE = Location("plan.yaml", 30, 5)


@dataclass(frozen=True)
class ChainsOnly:
    """Evidence that holds chains and nothing else."""

    chains: Mapping[str, Observation[ChainSeen]] = field(default_factory=dict)

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        raise AssertionError(reference)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        raise AssertionError(repository + digest)

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        raise AssertionError(repository + digest)

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        return self.chains.get(endpoint)

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        raise AssertionError(endpoint)

    def fetched(self, url: str) -> None:
        """Not observed."""


def seen(*chain: Made) -> Seen[ChainSeen]:
    return Seen(ChainSeen(tuple(made.certificate.der for made in chain), "TLSv1.3"), NOW, f"tls://{HOST}:5000")


def pool(name: str = "control", platform: str = "linux/amd64", **values: object) -> Pool:
    given = {"runtime": Program("containerd", "2.1.6"), "clients": ("containerd",), **values}
    return Pool(name, parse_platform(platform), Location("plan.yaml", 4), **given)  # type: ignore[arg-type]


def windows(**values: object) -> Pool:
    return pool("win2022", "windows/amd64:ltsc2022", **values)


def site(
    observed: Observation[ChainSeen] | None,
    *pools: Pool,
    files: Mapping[str, bytes] | None = None,
    host: str = HOST,
    chain: str = "",
    horizon: datetime.date | None = None,
    reachable: tuple[str, ...] = (),
    ca: str = "",
) -> Site:
    """The registry `host:5000` as the one endpoint, as `observed`, and these pools."""
    endpoint = Endpoint(host, 5000, WHERE, chain)
    plan = Plan(
        "plan.yaml",
        "0" * 64,
        "test",
        pools or (pool(),),
        horizon=horizon,
        endpoints=(endpoint,),
        reachable=reachable,
        files=dict(files or {}),
        registry=Registry(endpoint.name, WHERE, ca=ca),
    )
    return Site(plan, Needs(), ChainsOnly({endpoint.name: observed} if observed is not None else {}))


def outcomes(check: Check, where: Site, today: datetime.date = TODAY) -> list[Outcome]:
    return list(check.run(where, today))


def findings(found: list[Outcome]) -> list[Finding]:
    return [outcome for outcome in found if isinstance(outcome, Finding)]


def unknowns(found: list[Outcome]) -> list[Undetermined]:
    return [outcome for outcome in found if isinstance(outcome, Undetermined)]


def examined(found: list[Outcome]) -> int:
    """How many subjects are in order."""
    return sum(outcome.count for outcome in found if isinstance(outcome, Fine))
