"""Plans, needs and collections for the collectors' tests, without waiting and without the user's logins."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.collectors.registry.retries import Retries
from auditor.errors import Location
from auditor.evidence.model import Absent, ChainSeen, Content, Failed, Kind, Observation, Seen, TlsOffered
from auditor.evidence.store import Store
from auditor.needs.model import Need, Needs
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference
from auditor.plan.model import Plan, Pool, Program

LINUX = "linux/amd64"
ARM = "linux/arm64"
WIN = "windows/amd64:10.0.20348.3000"
WIN_2019 = "windows/amd64:10.0.17763.7000"
PLACE = Location("plan.yaml")
NOWHERE = Path("/nonexistent")


class Waits:
    """A sleep that takes no time and records the requested times."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def no_chain(host: str, port: int) -> Observation[ChainSeen]:
    """Return an absent chain, for tests that do not concern TLS."""
    raise AssertionError(f"{host}:{port} was observed")


def modern(host: str, port: int) -> Observation[TlsOffered]:
    """Return a TLS offer without a server."""
    return Seen(TlsOffered(("TLSv1.3",), ()), datetime.datetime.now(datetime.UTC), f"tls://{host}:{port}")


def plan_of(*platforms: str, runtime: Program | None = None, **more: Any) -> Plan:
    """A plan with one pool per platform."""
    pools = tuple(Pool(f"pool-{n}", parse_platform(text), PLACE, runtime=runtime) for n, text in enumerate(platforms))
    return Plan(path="plan.yaml", sha256="", name="test", pools=pools, **{"files": {"plan.yaml": b"version: 1\n"}, **more})


def needs_of(plan: Plan, *references: str, host_process: bool = False) -> Needs:
    """Return needs in which every pool needs every image."""
    images = [parse_reference(text) for text in references]
    return Needs(
        needs=tuple(Need(image, pool.name, pool.platform, (), host_process) for image in images for pool in plan.pools)
    )


def options(**more: Any) -> CollectOptions:
    """Return options that use nothing of this machine."""
    return CollectOptions(
        **{
            "retries": Retries(sleep=Waits(), random=lambda: 0.5),
            "environment": {},
            "home": NOWHERE,
            "observe_chain": no_chain,
            "observe_offered": modern,
            **more,
        }
    )


def gather(store: Store, plan: Plan, *references: str, **more: Any) -> Collected:
    """Collect the references for every pool of the plan."""
    return collect(plan, needs_of(plan, *references), store, options(**more))


def body_of(store: Store, repository: str, digest: str) -> bytes:
    """Return a document that must exist."""
    observed = store.content(repository, digest)
    assert isinstance(observed, Seen), observed
    value = observed.value
    assert isinstance(value, Content)
    return value.body


def failure(observed: Observation[Any] | None) -> tuple[Kind, str]:
    """Return kind and detail of a failed observation."""
    assert isinstance(observed, Failed), observed
    return observed.kind, observed.detail


def absence(observed: Observation[Any] | None) -> str:
    """Return the detail of an absent observation."""
    assert isinstance(observed, Absent), observed
    return observed.detail


def tag_digest(store: Store, reference: str) -> str:
    """Return the digest of an observed tag."""
    observed = store.tag(reference)
    assert isinstance(observed, Seen), observed
    return observed.value.digest


def no_waiting(waits: Waits, **more: Any) -> Mapping[str, Any]:
    """Return options whose waits `waits` records."""
    return {"retries": Retries(sleep=waits, random=lambda: 0.5, **more)}
