"""What a registry really has of an image: every part on the internal registry, only foreign layers on a source."""

from __future__ import annotations

import pytest

from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Place, Seen
from auditor.evidence.store import Store
from auditor.plan.model import Plan, Registry
from tests.collectors.asking import ARM, LINUX, PLACE, WIN, failure, gather, plan_of
from tests.peers.gateway import Gateway, Sent
from tests.peers.images import FOREIGN_LAYER, Blob, BuiltImage, BuiltIndex, build_image, build_index
from tests.peers.registry import RunningRegistry

pytestmark = pytest.mark.peer

INSIDE = frozenset({Place.TARGET})


def inside(gateway: Gateway, *platforms: str) -> Plan:
    """Return a plan whose internal registry is the gateway, for images of example.com."""
    return plan_of(*platforms, registry=Registry(gateway.host, PLACE, rewrites={"example.com": gateway.host}))


def heads(gateway: Gateway, method: str = "HEAD") -> list[str]:
    """Return the digests that were requested by a method, sorted."""
    return sorted(one.path.rpartition("/")[2] for one in gateway.log if one.method == method)


def layers_of(*images: BuiltImage) -> set[str]:
    """The layers of some images."""
    return {layer.digest for image in images for layer in image.layers}


def seen_blob(store: Store, repository: str, digest: str) -> BlobSeen:
    """Return the observation of an existing blob."""
    observed = store.blob(repository, digest)
    assert isinstance(observed, Seen), observed
    return observed.value


def test_every_part_on_the_internal_registry_is_requested_once_per_run(gateway: Gateway, shop: BuiltIndex) -> None:
    plan = inside(gateway, LINUX, WIN)
    linux, arm, _, new, _ = shop.children
    layers = layers_of(linux, new)
    documents = {child.digest for child in shop.children} | {linux.config.digest, new.config.digest}
    repository = f"{gateway.host}/shop/web"
    with Store.memory() as store:
        for number in range(2):
            gateway.log.clear()
            done = gather(store, plan, "example.com/shop/web:1", places=INSIDE)
            assert heads(gateway) == sorted(layers), f"run {number}: layers by HEAD"
            assert heads(gateway, "GET") == sorted({"1", *documents}), f"run {number}: documents are read"
            assert (done.failures, done.requests) == (0, len(layers) + len(documents) + 1)
        for digest in layers | documents | {shop.digest}:
            assert isinstance(store.blob(repository, digest), Seen)
        for digest in documents | {shop.digest}:
            assert seen_blob(store, repository, digest).hashed == digest
        assert store.blob(repository, arm.layers[0].digest) is None, "no pool needs it"
        size = seen_blob(store, repository, linux.layers[0].digest)
        assert size == BlobSeen(len(linux.layers[0].body))
        manifest = seen_blob(store, repository, linux.digest)
        assert manifest.media_type == linux.manifest.media_type


def test_missing_part_is_absent_and_requested_again(gateway: Gateway, shop: BuiltIndex) -> None:
    gone, silent = shop.children[0].layers[0].digest, shop.children[0].config.digest
    gateway.inject(f"/blobs/{gone}", lambda handler, _sent: handler.send(Sent(404)))
    gateway.inject(f"/blobs/{silent}", lambda handler, _sent: handler.send(Sent(403)))
    plan = inside(gateway, LINUX)
    repository = f"{gateway.host}/shop/web"
    with Store.memory() as store:
        done = gather(store, plan, "example.com/shop/web:1", places=INSIDE)
        assert isinstance(store.blob(repository, gone), Absent)
        assert failure(store.blob(repository, silent))[0] is Kind.DENIED
        assert done.failures == 2
        gateway.log.clear()
        assert gather(store, plan, "example.com/shop/web:1", places=INSIDE).failures == 0
        assert {gone, silent} <= {*heads(gateway), *heads(gateway, "GET")}
        assert isinstance(store.blob(repository, gone), Seen)


def test_manifest_in_an_index_that_was_not_pushed_is_absent(gateway: Gateway, shop: BuiltIndex) -> None:
    arm = shop.children[1].digest
    for _ in range(2):  # HEAD, and GET for registries that know no HEAD
        gateway.inject(f"/manifests/{arm}", lambda handler, _sent: handler.send(Sent(404)))
    with Store.memory() as store:
        gather(store, inside(gateway, LINUX), "example.com/shop/web:1", places=INSIDE)
        assert isinstance(store.blob(f"{gateway.host}/shop/web", arm), Absent)


def test_source_is_queried_only_for_foreign_layers(gateway: Gateway, registry: RunningRegistry) -> None:
    base = Blob(b"a base", FOREIGN_LAYER, ("https://go.microsoft.com/fwlink/?linkid=1",), stored=False)
    windows = build_image(WIN, base, Blob(b"an application", FOREIGN_LAYER.replace("foreign.", "")), label="foreign")
    with registry.uploader() as uploader:
        uploader.index("foreign/web", build_index(build_image(LINUX, label="beside"), windows), "1")
    with Store.memory() as store:
        gather(store, plan_of(LINUX, WIN), f"{gateway.host}/foreign/web:1")
        assert heads(gateway) == [base.digest]
        assert isinstance(store.blob(f"{gateway.host}/foreign/web", base.digest), Absent)


def test_shared_parts_of_two_images_are_requested_once(gateway: Gateway, registry: RunningRegistry) -> None:
    shared = build_image(LINUX, label="in both")
    with registry.uploader() as uploader:
        for tag in ("1", "2"):
            uploader.index("both/web", build_index(shared, note=tag), tag)
    with Store.memory() as store:
        gather(store, inside(gateway, LINUX), "example.com/both/web:1", "example.com/both/web:2", places=INSIDE)
    asked = heads(gateway)
    assert len(asked) == len(set(asked))


def test_lost_registry_fails_and_keeps_earlier_observations(gateway: Gateway, shop: BuiltIndex) -> None:
    plan = inside(gateway, LINUX, ARM)
    repository = f"{gateway.host}/shop/web"
    lost = shop.children[1].layers[0].digest
    with Store.memory() as store:
        for _ in range(20):
            gateway.inject(f"/blobs/{lost}", lambda handler, _sent: handler.send(Sent(503)))
        gather(store, plan, "example.com/shop/web:1", places=INSIDE)
        observed = store.blob(repository, lost)
        assert isinstance(observed, Failed)
        assert observed.kind is Kind.UNREACHABLE
        assert isinstance(store.blob(repository, shop.children[0].layers[0].digest), Seen)
