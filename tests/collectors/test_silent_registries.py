"""Silent, limiting or failing hosts are abandoned once for all images, and Retry-After is honoured once per host."""

from __future__ import annotations

import threading
import time

import pytest

from auditor.collectors.registry.retries import TIMEOUT, WHOLE, Retries
from auditor.evidence.causes import Cause
from auditor.evidence.model import Failed, Kind
from auditor.evidence.store import Store
from tests.cli.runner import auditor
from tests.collectors.asking import LINUX, Waits, failure, gather, no_waiting, plan_of
from tests.peers.gateway import Gateway, Handler, Sent

pytestmark = pytest.mark.peer
MANY = 24


def names_at(host: str) -> list[str]:
    return [f"{host}/shop/web:{number}" for number in range(MANY)]


def quiet(seconds: float) -> object:
    return lambda _handler, _sent: time.sleep(seconds)


def test_silent_host_times_out_within_30_s_by_default() -> None:
    assert 2 * TIMEOUT <= 30
    assert Retries.within(TIMEOUT) == Retries()
    assert Retries.within(1).whole == WHOLE


def test_a_silent_registry_costs_one_time_out_for_all_images(hostile: Gateway) -> None:
    hostile.inject("/manifests/", lambda _handler, _sent: time.sleep(3), times=999)
    started = time.monotonic()
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX), *names_at(hostile.host), **no_waiting(Waits(), timeout=0.5))
        observed = [store.tag(name) for name in names_at(hostile.host)]
    assert time.monotonic() - started < 2
    assert {one.cause for one in observed if isinstance(one, Failed)} == {Cause.TIMEOUT}
    assert (done.failures, len(observed)) == (MANY, MANY)
    assert done.requests < MANY


def test_registry_that_answers_other_requests_is_retried(hostile: Gateway) -> None:
    hostile.inject("/manifests/0", lambda _handler, _sent: time.sleep(1), times=1)
    stop = threading.Event()
    hostile.inject("/manifests/1", lambda handler, _sent: (stop.wait(0.2), handler.send(Sent(404))), times=1)
    with Store.memory() as store:
        # The first request to a host may go alone: it is one that is answered.
        names = [names_at(hostile.host)[number] for number in (2, 0, 1)]
        gather(store, plan_of(LINUX), *names, **no_waiting(Waits(), timeout=0.5))
        assert not isinstance(store.tag(names_at(hostile.host)[0]), Failed)


def test_retry_after_pause_is_shared_by_all_images(hostile: Gateway) -> None:
    lock, limited = threading.Lock(), []

    def limit(handler: Handler, sent: Sent) -> None:
        with lock:
            limited.append(time.monotonic())
            is_early = time.monotonic() - limited[0] < 0.9
        handler.send(Sent(429, {"Retry-After": "1"}) if is_early else sent)

    hostile.inject("/manifests/", limit, times=999)
    started = time.monotonic()
    with Store.memory() as store:
        gather(store, plan_of(LINUX), *names_at(hostile.host), retries=Retries())
        assert not [name for name in names_at(hostile.host) if isinstance(store.tag(name), Failed)]
    assert 1 <= time.monotonic() - started < 2.5


def test_registry_that_always_limits_is_abandoned_for_all_images(hostile: Gateway) -> None:
    hostile.inject("/manifests/", lambda handler, _sent: handler.send(Sent(429, {"Retry-After": "20"})), times=999)
    waits, started = Waits(), time.monotonic()
    with Store.memory() as store:
        gather(store, plan_of(LINUX), *names_at(hostile.host), **no_waiting(waits))
        kinds = {failure(store.tag(name))[0] for name in names_at(hostile.host)}
    assert kinds == {Kind.UNREACHABLE}
    assert sum(waits.seconds) <= 60
    assert time.monotonic() - started < 10, "requests that are not sent need no spacing"


def test_a_registry_that_fails_without_end_is_tried_once_for_later_images(hostile: Gateway) -> None:
    hostile.inject("/manifests/", lambda handler, _sent: handler.send(Sent(503)), times=9999)
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX), *names_at(hostile.host), jobs=1, **no_waiting(Waits()))
    assert done.requests == 3 * 5 + (MANY - 3)


@pytest.mark.parametrize("command", ["audit", "collect", "inspect", "fix"])
def test_the_option_sets_the_time_out(command: str, hostile: Gateway, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    hostile.inject("/manifests/", lambda _handler, _sent: time.sleep(3), times=999)
    (folder / "images.txt").write_text("".join(f"{name}\n" for name in names_at(hostile.host)))
    images, name = "images.txt=linux/amd64", names_at(hostile.host)[0]
    words = {"audit": (images,), "collect": (images, "-o", "x"), "inspect": (name,), "fix": (images, "-o", "y")}[command]
    started = time.monotonic()
    done = auditor(command, *words, "--timeout", "0.3", cwd=folder)
    assert time.monotonic() - started < 15
    assert done.returncode == (0 if command == "fix" else 3), done.stderr
    assert auditor(command, *words, "--timeout", "0", cwd=folder).returncode == 2
