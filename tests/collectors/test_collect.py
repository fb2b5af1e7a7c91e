"""Which requests a collection sends, how often, and what it stores, with a real registry."""

from __future__ import annotations

import datetime

import pytest

from auditor.errors import UsageError
from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Place, Seen, TlsOffered
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from auditor.plan.model import Endpoint, Program, Registry
from tests.collectors.asking import (
    ARM,
    LINUX,
    PLACE,
    WIN,
    WIN_2019,
    absence,
    body_of,
    failure,
    gather,
    needs_of,
    options,
    plan_of,
    tag_digest,
)
from tests.peers.gateway import Gateway, Sent
from tests.peers.images import BuiltIndex, build_image, build_index, entry
from tests.peers.registry import RunningRegistry

pytestmark = pytest.mark.peer

INSIDE = frozenset({Place.TARGET})


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _not_found() -> Sent:
    return Sent(404)


def _spoilt(sent: Sent, status: int) -> Sent:
    return Sent(status, sent.headers, sent.body)


def test_an_index_and_each_planned_platform_cost_one_request(gateway: Gateway, shop: BuiltIndex) -> None:
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX, WIN), f"{gateway.host}/shop/web:1")
        repository = f"{gateway.host}/shop/web"
        assert tag_digest(store, f"{repository}:1") == shop.digest
        assert body_of(store, repository, shop.digest) == shop.index.body
        linux, arm, old, new, attests = shop.children
        assert body_of(store, repository, linux.digest) == linux.manifest.body
        assert body_of(store, repository, new.digest) == new.manifest.body
        assert [store.content(repository, image.digest) for image in (arm, old, attests)] == [None, None, None]
    assert (done.requests, done.documents, done.failures) == (3, 3, 0)
    assert [one.method for one in gateway.log] == ["GET"] * 3


def test_source_of_an_observation_is_its_url(gateway: Gateway, shop: BuiltIndex) -> None:
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        seen = store.content("any/where", shop.children[0].digest)
        assert isinstance(seen, Seen)
        assert seen.source == f"http://{gateway.host}/v2/shop/web/manifests/{shop.children[0].digest}"
        assert seen.value.media_type == "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.usefixtures("shop")
def test_second_collection_sends_one_head_per_tag_and_manifest(gateway: Gateway) -> None:
    with Store.memory() as store:
        plan = plan_of(LINUX, ARM, WIN)
        first = gather(store, plan, f"{gateway.host}/shop/web:1")
        gateway.log.clear()
        done = gather(store, plan, f"{gateway.host}/shop/web:1")
    assert [one.method for one in gateway.log] == ["HEAD"] * 4
    assert (first.requests, done.requests, done.documents) == (4, 4, 0)


def test_moved_tag_is_fetched_again(gateway: Gateway, registry: RunningRegistry) -> None:
    first, second = build_image(LINUX, label="first"), build_image(LINUX, label="second")
    reference = f"{gateway.host}/moving/web:1"
    with Store.memory() as store, registry.uploader() as uploader:
        for image in (first, second):
            uploader.image("moving/web", image, "1")
            gather(store, plan_of(LINUX), reference)
            assert tag_digest(store, reference) == image.digest
            assert body_of(store, f"{gateway.host}/moving/web", image.config.digest) == image.config.body


def test_known_digest_gets_a_head_request(gateway: Gateway, shop: BuiltIndex) -> None:
    with Store.memory() as store:
        reference = f"{gateway.host}/shop/web:1@{shop.digest}"
        gather(store, plan_of(LINUX), reference)
        assert gateway.log[0].path.endswith(shop.digest)
        gateway.log.clear()
        assert gather(store, plan_of(LINUX), reference).documents == 0
    assert [one.method for one in gateway.log] == ["HEAD", "HEAD"]


def test_document_stored_under_another_name_gets_only_a_head_request(gateway: Gateway, shop: BuiltIndex) -> None:
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        gateway.log.clear()
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web@{shop.digest}")
        assert tag_digest(store, f"{gateway.host}/shop/web@{shop.digest}") == shop.digest
    assert [one.method for one in gateway.log] == ["HEAD", "HEAD"]


def test_images_that_share_a_manifest_fetch_it_once(gateway: Gateway, registry: RunningRegistry) -> None:
    shared = build_image(LINUX, label="shared")
    with registry.uploader() as uploader:
        for name in ("one", "two", "three", "four"):
            uploader.index(f"sharing/{name}", build_index(shared, note=name), "1")
    with Store.memory() as store:
        names = [f"{gateway.host}/sharing/{name}:1" for name in ("one", "two", "three", "four")]
        assert gather(store, plan_of(LINUX), *names).documents == 5
    assert sorted(one.method for one in gateway.asked(shared.digest)) == ["GET", "HEAD", "HEAD", "HEAD"], "each may lack it"
    assert len({(one.method, one.path) for one in gateway.log}) == len(gateway.log)


def test_a_single_manifest_needs_its_config(gateway: Gateway, registry: RunningRegistry) -> None:
    image = build_image(WIN, label="single", docker=True)
    with registry.uploader() as uploader:
        uploader.image("single/web", image, "1")
    with Store.memory() as store:
        gather(store, plan_of(WIN), f"{gateway.host}/single/web:1")
        assert body_of(store, f"{gateway.host}/single/web", image.config.digest) == image.config.body


def test_config_gives_the_platform_that_the_index_omits(gateway: Gateway, registry: RunningRegistry) -> None:
    old, new, arm = build_image(WIN_2019, label="blank"), build_image(WIN, label="blank"), build_image(ARM, label="silent")
    told = (entry(old, os_version=False), entry(new, os_version=False), arm.manifest.descriptor())
    with registry.uploader() as uploader:
        uploader.index("blank/web", build_index(old, new, arm, entries=told), "1")
    with Store.memory() as store:
        gather(store, plan_of(WIN), f"{gateway.host}/blank/web:1")
        for image in (old, new, arm):
            assert body_of(store, f"{gateway.host}/blank/web", image.config.digest) == image.config.body
    assert len(gateway.log) == 1 + 3 * 2


def test_runtime_with_exact_builds_gets_both_candidates(gateway: Gateway, registry: RunningRegistry) -> None:
    exact, newer = (
        build_image("windows/amd64:10.0.20348.1", label="both"),
        build_image("windows/amd64:10.0.25398.1", label="both"),
    )
    with registry.uploader() as uploader:
        uploader.index("both/web", build_index(exact, newer), "1")
    host = "windows/amd64:10.0.25398.9"
    with Store.memory() as store:
        gather(store, plan_of(host, runtime=Program("containerd", "1.6.0")), f"{gateway.host}/both/web:1")
        assert store.content("", newer.digest) is not None


def test_nested_indexes_are_walked(gateway: Gateway, registry: RunningRegistry) -> None:
    image = build_image(LINUX, label="nested")
    inner = build_index(image)
    outer = build_index(entries=(inner.index.descriptor(),))
    with registry.uploader() as uploader:
        uploader.index("nested/web", inner, "inner")
        uploader.manifest("nested/web", "outer", outer.index).raise_for_status()
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX), f"{gateway.host}/nested/web:outer").failures == 0
        assert body_of(store, f"{gateway.host}/nested/web", image.digest) == image.manifest.body


@pytest.mark.usefixtures("shop")
def test_absent_observation_names_the_reference(gateway: Gateway) -> None:
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:none", f"{gateway.host}/shop/none:1")
        assert absence(store.tag(f"{gateway.host}/shop/web:none")).startswith("MANIFEST_UNKNOWN")
        assert absence(store.tag(f"{gateway.host}/shop/none:1"))
    assert done.failures == 2


def test_deleted_tag_is_absent_by_head(gateway: Gateway, hostile: Gateway, shop: BuiltIndex) -> None:
    with Store.memory() as store:
        reference = f"{gateway.host}/shop/web:1"
        gather(store, plan_of(LINUX), reference)
        gateway.inject("manifests/1", lambda handler, _: handler.send(_not_found()))
        gather(store, plan_of(LINUX), reference)
        assert "HEAD" in absence(store.tag(reference))
    assert shop.digest
    assert not hostile.log


def test_outage_keeps_earlier_observations(gateway: Gateway, shop: BuiltIndex) -> None:
    with Store.memory() as store:
        reference = f"{gateway.host}/shop/web:1"
        gather(store, plan_of(LINUX), reference)
        gateway.inject("manifests/1", lambda handler, sent: handler.send(_spoilt(sent, 503)), times=99)
        assert gather(store, plan_of(LINUX), reference).failures == 1
        assert tag_digest(store, reference) == shop.digest


def test_target_is_queried_at_the_rewritten_path(gateway: Gateway, registry: RunningRegistry) -> None:
    image = build_image(LINUX, label="mirrored")
    with registry.uploader() as uploader:
        uploader.image("dockerhub/library/busybox", image, "1")
        uploader.image("quay/team/web", image, "1")
        uploader.image("other/app", image, "1")
    inside = Registry(
        gateway.host, PLACE, rewrites={"docker.io": f"{gateway.host}/dockerhub", "quay.io/x": f"{gateway.host}/quay/team"}
    )
    with Store.memory() as store:
        plan = plan_of(LINUX, registry=inside)
        gather(store, plan, "busybox:1", "quay.io/x/web:1", "ghcr.io/other/app:1", places=INSIDE)
        for path in ("dockerhub/library/busybox", "quay/team/web", "other/app"):
            seen = store.tag(f"{gateway.host}/{path}:1")
            assert isinstance(seen, Seen), seen
            assert seen.source == f"http://{gateway.host}/v2/{path}/manifests/1"


def test_a_target_that_the_plan_does_not_name_is_a_usage_error() -> None:
    with Store.memory() as store, pytest.raises(UsageError, match="no internal registry"):
        gather(store, plan_of(LINUX), "busybox", places=INSIDE)


def test_endpoints_are_observed_and_counted() -> None:
    asked: list[tuple[str, int]] = []

    def observe(host: str, port: int) -> Observation[ChainSeen]:
        asked.append((host, port))
        if host == "up.example" and len(asked) < 3:
            return Seen(ChainSeen((b"leaf", b"root"), "TLSv1.3"), _now(), "tls")
        return Failed(Kind.UNREACHABLE, "down", _now(), "tls")

    endpoints = (
        Endpoint("up.example", 443, PLACE),
        Endpoint("down.example", 443, PLACE),
        Endpoint("f", 1, PLACE, chain="x.pem"),
    )
    steps: list[tuple[int, int]] = []
    with Store.memory() as store:
        plan = plan_of(LINUX, endpoints=endpoints)
        done = gather(store, plan, observe_chain=observe, progress=lambda *at: steps.append(at), jobs=1)
        assert (done.requests, done.failures) == (2, 1)
        again = gather(store, plan, observe_chain=observe)
        chain = store.chain("up.example:443")
        assert isinstance(chain, Seen), "an outage must not wipe out what was seen"
        assert chain.value == ChainSeen((b"leaf", b"root"), "TLSv1.3")
        assert failure(store.chain("down.example:443"))[0] is Kind.UNREACHABLE
        assert isinstance(store.tls_offered("up.example:443"), Seen)
        assert failure(Overlaid(store, again.unanswered).tls_offered("up.example:443"))[0] is Kind.UNREACHABLE
        assert failure(store.tls_offered("down.example:443"))[0] is Kind.UNREACHABLE
        assert (store.chain("f:1"), store.tls_offered("f:1")) == (None, None)
    assert steps == [(1, 2), (2, 2)]


def test_failed_tls_offer_does_not_affect_the_chain() -> None:
    def observe(host: str, port: int) -> Observation[ChainSeen]:
        return Seen(ChainSeen((b"leaf",), "TLSv1.3"), _now(), f"tls://{host}:{port}")

    def silent(host: str, port: int) -> Observation[TlsOffered]:
        return Failed(Kind.UNREACHABLE, "no answer in time", _now(), f"tls://{host}:{port}")

    with Store.memory() as store:
        plan = plan_of(LINUX, endpoints=(Endpoint("up.example", 443, PLACE),))
        done = gather(store, plan, observe_chain=observe, observe_offered=silent)
        assert done.failures == 1
        assert isinstance(store.chain("up.example:443"), Seen)
        assert failure(store.tls_offered("up.example:443")) == (Kind.UNREACHABLE, "no answer in time")


def test_plan_is_stored_in_the_evidence() -> None:
    files = {"plan.yaml": b"version: 1\n", "key.pem": b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"}
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX, files=files))
        note = b'{"key.pem":"it holds a private key"}'
        assert store.files() == {"plan.yaml": b"version: 1\n", "plan.yaml.left-out": note}
        assert (store.meta("plan.path"), store.meta("plan.name")) == ("plan.yaml", "test")
    assert any("key.pem" in reason for reason in done.left_out)


def test_no_options_means_the_defaults() -> None:
    from auditor.collectors.collect import collect

    with Store.memory() as store:
        plan = plan_of(LINUX)
        assert collect(plan, needs_of(plan), store).requests == 0
        assert collect(plan, needs_of(plan), store, options()).documents == 0
