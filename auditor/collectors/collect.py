"""The third verb: collect the evidence that a plan's needs require. The only network access of the program, with limits
everywhere."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from auditor import __version__
from auditor.collectors.answered import Answers
from auditor.collectors.archived import observe_archives
from auditor.collectors.certificate_urls import CertificateUrls
from auditor.collectors.endpoint_collector import EndpointCollector, ObserveChain, ObserveOffered
from auditor.collectors.image_collector import ImageCollector
from auditor.collectors.image_walk import WantedPlatform, Where
from auditor.collectors.presence import PresenceCollector
from auditor.collectors.registry.answers import now
from auditor.collectors.registry.client import RegistryClient
from auditor.collectors.registry.environment import check_proxies, check_roots
from auditor.collectors.registry.retries import Retries
from auditor.collectors.signature_collector import SignatureCollector, Wanted, wanted_signatures
from auditor.collectors.tls import observe_chain, observe_offered, with_handshakes
from auditor.collectors.unpacked_sizes import UnpackedCollector
from auditor.errors import AuditorError, UsageError
from auditor.evidence.missed import Missed, missed_since
from auditor.evidence.model import Observation, Place, TlsOffered, Verify
from auditor.evidence.overlay import Unanswered
from auditor.evidence.places import note_places
from auditor.evidence.store import Store
from auditor.needs.endpoints import tls_endpoints
from auditor.needs.model import Needs
from auditor.needs.signature_demands import signature_demands
from auditor.net import Scope
from auditor.oci.reference import Reference
from auditor.oci.select import MAX_DEPTH
from auditor.oci.windows import runtime_rule
from auditor.plan.model import Endpoint, EndpointOrigin, Plan, Pool
from auditor.plan.reach import reach_of
from auditor.plan.rewrites import placed
from auditor.readers.carried import carried_files
from auditor.readers.node_config import node_configs
from auditor.readers.signatures.reading import signature_policies

IN_PROGRESS = 256  # images of one host: enough that requests always wait for a free connection
Asked = tuple[Reference, tuple[WantedPlatform, ...], Place]


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """Options of a collection. At most `jobs` requests run at once; with None, each host's answers decide (registry/pace.py).

    `places` are where to look up images.

    `verify` is how much of the internal registry is read: `size` fetches and hashes manifests and configs, and requests the
    sizes of layers; `full` reads and hashes every layer as well. `unpacked` requests the unpacked sizes of layers even if the
    plan has no disk that needs them. `environment` and `home` give the locations of logins and the public roots. `ca` (PEM or
    DER) is trusted for every registry without a setting in the plan. `retries` limits the silence of a host. `progress` is
    called with (done, total) for images and endpoints.
    """

    jobs: int | None = None
    places: frozenset[Place] = frozenset({Place.SOURCE})
    progress: Callable[[int, int], None] | None = None
    verify: Verify = Verify.SIZE
    unpacked: bool = False
    retries: Retries = field(default_factory=Retries)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    home: Path = field(default_factory=Path.home)
    observe_chain: ObserveChain | None = None
    observe_offered: ObserveOffered | None = None
    ca: bytes = b""
    reading: Callable[[str, int, int], None] | None = None  # archives: (name, bytes done, bytes in all)
    signatures: bool = False  # observe the signatures of all images, not only of those that a policy demands


@dataclass(frozen=True, slots=True)
class Collected:
    """The result of a collection. `failures` counts requests without a usable answer; `left_out` names omitted files, and why.

    `unanswered` holds references, endpoints (`host:port`), URLs and pairs of repository and digest without an answer now, but
    with an earlier observation in the store. `missed` groups all planned observations that failed, by host and cause.
    """

    requests: int
    documents: int
    failures: int
    left_out: tuple[str, ...]
    seconds: float
    unanswered: Unanswered = field(default_factory=dict)
    missed: tuple[Missed, ...] = ()


def collect(plan: Plan, needs: Needs, store: Store, options: CollectOptions | None = None) -> Collected:
    """Observe everything in a plan's registries and endpoints that can change, and store the plan's files.

    Documents in `store` are kept, because the content of a digest never changes. Failures are evidence too. An interrupted
    collection keeps its observations; a restart of the same collection within an hour requests only the rest. Raises UsageError
    if a CA file holds no certificate, if a place is requested that the plan does not name, or if the environment names a proxy
    or public roots that cannot be used.
    """
    options = options or CollectOptions()
    started, since = time.monotonic(), now().replace(microsecond=0)  # evidence has times in whole seconds
    _check_places(plan, options.places)
    if plan.endpoints or options.places - {Place.ARCHIVES}:
        check_proxies()
        check_roots(options.environment)
    left_out = _carry(plan, store)
    note_places(store, options.places)
    store.commit()
    if Place.ARCHIVES in options.places:
        observe_archives(plan, store, options.reading)
    try:
        answers = Answers(store, _run_key(plan, options))
        done = asyncio.run(_gather(plan, needs, store, options, answers))
        answers.finish()
    finally:
        store.commit()
    missed = missed_since(store, since, done.unanswered)
    return replace(done, left_out=left_out, seconds=time.monotonic() - started, missed=missed)


def _run_key(plan: Plan, options: CollectOptions) -> str:
    """Return the key that identifies a run across interruptions: plan, files, places, and how much is read."""
    made = hashlib.sha256(plan.path.encode(errors="surrogateescape"))
    for name, body in sorted(plan.files.items()):
        made.update(f"\0{name}\0{len(body)}\0".encode(errors="surrogateescape") + body)
    made.update(f"{sorted(options.places)} {options.verify}{' signatures' * options.signatures}".encode())
    return made.hexdigest()


def _check_places(plan: Plan, places: frozenset[Place]) -> None:
    if Place.TARGET in places and plan.registry is None:
        raise UsageError("the plan names no internal registry", "Add `registry: {host: …}` to the plan, or query the sources.")
    if Place.ARCHIVES in places and not (plan.copy and plan.copy.archives):
        raise UsageError("the plan names no archives", "Add `copy: {archives: [FILE]}` to the plan, or query the sources.")


def _carry(plan: Plan, store: Store) -> tuple[str, ...]:
    files, left_out = carried_files(plan)
    store.replace_files(files)
    at = now().isoformat(timespec="seconds")
    for key, value in (("plan.path", plan.file), ("plan.name", plan.name), ("tool.version", __version__), ("files.at", at)):
        store.put_meta(key, value)
    store.commit()
    return left_out


def wishes_of(plan: Plan, needs: Needs) -> dict[Reference, tuple[WantedPlatform, ...]]:
    """Return, by image, the kinds of nodes that need it. Where nodes require exact builds, add the weaker rule as well."""
    strict = {pool.name: _is_strict(pool) for pool in plan.pools}
    found: defaultdict[Reference, dict[WantedPlatform, None]] = defaultdict(dict)
    for need in needs.needs:
        found[need.reference][WantedPlatform(need.platform, any_build=need.host_process)] = None
        if strict[need.pool]:
            found[need.reference][WantedPlatform(need.platform, strict=True, any_build=need.host_process)] = None
    return {reference: tuple(wishes) for reference, wishes in found.items()}


def _is_strict(pool: Pool) -> bool:
    if not pool.is_windows or pool.runtime is None:
        return False
    rule = runtime_rule(pool.runtime.name, pool.runtime.version)
    return rule is not None and rule.matching == "strict"


async def _gather(plan: Plan, needs: Needs, store: Store, options: CollectOptions, answers: Answers) -> Collected:
    wanted = list(_asked(plan, needs, options.places))
    endpoints = _endpoints(plan, needs, options.places)
    connected = sum(not endpoint.chain for endpoint in endpoints)
    progress = _Progress(options.progress, len(wanted) + connected)
    client = RegistryClient(plan, options.retries, options.jobs, options.environment, options.home, options.ca)
    unpacked = UnpackedCollector(client, store) if options.unpacked or _has_disk(plan) else None
    images = ImageCollector(client, store, answers)
    presence = PresenceCollector(client, images, answers, full=options.verify is Verify.FULL)
    demands = signature_demands(plan, needs, signature_policies(plan))
    signed = wanted_signatures(demands, (asked[0] for asked in wanted if asked[1]), everything=options.signatures)
    signatures = SignatureCollector(client, store, answers)
    work = _Work(images, presence, unpacked, progress, signatures, _at_places(plan, signed, options.places))
    urls = CertificateUrls(plan, store, options.retries, options.environment)
    chain = options.observe_chain or partial(observe_chain, timeout=options.retries.timeout)
    offered = options.observe_offered or partial(_observe_all, timeout=2 * options.retries.timeout)
    chains = EndpointCollector(plan, store, urls, chain, offered)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work.all_of(wanted))
            for endpoint in endpoints:
                group.create_task(_observed(chains, endpoint, progress))
    except* AuditorError as group_error:
        raise _first(group_error) from None
    finally:
        await client.close()
        await urls.close()
    failed = (answers, chains, urls, *((unpacked,) if unpacked else ()))
    return Collected(
        client.requests + connected + urls.requests,
        images.documents,
        sum(part.failures for part in failed),
        (),
        0.0,
        {**answers.unanswered, **chains.lost, **urls.lost},
    )


def _endpoints(plan: Plan, needs: Needs, places: frozenset[Place]) -> tuple[Endpoint, ...]:
    """Return the endpoints to observe in this run.

    Those that the plan lists are observed in every run. The internal registry and its mirrors are observed if the registry is a
    place to query; on the connected side it may not exist yet. Image hosts are queried for images in any case.
    """
    observed = {EndpointOrigin.DECLARED}
    observed |= {EndpointOrigin.REGISTRY, EndpointOrigin.IMAGE} if Place.TARGET in places else set()
    observed |= {EndpointOrigin.IMAGE} if Place.SOURCE in places else set()
    every = tls_endpoints(plan, needs, node_configs(plan), reach_of(plan))
    return tuple(endpoint for endpoint in every if endpoint.origin in observed)


async def _observed(chains: EndpointCollector, endpoint: Endpoint, progress: _Progress) -> None:
    await chains.collect(endpoint)
    if not endpoint.chain:
        progress.step()


def _at_places(plan: Plan, signed: Mapping[Reference, Wanted], places: frozenset[Place]) -> dict[Reference, Wanted]:
    """Return what to observe by image, under its name at the source and on the internal registry."""
    found = dict(signed)
    if Place.TARGET in places and plan.registry is not None:
        for reference, wanted in signed.items():
            inside = placed(plan.registry, reference)
            found[inside] = found.get(inside, Wanted()).with_other(wanted)
    return found


def _has_disk(plan: Plan) -> bool:
    """Return whether the plan names a disk with unpacked layers: that of nodes, or of staging."""
    return any(pool.disk is not None for pool in plan.pools) or (plan.copy is not None and plan.copy.staging is not None)


def _asked(plan: Plan, needs: Needs, places: frozenset[Place]) -> Iterator[Asked]:
    """Yield every image at every place where a registry must be queried for it."""
    wanted = wishes_of(plan, needs)
    inside: defaultdict[Reference, dict[WantedPlatform, None]] = defaultdict(dict)
    if Place.TARGET in places and plan.registry is not None:
        for reference, wishes in wanted.items():
            inside[placed(plan.registry, reference)].update(dict.fromkeys(wishes))
        yield from ((reference, tuple(wishes), Place.TARGET) for reference, wishes in inside.items())
    if Place.SOURCE in places:
        yield from ((reference, wishes, Place.SOURCE) for reference, wishes in wanted.items() if reference not in inside)
    yield from _charts_asked(plan, needs, places)


def _charts_asked(plan: Plan, needs: Needs, places: frozenset[Place]) -> Iterator[Asked]:
    """Every chart that a release pulls from a registry. One on the internal registry has no other source."""
    reach = reach_of(plan)
    for reference in dict.fromkeys(chart.reference for chart in needs.charts if chart.reference is not None):
        if Place.TARGET in places and plan.registry is not None:
            yield placed(plan.registry, reference), (), Place.TARGET
        if Place.SOURCE in places and reach.of(reference.domain.partition(":")[0]) is not Scope.INTERNAL:
            yield reference, (), Place.SOURCE


@dataclass(frozen=True, slots=True)
class _Work:
    """The shared state of the workers."""

    images: ImageCollector
    presence: PresenceCollector
    unpacked: UnpackedCollector | None
    progress: _Progress
    signatures: SignatureCollector
    signed: Mapping[Reference, Wanted]

    async def all_of(self, wanted: list[Asked]) -> None:
        """Collect images, those of each host concurrently.

        An image is walked again if another repository served a document that it lacked. So the result does not depend on which
        repository answers first.
        """
        lacking: dict[Asked, tuple[str, ...]] = {}
        again = wanted
        for _ in range(MAX_DEPTH + 1):
            queues: defaultdict[str, list[Asked]] = defaultdict(list)
            for asked in again:
                queues[asked[0].domain].append(asked)
            async with asyncio.TaskGroup() as group:
                for queue in queues.values():
                    waiting = iter(queue)
                    for _ in range(min(IN_PROGRESS, len(queue))):
                        group.create_task(self._on(waiting, lacking))
            again = [asked for asked, digests in lacking.items() if any(map(self.images.has_document, digests))]
            if not again:
                break

    async def _on(self, waiting: Iterator[Asked], lacking: dict[Asked, tuple[str, ...]]) -> None:
        """Run one worker until no image is left."""
        for asked in waiting:
            reference, wishes, place = asked
            where = Where(reference, inside=place is Place.TARGET)
            walked = await self.images.collect(where, wishes)
            is_new = asked not in lacking
            lacking[asked] = walked.lacking
            look = self.presence.everything if where.inside else self.presence.foreign_layers
            sizes = (self.unpacked.layers(reference, walked),) if self.unpacked is not None else ()
            signed = self.signed.get(reference)
            signatures = (self.signatures.of(where, walked, signed),) if signed is not None else ()
            await asyncio.gather(look(where, walked), *sizes, *signatures)
            if is_new:
                self.progress.step()


class _Progress:
    """Counts finished work and calls the progress callback."""

    def __init__(self, tell: Callable[[int, int], None] | None, total: int) -> None:
        self._tell = tell
        self._total = total
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._tell is not None:
            self._tell(self._done, self._total)


def _first(group: BaseExceptionGroup[AuditorError]) -> AuditorError:
    """Return the first error of a group at any depth."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _observe_all(host: str, port: int, *, timeout: float) -> Observation[TlsOffered]:
    return with_handshakes(observe_offered(host, port, timeout=timeout), host, port, timeout=timeout)
