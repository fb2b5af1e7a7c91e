"""The third verb: gather the evidence that a plan's needs take. The only I/O with the world, and all of it bounded."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor import __version__
from auditor.collectors.images import ImageCollector, Wish
from auditor.collectors.registry.client import RegistryClient
from auditor.collectors.registry.retries import Retries
from auditor.collectors.registry.routes import Routes
from auditor.collectors.tls import observe_chain
from auditor.errors import AuditorError, UsageError
from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Seen
from auditor.evidence.store import Store
from auditor.oci.reference import Reference
from auditor.oci.windows import runtime_rule
from auditor.plan.files import carried_files
from auditor.plan.model import Endpoint, Needs, Plan, Pool

CHAINS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """How to collect. `jobs` requests run at once, at most half of them at one host; `via` is `source` or `target`.

    `environment` and `home` say where logins lie; `progress` is called with (done, total) for images and endpoints.
    """

    jobs: int = 16
    via: str = "source"
    progress: Callable[[int, int], None] | None = None
    retries: Retries = field(default_factory=Retries)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    home: Path = field(default_factory=Path.home)
    observe_chain: Callable[[str, int], Observation[ChainSeen]] = observe_chain


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did. `failures` are questions without a usable answer; `left_out` names files not carried, and why.

    `unanswered` are references and endpoints (`host:port`) that nobody answered for today, and of which the store keeps what
    was seen before.
    """

    requests: int
    documents: int
    failures: int
    left_out: tuple[str, ...]
    seconds: float
    unanswered: Mapping[str, Failed] = field(default_factory=dict)


def collect(plan: Plan, needs: Needs, store: Store, options: CollectOptions | None = None) -> Collected:
    """Ask the registries and endpoints of a plan for what `store` does not have yet, and carry the plan's files.

    Whatever fails is evidence too. Interrupted, it leaves what was gathered; called again, it asks for the rest.
    Raises UsageError when a CA file holds no certificate, or `via` is `target` and the plan names no registry.
    """
    options = options or CollectOptions()
    started = time.monotonic()
    _keep_apart(store, options.via)
    left_out = _carry(plan, store)
    try:
        done = asyncio.run(_gather(plan, needs, store, options))
    finally:
        store.commit()
    return replace(done, left_out=left_out, seconds=time.monotonic() - started)


def _keep_apart(store: Store, via: str) -> None:
    """Source and target never share a store: what the one has would pass for had by the other, as digests are asked once."""
    before = store.meta("collected.via")
    if before and before != via:
        raise UsageError(f"this evidence was collected via {before}, not via {via}", "Collect into another file.")
    store.put_meta("collected.via", via)


def _carry(plan: Plan, store: Store) -> tuple[str, ...]:
    files, left_out = carried_files(plan)
    store.replace_files(files)
    for key, value in (("plan.path", plan.file), ("plan.name", plan.name), ("tool.version", __version__)):
        store.put_meta(key, value)
    store.commit()
    return left_out


def wishes_of(plan: Plan, needs: Needs) -> dict[Reference, tuple[Wish, ...]]:
    """For each image, the kinds of nodes that need it; where nodes insist on exact builds, the looser rule is asked for too."""
    strict = {pool.name: _is_strict(pool) for pool in plan.pools}
    found: defaultdict[Reference, dict[Wish, None]] = defaultdict(dict)
    for need in needs.needs:
        found[need.reference][Wish(need.platform, any_build=need.host_process)] = None
        if strict[need.pool]:
            found[need.reference][Wish(need.platform, strict=True, any_build=need.host_process)] = None
    return {reference: tuple(wishes) for reference, wishes in found.items()}


def _is_strict(pool: Pool) -> bool:
    if not pool.is_windows or pool.runtime is None:
        return False
    rule = runtime_rule(pool.runtime.name, pool.runtime.version)
    return rule is not None and rule.matching == "strict"


async def _gather(plan: Plan, needs: Needs, store: Store, options: CollectOptions) -> Collected:
    wanted = wishes_of(plan, needs)
    endpoints = [endpoint for endpoint in plan.endpoints if not endpoint.chain]
    progress = _Progress(options.progress, len(wanted) + len(endpoints))
    client = RegistryClient(plan, options.retries, options.jobs, options.environment, options.home)
    routes = Routes(plan, options.via)
    images = ImageCollector(client, store, routes)
    queues: defaultdict[str, list[tuple[Reference, tuple[Wish, ...]]]] = defaultdict(list)
    for reference, wishes in wanted.items():
        queues[routes.of(reference)[0]].append((reference, wishes))
    at_host = max(1, options.jobs // 2)
    try:
        async with asyncio.TaskGroup() as group:
            for queue in queues.values():
                waiting = iter(queue)
                for _ in range(min(at_host, len(queue))):
                    group.create_task(_work(waiting, images, progress))
            chains = group.create_task(_chains(endpoints, store, options, progress))
    except* AuditorError as group_error:
        raise _first(group_error) from None
    finally:
        await client.close()
    failed, lost = chains.result()
    requests, failures = client.requests + len(endpoints), images.counts.failures + failed
    return Collected(requests, images.counts.documents, failures, (), 0.0, {**images.unanswered, **lost})


async def _work(waiting: Iterator[tuple[Reference, tuple[Wish, ...]]], images: ImageCollector, progress: _Progress) -> None:
    """One worker of one host: it takes the next image until there is none."""
    for reference, wishes in waiting:
        await images.collect(reference, wishes)
        progress.step()


async def _chains(
    endpoints: list[Endpoint], store: Store, options: CollectOptions, progress: _Progress
) -> tuple[int, dict[str, Failed]]:
    """Observe every endpoint; how many failed, and those that nobody answered for but that were seen before."""
    at_once = asyncio.Semaphore(CHAINS_AT_ONCE)
    lost: dict[str, Failed] = {}

    async def observe(endpoint: Endpoint) -> int:
        async with at_once:
            observation = await asyncio.to_thread(options.observe_chain, endpoint.host, endpoint.port)
        known = store.chain(endpoint.name)
        if isinstance(observation, Failed) and observation.kind is Kind.UNREACHABLE and isinstance(known, Seen):
            lost[endpoint.name] = observation
        else:
            store.put_chain(endpoint.name, observation)
        progress.step()
        return int(not isinstance(observation, Seen))

    return sum(await asyncio.gather(*(observe(endpoint) for endpoint in endpoints))), lost


class _Progress:
    """Counts what is done, and tells whoever looks."""

    def __init__(self, tell: Callable[[int, int], None] | None, total: int) -> None:
        self._tell = tell
        self._total = total
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._tell is not None:
            self._tell(self._done, self._total)


def _first(group: BaseExceptionGroup[AuditorError]) -> AuditorError:
    """The first error of a group, however deep."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
