"""How many concurrent requests and requests per second a host gets, and that neither changes the evidence."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from auditor.collectors.registry import client
from auditor.collectors.registry.pace import MOST, SLOWEST, START, Pace
from auditor.collectors.registry.retries import Retries
from auditor.errors import Location
from auditor.evidence.model import Place
from auditor.evidence.store import Store
from auditor.plan.model import Registry
from tests.collectors.asking import ARM, LINUX, gather, plan_of
from tests.peers.gateway import Gateway, Handler, Sent, serve_gateway
from tests.peers.images import LAYER, Blob, build_image, build_index


async def _run(pace: Pace, requests: int, seconds: float = 0.001) -> list[int]:
    """Send requests that are answered after `seconds`. Return how many were running when each was sent."""
    running, seen = 0, []

    async def one() -> None:
        nonlocal running
        async with pace.turn(0):
            await pace.ready()
            running += 1
            seen.append(running)
            await asyncio.sleep(seconds)
            running -= 1
            pace.accepted(seconds, 0)

    async with asyncio.TaskGroup() as group:
        for _ in range(requests):
            group.create_task(one())
    return seen


def test_limit_grows_to_the_maximum_while_requests_wait() -> None:
    seen = asyncio.run(_run(Pace(), 600))
    assert seen[:START] == [*range(1, START + 1)]
    assert max(seen) == MOST


def test_limit_does_not_grow_without_waiting_requests() -> None:
    async def run() -> float:
        pace = Pace()
        for _ in range(100):
            await _run(pace, 1)
        return pace.limit

    assert asyncio.run(run()) == START


@pytest.mark.parametrize("most", [1, 5, 16, 40])
def test_concurrent_requests_respect_the_limit(most: int) -> None:
    assert max(asyncio.run(_run(Pace(most), 300))) == most


@pytest.mark.parametrize(("alone", "goes_alone"), [(8.0, True), (0.05, False)], ids=["in time", "late"])
def test_first_request_to_a_host_is_sent_alone_for_a_limited_time(
    alone: float, goes_alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ALONE", alone)
    asked_before_the_answer: list[int] = []

    def late(handler: Handler, sent: Sent) -> None:
        time.sleep(0.3)
        asked_before_the_answer.append(len(gateway.log))
        handler.send(sent)

    with serve_gateway() as gateway, Store.memory() as store:
        gateway.inject("/v2/", late)
        gather(store, plan_of(LINUX), *_serve(gateway, 5))
    assert (asked_before_the_answer == [1]) is goes_alone


def test_requests_with_dependants_go_first() -> None:
    async def run() -> list[int]:
        pace, order = Pace(1), []

        async def one(priority: int) -> None:
            async with pace.turn(priority):
                order.append(priority)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(priority) for priority in (1, 1, 0, 1, 0)))
        return order

    assert asyncio.run(run()) == [1, 0, 0, 1, 1]


def test_slower_answers_halve_the_limit() -> None:
    async def run() -> tuple[float, float]:
        pace = Pace()
        await _run(pace, 300)
        before = pace.limit
        for _ in range(3 * MOST):
            pace.accepted(0.5, 0)
        return before, pace.limit

    assert asyncio.run(run()) == (MOST, MOST / 2)


def test_other_kinds_of_requests_may_be_slower() -> None:
    async def run() -> float:
        pace = Pace()
        await _run(pace, 300)
        for _ in range(3 * MOST):
            pace.accepted(0.5, 1)
        return pace.limit

    assert asyncio.run(run()) == MOST


def test_concurrent_failures_halve_the_limit_once() -> None:
    pace = Pace()
    sent = time.monotonic()
    for _ in range(10):
        pace.failed(sent)
    assert pace.limit == START / 2
    pace.failed(time.monotonic())
    assert pace.limit == START / 4


def test_429_sets_the_rate_and_counts_once_for_concurrent_requests() -> None:
    async def run() -> tuple[float | None, float | None]:
        pace = Pace()
        await _run(pace, 40)
        sent = time.monotonic()
        pace.throttled(sent, 2.0)
        first = pace.rate
        pace.throttled(sent, 2.0)
        return first, pace.rate

    assert asyncio.run(run()) == (16.0, 16.0)  # 0.8 of 40 requests in two seconds


def test_429_without_a_known_rate_allows_one_request_at_once() -> None:
    async def run() -> Pace:
        pace = Pace()
        await _run(pace, 2)
        pace.throttled(time.monotonic(), None)
        return pace

    pace = asyncio.run(run())
    assert (pace.limit, pace.rate) == (1.0, None)
    pace.throttled(time.monotonic() + 1, 60.0)
    assert pace.rate == SLOWEST


class Limited:
    """A limit of requests per second, as a gateway fault: a bucket of one second, and 429 when it is empty."""

    def __init__(self, rate: float, headers: dict[str, str]) -> None:
        self.refused: Counter[str] = Counter()
        self.in_a_row: Counter[str] = Counter()
        self._rate, self._headers = rate, headers
        self._tokens, self._filled = rate, time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, handler: Handler, sent: Sent) -> None:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            is_good = self._tokens >= 1
            self._tokens -= is_good
            self.in_a_row[handler.path] = 0 if is_good else self.in_a_row[handler.path] + 1
            self.refused[handler.path] = max(self.refused[handler.path], self.in_a_row[handler.path])
        time.sleep(0.02)
        handler.send(sent if is_good else Sent(429, self._headers, b"{}"))


def _serve(gateway: Gateway, images: int, *, missing: frozenset[int] = frozenset()) -> list[str]:
    """Serve images in three repositories that share configs and layers; the layers of `missing` ones are absent."""
    names = []
    for number in range(images):
        layers = [Blob(f"layer {layer} of {number % 5}".encode(), LAYER) for layer in range(3)]
        children = [build_image(platform, *layers, label=str(number % 5)) for platform in (LINUX, ARM)]
        index = build_index(*children).index
        base = f"/v2/a/b{number % 3}"
        for image in children:
            for blob in (image.config, *(() if number in missing else layers)):
                gateway.answers[f"{base}/blobs/{blob.digest}"] = Sent(body=blob.body)
            headers = {"Content-Type": image.manifest.media_type, "Docker-Content-Digest": image.digest}
            gateway.answers[f"{base}/manifests/{image.digest}"] = Sent(200, headers, image.manifest.body)
        headers = {"Content-Type": index.media_type, "Docker-Content-Digest": index.digest}
        gateway.answers[f"{base}/manifests/v{number}"] = Sent(200, headers, index.body)
        names.append(f"{gateway.host}/a/b{number % 3}:v{number}")
    return names


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {}], ids=["with Retry-After", "without"])
def test_a_host_that_limits_requests_answers_429_to_no_request_twice(headers: dict[str, str]) -> None:
    limited = Limited(50, headers)
    with serve_gateway() as gateway, Store.memory() as store:
        names = _serve(gateway, 40)
        gateway.inject("/v2/", limited, times=10_000)
        plan = plan_of(LINUX, ARM, registry=Registry(gateway.host, Location("plan.yaml")))
        done = gather(store, plan, *names, places=frozenset({Place.TARGET}), retries=Retries())
        asked = {f"/v2/{one.path.removeprefix('/v2/')}" for one in gateway.log}
    assert done.failures == 0
    assert limited.refused.total() > 0
    assert max(limited.refused.values()) == 1
    assert len(asked) + limited.refused.total() == done.requests == len(gateway.log)


def _rows(store: Store, *, shared: bool) -> list[tuple[object, ...]]:
    """Return the content of the evidence. `shared` leaves out which repository served shared bytes."""
    told = "outcome, size" if shared else "outcome, detail, size, media_type, hashed"
    lacking = "outcome" if shared else "outcome, detail"
    tables = [
        "SELECT 'tag', reference, outcome, detail, source, digest, media_type, size FROM tag",
        "SELECT 'document', digest, media_type, body FROM document",
        f"SELECT 'blob', repository, digest, {told} FROM blob",  # noqa: S608 - constants
        f"SELECT 'missing', repository, digest, {lacking} FROM missing WHERE digest NOT IN (SELECT digest FROM document)",  # noqa: S608
        "SELECT 'unpacked', digest, outcome, kind, value FROM unpacked",
    ]
    return sorted((row for table in tables for row in store.rows(table)), key=repr)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("place", [Place.SOURCE, Place.TARGET])
def test_concurrency_does_not_change_the_evidence(place: Place, seed: int) -> None:
    numbers = random.Random(seed)

    def late(handler: Handler, sent: Sent) -> None:
        time.sleep(numbers.random() * 0.01)
        handler.send(sent)

    found = []
    with serve_gateway() as gateway:
        names = _serve(gateway, 15, missing=frozenset(numbers.sample(range(15), 4)))
        for lost in numbers.sample(sorted(path for path in gateway.answers if "sha256" in path), 5):
            del gateway.answers[lost]
        gateway.inject("/v2/", late, times=100_000)
        registry = Registry(gateway.host, Location("plan.yaml")) if place is Place.TARGET else None
        plan = plan_of(LINUX, ARM, registry=registry)
        for jobs in (1, 64, None):
            with Store.memory() as store:
                done = gather(store, plan, *names, places=frozenset({place}), jobs=jobs)
                found.append((done.requests, _rows(store, shared=place is Place.SOURCE)))
    assert found[0][1]
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_cancelled_wait_passes_the_turn_on() -> None:
    async def run() -> list[int]:
        pace = Pace(1)
        async with pace.turn(0):
            waiting = asyncio.create_task(_run(pace, 1))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return await _run(pace, 2)

    assert asyncio.run(run()) == [1, 1]


def test_a_document_that_repositories_share_is_hashed_in_each_without_waiting(tmp_path: Path) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def slow(handler: Handler, sent: Sent) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.1)
        with lock:
            at_once -= 1
        handler.send(sent)

    with serve_gateway() as gateway, Store.create(tmp_path / "e") as store:
        image = build_image(LINUX, label="same")
        for number in range(8):
            base = f"/v2/a/b{number}"
            headers = {"Content-Type": image.manifest.media_type, "Docker-Content-Digest": image.digest}
            gateway.answers[f"{base}/manifests/1"] = Sent(200, headers, image.manifest.body)
            for blob in (image.config, *image.layers):
                gateway.answers[f"{base}/blobs/{blob.digest}"] = Sent(body=blob.body)
        gateway.inject(f"/blobs/{image.config.digest}", slow, times=100)
        plan = plan_of(LINUX, registry=Registry(gateway.host, Location("plan.yaml")))
        names = [f"{gateway.host}/a/b{number}:1" for number in range(8)]
        gather(store, plan, *names, places=frozenset({Place.TARGET}))
    assert most > 4
