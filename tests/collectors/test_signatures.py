"""The signatures of images are collected economically, and hostile lists of referrers end as failures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from auditor.collectors.signature_collector import EVERYTHING, wanted_signatures
from auditor.errors import Location
from auditor.evidence.model import Absent, Failed, Kind, Place, Seen
from auditor.evidence.signature_keys import referrers_key, signature_tag, tag_key
from auditor.evidence.store import Store
from auditor.needs.signature_demands import SignatureDemands
from auditor.oci.document import parse_document
from auditor.oci.media_types import OCI_INDEX, OCI_MANIFEST
from auditor.oci.reference import parse_reference
from auditor.plan.model import Plan, Registry
from auditor.readers.signatures.model import PAYLOAD
from tests.collectors.asking import LINUX, gather, plan_of
from tests.peers.images import Blob, BuiltIndex, Uploader, build_image, build_index, digest_of
from tests.peers.referrers_registry import Shelf, serve_referrers

NOTATION = "application/vnd.cncf.notary.signature"
POLICY = """apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: signed}}
spec:
  validationFailureAction: Enforce
  rules:
  - name: check
    verifyImages:
    - {{type: {kind}, imageReferences: ["*"], attestors: [{{entries: [{{{attestor}: {{x: y}}}}]}}]}}
"""
IMAGE = build_index(build_image(LINUX, label="signed"))


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serve_referrers() as shelf:
        with httpx.Client(base_url=f"http://{shelf.host}", trust_env=False) as client:
            Uploader(client).index("shop/web", IMAGE, "1")
            Uploader(client).index("shop/other", build_index(build_image(LINUX, label="other")), "1")
        yield shelf


def attach(shelf: Shelf, image: BuiltIndex = IMAGE, kind: str = NOTATION, note: str = "") -> str:
    """Push a referrer of the image without any blob, and return its digest."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/jose+json", "digest": digest_of(note.encode()), "size": len(note)}],
        "subject": {"mediaType": OCI_INDEX, "digest": image.digest, "size": 1},
    }
    data = json.dumps(body).encode()
    shelf.manifests["shop/web", digest_of(data)] = (OCI_MANIFEST, data)
    return digest_of(data)


def tag_signature(shelf: Shelf, suffix: str = "sig") -> None:
    """Push a manifest under cosign's tag."""
    layer = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": digest_of(b"x"), "size": 1}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2}
    data = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}).encode()
    shelf.manifests["shop/web", digest_of(data)] = (OCI_MANIFEST, data)
    shelf.tags["shop/web", signature_tag(IMAGE.digest, suffix)] = digest_of(data)


def plan_with(kind: str = "", attestor: str = "keys") -> Plan:
    """Return a plan with a Kyverno policy of that type; without a policy for an empty text."""
    from auditor.plan.load import load_plan_files

    files = {"k8s/policy.yaml": POLICY.format(kind=kind, attestor=attestor).encode()} if kind else {"k8s/none.yaml": b"a: b\n"}
    text = "version: 1\npools: {linux: {platform: linux/amd64}}\nworkloads: [{manifests: k8s}]\n"
    return load_plan_files("plan.yaml", {"plan.yaml": text.encode(), **files})


def collected(shelf: Shelf, plan: Plan, store: Store, **more: Any) -> list[str]:
    """Collect both images, and return the requests about signatures."""
    shelf.requests.clear()
    gather(store, plan, f"{shelf.host}/shop/web:1", f"{shelf.host}/shop/other:1", **more)
    return [one for one in shelf.requests if "sha256-" in one or "/referrers/" in one]


def listed(store: Store, shelf: Shelf) -> Any:
    """Return the observation of the list of referrers."""
    return store.tag(referrers_key(f"{shelf.host}/shop/web", IMAGE.digest))


def test_plan_without_policies_requests_no_signature(shelf: Shelf) -> None:
    with Store.memory() as store:
        assert collected(shelf, plan_with(), store) == []


def test_policy_for_cosign_requests_one_tag_per_image(shelf: Shelf) -> None:
    tag_signature(shelf)
    with Store.memory() as store:
        asked = collected(shelf, plan_with("Cosign"), store)
        assert len(asked) == 2
        assert all(one.endswith(".sig") for one in asked)
        assert isinstance(store.tag(tag_key(f"{shelf.host}/shop/web", IMAGE.digest, "sig")), Seen)
        assert collected(shelf, plan_with("Cosign"), store) != [], "every run observes what can change"


def test_payload_is_collected_only_for_nodes_that_compare_names(shelf: Shelf) -> None:
    from auditor.plan.load import load_plan_files

    payload = json.dumps({"critical": {"identity": {"docker-reference": "a.b/c:1"}}}).encode()
    single = build_image(LINUX, label="nodes")
    with httpx.Client(base_url=f"http://{shelf.host}", trust_env=False) as client:
        Uploader(client).image("shop/nodes", single, "1")
        Uploader(client).blob("shop/nodes", Blob(payload, "application/octet-stream"))
    layer = {"mediaType": PAYLOAD, "digest": digest_of(payload), "size": len(payload)}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2}
    huge = {**layer, "digest": digest_of(b"huge"), "size": 1 << 30}
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer, huge]}
    data = json.dumps(body).encode()
    shelf.manifests["shop/nodes", digest_of(data)] = (OCI_MANIFEST, data)
    shelf.tags["shop/nodes", signature_tag(single.digest, "sig")] = digest_of(data)
    policy = b'{"default": [{"type": "sigstoreSigned", "keyPath": "/k"}]}'
    text = "version: 1\npools: {linux: {platform: linux/amd64, config: [nodes]}}\n"
    text += f'images: [{{ref: "{shelf.host}/shop/nodes:1"}}]\n'
    plan = load_plan_files("plan.yaml", {"plan.yaml": text.encode(), "nodes/policy.json": policy})
    for other, expected in ((plan, 1), (plan_with("Cosign"), 0)):
        with Store.memory() as store:
            shelf.requests.clear()
            gather(store, other, f"{shelf.host}/shop/nodes:1")
            assert sum("/blobs/" in one and digest_of(payload) in one for one in shelf.requests) == expected
            assert not any(huge["digest"] in one for one in shelf.requests)
            assert isinstance(store.content("", digest_of(payload)), Seen) is bool(expected)


def test_policy_for_notation_requests_the_referrers_once_per_image(shelf: Shelf) -> None:
    own = attach(shelf)
    with Store.memory() as store:
        asked = collected(shelf, plan_with("Notary", "certificates"), store)
        assert sorted(one.partition("/v2/")[2].split("/")[2] for one in asked) == ["referrers", "referrers"]
        seen = listed(store, shelf)
        assert isinstance(seen, Seen)
        body = store.content("", seen.value.digest)
        assert isinstance(body, Seen)
        assert own in body.value.body.decode()


def test_registry_without_the_api_is_requested_for_it_once(shelf: Shelf) -> None:
    shelf.has_referrers = False
    own = attach(shelf)
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry(own)]}
    data = json.dumps(index).encode()
    shelf.manifests["shop/web", digest_of(data)] = (OCI_INDEX, data)
    shelf.tags["shop/web", signature_tag(IMAGE.digest)] = digest_of(data)
    with Store.memory() as store:
        asked = collected(shelf, plan_with("Notary", "certificates"), store, jobs=1)
        assert sum("/referrers/" in one for one in asked) <= 2
        assert isinstance(listed(store, shelf), Seen), "from the fallback tag"
        assert "sha256-" in listed(store, shelf).source


def test_image_without_referrers_is_absent_or_an_empty_list(shelf: Shelf) -> None:
    shelf.has_referrers = False
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        assert isinstance(listed(store, shelf), Absent)


def test_option_collects_the_signatures_of_all_images(shelf: Shelf) -> None:
    with Store.memory() as store:
        asked = collected(shelf, plan_with(), store, signatures=True)
        assert {one.rpartition(".")[2] for one in asked if "sha256-" in one} == {"sig", "att", "sbom"}
        assert sum("/referrers/" in one for one in asked) == 2


def test_pages_are_joined(shelf: Shelf) -> None:
    shelf.page = 10
    for number in range(35):
        attach(shelf, kind=f"application/vnd.example.{number}", note=str(number))
    attach(shelf)
    with Store.memory() as store:
        asked = collected(shelf, plan_with("Notary", "certificates"), store)
        assert sum("/shop/web/referrers/" in one for one in asked) == 4
        seen = listed(store, shelf)
        assert isinstance(seen, Seen)
        body = store.content("", seen.value.digest)
        assert isinstance(body, Seen)
        types = [one.artifact_type for one in parse_document(body.value.body, OCI_INDEX).manifests]  # type: ignore[union-attr]
        assert NOTATION in types
        assert len(types) == 36


def entry(digest: str, kind: str = NOTATION) -> dict[str, Any]:
    """Return an entry of a list of referrers."""
    return {"mediaType": OCI_MANIFEST, "digest": digest, "size": 10, "artifactType": kind}


def answer_with(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]]) -> None:
    """Let the registry list these entries."""
    monkeypatch.setattr(type(shelf), "referrers", lambda *_: entries)


def test_hundred_thousand_entries_end_quickly(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry(f"sha256:{number:064x}", f"application/vnd.example.{number % 500}") for number in range(100_000)]
    answer_with(shelf, monkeypatch, entries)
    shelf.page = 20_000
    started = time.process_time()
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        seen = listed(store, shelf)
        assert isinstance(seen, Seen)
        assert seen.value.size < 100_000, "reduced to the artifact types"
    assert time.process_time() - started < 20


def test_page_that_is_too_large_fails(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(shelf, monkeypatch, [entry(f"sha256:{number:064x}") for number in range(100_000)])
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        failed = listed(store, shelf)
        assert isinstance(failed, Failed)
        assert failed.kind is Kind.UNSUPPORTED


@pytest.mark.parametrize("digest", ["sha256:zz", "", "sha256:" + "a" * 63, "../../etc/passwd"])
def test_entries_with_invalid_digests_do_not_count(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, digest: str) -> None:
    answer_with(shelf, monkeypatch, [entry(digest)])
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        seen = listed(store, shelf)
        assert isinstance(seen, Seen)
        body = store.content("", seen.value.digest)
        assert isinstance(body, Seen)
        assert NOTATION not in body.value.body.decode()


def test_referrer_that_does_not_exist_is_no_signature(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(shelf, monkeypatch, [entry("sha256:" + "a" * 64)])
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        assert isinstance(listed(store, shelf), Failed)


def test_referrer_of_another_image_is_no_signature(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    own = attach(shelf, replace(IMAGE, index=replace(IMAGE.index, body=b"other")))
    answer_with(shelf, monkeypatch, [entry(own)])
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        failed = listed(store, shelf)
        assert isinstance(failed, Failed)
        assert "does not have for this image" in failed.detail


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_refusal_is_a_failure_and_not_absence(shelf: Shelf, status: int) -> None:
    shelf.status = status
    with Store.memory() as store:
        collected(shelf, plan_with("Notary", "certificates"), store)
        assert isinstance(listed(store, shelf), Failed)


def test_internal_registry_is_requested_under_its_own_name(shelf: Shelf) -> None:
    tag_signature(shelf)
    registry = Registry(shelf.host, Location("plan.yaml"), rewrites={"example.com": shelf.host})
    plan = replace(plan_with("Cosign"), registry=registry)
    with Store.memory() as store:
        gather(store, plan, "example.com/shop/web:1", places=frozenset({Place.TARGET}))
        assert isinstance(store.tag(tag_key(f"{shelf.host}/shop/web", IMAGE.digest, "sig")), Seen)


def test_everything_covers_all_forms() -> None:
    reference = parse_reference("a.example/b:1")
    assert wanted_signatures(SignatureDemands(), [reference], everything=True) == {reference: EVERYTHING}
    assert wanted_signatures(SignatureDemands(), [reference], everything=False) == {}
    assert plan_of(LINUX).pools
