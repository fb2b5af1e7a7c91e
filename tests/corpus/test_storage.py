"""Exact sums over the corpus: the bill of materials of AKS for Linux, and manifests of Windows images."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.needs.resolve import resolve_needs
from auditor.oci import media_types
from auditor.oci.document import Manifest, parse_document
from auditor.site import Site
from auditor.testing import MemoryEvidence, plan_of
from auditor.testing.image_forms import CONFIG, LAYER
from auditor.testing.memory import body_of
from tests.corpus.folder import corpus

pytestmark = pytest.mark.corpus

AKS = ("image-lists", "aks-linux-imagebom", "202608.20.0-image-list.json")
AKS_BYTES = 5_782_754_512
MONGO = {"mongo-4-1809-2021": 2_919_081_688, "mongo-4.4-1809-2023": 1_953_291_369}


def bill() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(corpus(*AKS).read_bytes())["imageBom"]
    return found


def as_published(evidence: MemoryEvidence, image: dict[str, Any]) -> int:
    """An image whose one layer has the published bytes, under each of its tags; the bytes of the documents around it."""
    config = body_of({"os": "linux", "architecture": "amd64", "id": image["id"]})
    evidence.store(config, CONFIG)
    layer = {"mediaType": LAYER, "digest": image["id"], "size": image["bytes"]}
    told = {"mediaType": CONFIG, "digest": evidence.store(config, CONFIG), "size": len(config)}
    manifest = body_of({"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": told, "layers": [layer]})
    for tag in image["repoTags"]:
        evidence.point(tag, manifest, media_types.OCI_MANIFEST)
    return len(config) + len(manifest)


def test_bill_of_materials_is_exact_at_every_compressed_stage() -> None:
    """69 tags are 68 images; an image with two tags counts once."""
    evidence = MemoryEvidence()
    documents = sum(as_published(evidence, image) for image in bill())
    text = """version: 1
pools: {control: {platform: linux/amd64, disk: 100GB, runtime: containerd 2.1.6}}
images: [{list: bom.json}]
copy: {tool: crane 0.20.6, options: [--format=oci], media: {size: 64GB, filesystem: fat32}, staging: {disk: 64GB}}
registry: {host: "registry.plant7.local:5000", disk: 6GB}
"""
    plan = plan_of(text, {"bom.json": corpus(*AKS).read_bytes()})
    storage = Site(plan, resolve_needs(plan), evidence).storage
    assert len(evidence.tags) == 69
    assert storage.registry.bytes == storage.download.bytes == AKS_BYTES + documents
    assert storage.registry.unknown == ()
    assert (
        sum(share.bytes for share in storage.registry.budget.exclusive) + storage.registry.budget.shared
        == AKS_BYTES + documents
    )
    assert storage.media is not None
    assert 0 < storage.media.bytes - (AKS_BYTES + documents) < 300 * 69  # index.json of the layout
    (node,) = storage.nodes
    assert node.low >= 2 * AKS_BYTES * 99 // 100  # the blobs and, at least as large, what they unpack to
    assert abs(node.estimated - 2.5 * AKS_BYTES) < 69  # each layer is rounded


@pytest.mark.parametrize("name", MONGO)
def test_sum_of_windows_manifests_is_exact(name: str) -> None:
    index, body = (corpus("manifests", name, file).read_bytes() for file in ("index.json", "manifest.json"))
    manifest = parse_document(body)
    assert isinstance(manifest, Manifest)
    evidence = MemoryEvidence()
    evidence.point("docker.io/library/mongo:4", index)
    evidence.store(body)
    plan = plan_of(
        """version: 1
pools: {win2019: {platform: "windows/amd64:ltsc2019", disk: 100GB}}
images: [{ref: "mongo:4"}]
registry: {host: "registry.plant7.local:5000", disk: 6GB}
"""
    )
    storage = Site(plan, resolve_needs(plan), evidence).storage
    whole = MONGO[name] + manifest.config.size + len(body) + len(index)
    assert storage.registry.bytes == whole
    assert (storage.registry.low, storage.registry.high, storage.registry.unknown) == (whole, whole, ())
    (node,) = storage.nodes
    writable = 250_000_000
    assert abs(node.bytes - (whole + 2.8 * MONGO[name] + writable)) < 10
    assert node.high >= whole + 5 * MONGO[name]


def test_two_generations_of_a_product_share_nothing_and_two_tags_everything() -> None:
    evidence = MemoryEvidence()
    for tag, name in (("old", "mongo-4-1809-2021"), ("new", "mongo-4.4-1809-2023"), ("latest", "mongo-4.4-1809-2023")):
        evidence.point(f"docker.io/library/mongo:{tag}", corpus("manifests", name, "index.json").read_bytes())
        evidence.store(corpus("manifests", name, "manifest.json").read_bytes())
    plan = plan_of(
        """version: 1
pools: {win2019: {platform: "windows/amd64:ltsc2019"}}
images: [{ref: "mongo:old"}, {ref: "mongo:new"}, {ref: "mongo:latest"}]
"""
    )
    stage = Site(plan, resolve_needs(plan), evidence).storage.registry
    shared_by_tags = stage.budget.shared
    assert shared_by_tags >= MONGO["mongo-4.4-1809-2023"]
    alone = {share.owner.rpartition(":")[2]: share.bytes for share in stage.budget.exclusive}
    assert alone["old"] >= MONGO["mongo-4-1809-2021"]
    assert alone.get("new", 0) < 10_000
