"""Plans, needs and collections for the collector's tests, with no waiting and no logins of whoever runs them."""

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
    """A sleep that takes no time and remembers what was asked."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def no_chain(host: str, port: int) -> Observation[ChainSeen]:
    """What stands in for TLS where a test is about something else."""
    raise AssertionError(f"{host}:{port} was observed")


def modern(host: str, port: int) -> Observation[TlsOffered]:
    """What stands in for asking a TLS server what it offers."""
    return Seen(TlsOffered(("TLSv1.3",), ()), datetime.datetime.now(datetime.UTC), f"tls://{host}:{port}")


def plan_of(*platforms: str, runtime: Program | None = None, **more: Any) -> Plan:
    """A plan with one pool per platform."""
    pools = tuple(Pool(f"pool-{n}", parse_platform(text), PLACE, runtime=runtime) for n, text in enumerate(platforms))
    return Plan(path="plan.yaml", sha256="", name="test", pools=pools, **{"files": {"plan.yaml": b"version: 1\n"}, **more})


def needs_of(plan: Plan, *references: str, host_process: bool = False) -> Needs:
    """Every pool needs every image."""
    images = [parse_reference(text) for text in references]
    return Needs(
        needs=tuple(Need(image, pool.name, pool.platform, (), host_process) for image in images for pool in plan.pools)
    )


def options(**more: Any) -> CollectOptions:
    """Options that touch nothing of this machine."""
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
    """Collect what every pool of the plan needs of the references."""
    return collect(plan, needs_of(plan, *references), store, options(**more))


def body_of(store: Store, repository: str, digest: str) -> bytes:
    """A document that must be there."""
    observed = store.content(repository, digest)
    assert isinstance(observed, Seen), observed
    value = observed.value
    assert isinstance(value, Content)
    return value.body


def failure(observed: Observation[Any] | None) -> tuple[Kind, str]:
    """Kind and detail of a failure that must be one."""
    assert isinstance(observed, Failed), observed
    return observed.kind, observed.detail


def absence(observed: Observation[Any] | None) -> str:
    """What the registry said about something that must be absent."""
    assert isinstance(observed, Absent), observed
    return observed.detail


def tag_digest(store: Store, reference: str) -> str:
    """The digest of a tag that must have been seen."""
    observed = store.tag(reference)
    assert isinstance(observed, Seen), observed
    return observed.value.digest


def no_waiting(waits: Waits, **more: Any) -> Mapping[str, Any]:
    """Options whose waits are remembered by `waits`."""
    return {"retries": Retries(sleep=waits, random=lambda: 0.5, **more)}
