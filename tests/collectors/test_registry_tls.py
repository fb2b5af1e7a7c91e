"""Which TLS endpoints a run observes, and that an endpoint that crashes a library does not end the run."""

from __future__ import annotations

import datetime

import pytest

from auditor.collectors import endpoint_collector as collector
from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Place, Seen, TlsOffered
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from auditor.plan.model import Endpoint, Registry
from tests.collectors.asking import LINUX, PLACE, gather, plan_of

HOST = "registry.plant7.local:5000"
PLAN = plan_of(LINUX, registry=Registry(HOST, PLACE), endpoints=(Endpoint("k8s.plant7.local", 6443, PLACE),))
TARGET, SOURCE, NOTHING = frozenset({Place.TARGET}), frozenset({Place.SOURCE}), frozenset[Place]()


def seen(host: str, port: int) -> Observation[ChainSeen]:
    at = datetime.datetime.now(datetime.UTC)
    return Seen(ChainSeen((b"leaf",), "TLSv1.3"), at, f"tls://{host}:{port}")


def offered(host: str, port: int) -> Observation[TlsOffered]:
    at = datetime.datetime.now(datetime.UTC)
    return Seen(TlsOffered(("TLSv1.2",), ()), at, f"tls://{host}:{port}")


@pytest.mark.parametrize(
    ("places", "asked"),
    [
        (SOURCE, ["k8s.plant7.local:6443"]),
        (NOTHING, ["k8s.plant7.local:6443"]),
        (TARGET, ["k8s.plant7.local:6443", HOST]),
        (SOURCE | TARGET, ["k8s.plant7.local:6443", HOST]),
    ],
)
def test_internal_registry_is_observed_only_if_it_is_queried(places: frozenset[Place], asked: list[str]) -> None:
    with Store.memory() as store:
        done = gather(store, PLAN, observe_chain=seen, observe_offered=offered, places=places)
        assert [name for name in ("k8s.plant7.local:6443", HOST) if store.chain(name) is not None] == asked
        assert (done.requests, done.failures) == (len(asked), 0)


@pytest.mark.parametrize("error", [TypeError("no mask"), RuntimeError("odd"), AssertionError()])
def test_endpoint_that_crashes_a_library_is_reported_and_others_are_observed(error: Exception) -> None:
    def breaking(host: str, port: int) -> Observation[ChainSeen]:
        if port == 5000:
            raise error
        return seen(host, port)

    with Store.memory() as store:
        done = gather(store, PLAN, observe_chain=breaking, observe_offered=offered, places=TARGET)
        failed = store.chain(HOST)
        assert isinstance(failed, Failed)
        assert failed.kind is Kind.BUG
        assert f"observing {HOST} failed with {type(error).__name__}" in failed.detail
        assert isinstance(store.chain("k8s.plant7.local:6443"), Seen)
        assert done.failures == 1
        gather(store, PLAN, observe_chain=seen, observe_offered=offered, places=TARGET)
        again = gather(store, PLAN, observe_chain=breaking, observe_offered=offered, places=TARGET)
        assert isinstance(Overlaid(store, again.unanswered).chain(HOST), Failed)


def test_certificate_that_crashes_the_parser_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking(der: bytes) -> object:
        raise KeyError(der)

    monkeypatch.setattr(collector, "parse_certificate", breaking)
    with Store.memory() as store:
        done = gather(store, PLAN, observe_chain=seen, observe_offered=offered, places=TARGET)
        assert done.failures == 2
        assert failed_name(Overlaid(store, done.unanswered).chain(HOST)) == HOST


def failed_name(observed: Observation[ChainSeen] | None) -> str:
    assert isinstance(observed, Failed)
    return observed.source.removeprefix("tls://")
