"""The state of each image for each pool, from the observed bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.evidence.model import Absent, Kind
from auditor.needs.resolve import resolve_needs
from auditor.oci import media_types
from auditor.oci.reference import parse_reference
from auditor.site import Requirement, Site
from auditor.site.images import Placement, Standing, is_carrier
from auditor.testing import MemoryEvidence, evidence_of, plan_of, site_from, site_of
from auditor.testing.memory import AT, body_of, digest_of
from auditor.testing.sites import PLAN

WEB = "registry.example.com/shop/web:4.2"
REPOSITORY = "registry.example.com/shop/web"
PLAN_TEXT = """
version: 1
pools:
  control: {platform: linux/amd64, runtime: containerd 2.1.6}
  win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}
images: [{ref: "registry.example.com/shop/web:4.2"}]
"""


def site(observed: Any, plan: str = PLAN_TEXT) -> Site:
    return site_of({"plan": plan, "observed": {WEB: observed}})


def placed(where: Site) -> dict[str, Placement]:
    return {placement.pool.name: placement for placement in where.images.placements}


def standings(where: Site) -> dict[str, Standing]:
    return {name: placement.standing for name, placement in placed(where).items()}


def with_index(evidence: MemoryEvidence, *entries: dict[str, Any]) -> Site:
    """A site whose image points at an index of raw entries."""
    return with_tag_at(evidence, body_of({"schemaVersion": 2, "manifests": list(entries)}))


def with_tag_at(evidence: MemoryEvidence, body: bytes) -> Site:
    """A site whose image points at the bytes."""
    evidence.point(WEB, body)
    base = site({"absent": "replaced"})
    return Site(base.plan, base.needs, evidence)


def entry_of(evidence: MemoryEvidence, platform: str) -> dict[str, Any]:
    """An index entry for a platform, with its documents in `evidence`."""
    made = evidence_of({WEB: {"platforms": [platform]}})
    evidence.documents.update(made.documents)
    (index,) = [document for document in made.documents.values() if document.media_type == media_types.OCI_INDEX]
    entry: dict[str, Any] = json.loads(index.body)["manifests"][0]
    return entry


def test_index_is_resolved_per_pool() -> None:
    found = placed(
        site({"platforms": ["linux/amd64", {"platform": "windows/amd64:10.0.20348.587", "layers": [{"size": "120MB"}]}]})
    )
    assert {name: placement.standing for name, placement in found.items()} == {"control": Standing.OK, "win2022": Standing.OK}
    windows = found["win2022"].resolution
    assert windows.choice.os_version == "10.0.20348.587"
    assert windows.payload is not None
    assert windows.payload.bytes == sum(blob.size for blob in windows.payload.blobs) > 120_000_000


@pytest.mark.parametrize(
    ("platform", "control", "win2022"),
    [
        ("linux/amd64", Standing.OK, Standing.PLATFORM_ABSENT),
        ("windows/amd64:10.0.20348.1", Standing.PLATFORM_ABSENT, Standing.OK),
        ("windows/amd64:10.0.17763.1", Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH),
        ("windows/amd64", Standing.PLATFORM_ABSENT, Standing.FALLBACK),
    ],
)
def test_platform_of_a_single_manifest_comes_from_its_config(platform: str, control: Standing, win2022: Standing) -> None:
    assert standings(site({"single": platform})) == {"control": control, "win2022": win2022}


@pytest.mark.parametrize(
    ("observed", "kind", "words"),
    [
        ({"failed": {"kind": "denied", "detail": "403"}}, Kind.DENIED, "403"),
        ({"raw": "not json"}, Kind.MALFORMED, "malformed"),
        ({"single": {"platform": "linux/amd64", "config": "uncollected"}}, Kind.MISSING_EVIDENCE, "was not collected"),
        ({"single": {"platform": "linux/amd64", "config": "failed"}}, Kind.UNREACHABLE, "503"),
        ({"single": {"platform": "linux/amd64", "config": "absent"}}, Kind.MALFORMED, "does not have the config"),
        (
            {"platforms": [{"platform": "linux/amd64", "listed": "nothing", "config": "uncollected"}]},
            Kind.MISSING_EVIDENCE,
            "config",
        ),
        ({"platforms": [{"platform": "linux/amd64", "listed": "nothing", "missing": "failed"}]}, Kind.UNREACHABLE, "503"),
    ],
)
def test_unreadable_manifest_is_undetermined_with_its_kind(observed: Any, kind: Kind, words: str) -> None:
    placement = placed(site(observed))["control"]
    assert placement.standing is Standing.UNDETERMINED
    assert placement.resolution.trouble is not None
    assert placement.resolution.trouble.kind is kind
    assert words in placement.resolution.trouble.detail


def test_absent_image_is_not_undetermined() -> None:
    where = site({"absent": "NAME_UNKNOWN"})
    assert standings(where) == {"control": Standing.ABSENT, "win2022": Standing.ABSENT}
    assert where.images.images[parse_reference(WEB)].absent == "NAME_UNKNOWN"


def test_missing_manifest_of_an_existing_tag_is_a_contradiction() -> None:
    where = site({"platforms": ["linux/amd64"]})
    evidence = where.evidence
    assert isinstance(evidence, MemoryEvidence)
    (digest,) = [name for name, content in evidence.documents.items() if content.media_type == media_types.OCI_INDEX]
    del evidence.documents[digest]
    evidence.answers[REPOSITORY, digest] = Absent("MANIFEST_UNKNOWN", AT, "")
    image = where.images.images[parse_reference(WEB)]
    assert image.trouble is not None
    assert image.trouble.kind is Kind.MALFORMED


@pytest.mark.parametrize(
    ("missing", "standing", "kind"),
    [
        ("absent", Standing.PLATFORM_ABSENT, None),
        ("failed", Standing.OK, Kind.UNREACHABLE),
        ("uncollected", Standing.OK, Kind.MISSING_EVIDENCE),
    ],
)
def test_missing_manifest_of_an_index_is_reported(missing: str, standing: Standing, kind: Kind | None) -> None:
    resolution = placed(site({"platforms": [{"platform": "linux/amd64", "missing": missing}]}))["control"].resolution
    assert (resolution.standing, resolution.payload) == (standing, None)
    assert (resolution.trouble.kind if resolution.trouble else None) == kind
    assert bool(resolution.dropped) == (missing == "absent")


def test_config_supplies_what_the_index_omits() -> None:
    silent = {"platform": "windows/amd64:10.0.20348.1", "listed": "nothing"}
    assert standings(site({"platforms": [silent, {"platform": "linux/amd64", "listed": "nothing"}]})) == {
        "control": Standing.OK,
        "win2022": Standing.OK,
    }
    blank = {"platform": "windows/amd64:10.0.17763.1", "listed": "windows/amd64"}
    assert standings(site({"platforms": [blank]}))["win2022"] is Standing.BUILD_MISMATCH


def test_entry_without_platform_and_manifest_is_not_an_offer() -> None:
    gone = {"platform": "linux/amd64", "listed": "nothing", "missing": "absent"}
    assert standings(site({"platforms": [gone]}))["control"] is Standing.PLATFORM_ABSENT
    assert standings(site({"platforms": [gone, "linux/amd64"]}))["control"] is Standing.OK


def test_artifact_in_an_index_is_ignored() -> None:
    evidence = MemoryEvidence()
    config = evidence.store(b"{}")
    artifact = body_of({"schemaVersion": 2, "config": {"digest": config, "size": 2}, "layers": []})
    digest = evidence.store(artifact, media_types.OCI_MANIFEST)
    listed = {"mediaType": media_types.OCI_MANIFEST, "digest": digest, "size": len(artifact)}
    where = with_index(evidence, listed, entry_of(evidence, "linux/amd64"))
    assert standings(where) == {"control": Standing.OK, "win2022": Standing.PLATFORM_ABSENT}


def test_nested_index_is_read_or_undetermined_if_not_collected() -> None:
    evidence = MemoryEvidence()
    inner = body_of({"schemaVersion": 2, "manifests": [entry_of(evidence, "linux/amd64")]})
    listed = {"mediaType": media_types.OCI_INDEX, "digest": evidence.store(inner, media_types.OCI_INDEX), "size": len(inner)}
    where = with_index(evidence, listed, entry_of(evidence, "windows/amd64:10.0.20348.1"))
    assert standings(where) == {"control": Standing.OK, "win2022": Standing.OK}
    less = Site(where.plan, where.needs, evidence.without([("document", digest_of(inner))]))
    assert set(standings(less).values()) == {Standing.UNDETERMINED}


def test_index_nested_too_deeply_is_unsupported() -> None:
    evidence = MemoryEvidence()
    entry = entry_of(evidence, "linux/amd64")
    for _ in range(6):
        body = body_of({"schemaVersion": 2, "manifests": [entry]})
        entry = {"mediaType": media_types.OCI_INDEX, "digest": evidence.store(body, media_types.OCI_INDEX), "size": len(body)}
    resolution = placed(with_index(evidence, entry))["control"].resolution
    assert resolution.trouble is not None
    assert (resolution.standing, resolution.trouble.kind) == (Standing.UNDETERMINED, Kind.UNSUPPORTED)


@pytest.mark.parametrize("broken", ["config", "layers"])
def test_manifest_with_an_invalid_digest_is_malformed_and_keeps_its_layers(broken: str) -> None:
    evidence = MemoryEvidence()
    good, bad = {"digest": evidence.store(b'{"os": "linux", "architecture": "amd64"}'), "size": 1}, {"digest": "%s", "size": 1}
    config, layer = (bad, good) if broken == "config" else (good, bad)
    body = body_of({"schemaVersion": 2, "config": config, "layers": [layer]})
    listed = {"digest": evidence.store(body), "size": len(body), "platform": {"os": "linux", "architecture": "amd64"}}
    for where in (with_index(evidence, listed), with_tag_at(evidence, body)):
        resolution = placed(where)["control"].resolution
        assert resolution.trouble is not None
        assert (resolution.standing, resolution.trouble.kind) == (Standing.UNDETERMINED, Kind.MALFORMED)
        assert "'%s' is not a digest" in resolution.trouble.detail
        assert resolution.payload is not None


def test_index_entry_with_an_invalid_digest_is_malformed() -> None:
    listed = {"digest": "%s", "size": 1, "platform": {"os": "linux", "architecture": "amd64"}}
    resolution = placed(with_index(MemoryEvidence(), listed))["control"].resolution
    assert resolution.trouble is not None
    assert (resolution.payload, resolution.trouble.kind) == (None, Kind.MALFORMED)


def test_invalid_config_is_malformed() -> None:
    evidence = MemoryEvidence()
    config = evidence.store(b"[]")
    body = body_of({"schemaVersion": 2, "config": {"digest": config, "size": 2}, "layers": []})
    resolution = placed(with_tag_at(evidence, body))["control"].resolution
    assert resolution.trouble is not None
    assert resolution.trouble.kind is Kind.MALFORMED


def test_pools_of_one_platform_keep_their_runtimes() -> None:
    plan = """
version: 1
pools:
  old: {platform: "windows/amd64:ltsc2025", runtime: containerd 1.7.27}
  new: {platform: "windows/amd64:ltsc2025", runtime: containerd 2.1.6}
  strict: {platform: "windows/amd64:ltsc2025", runtime: containerd 1.7.5}
images: [{ref: "registry.example.com/shop/web:4.2"}]
"""
    found = placed(site({"platforms": ["windows/amd64:10.0.20348.1"]}, plan))
    rules = {name: placement.resolution.runtime for name, placement in found.items()}
    assert {name: rule.sorts_os_version for name, rule in rules.items() if rule} == {"old": False, "new": True, "strict": False}
    assert [found[name].standing for name in ("old", "new", "strict")] == [
        Standing.FALLBACK,
        Standing.FALLBACK,
        Standing.BUILD_MISMATCH,
    ]


def test_answer_of_one_repository_is_not_used_for_another() -> None:
    other = "mirror.example.com/shop/web:4.2"
    plan = f"version: 1\npools: {{control: {{platform: linux/amd64}}}}\nimages: [{{ref: '{WEB}'}}, {{ref: '{other}'}}]\n"
    entry = {"platform": "linux/amd64", "layers": [{"size": "1MB", "name": "same"}], "missing": "absent"}
    where = site_of(
        {"plan": plan, "observed": {WEB: {"platforms": [entry]}, other: {"platforms": [{**entry, "missing": "failed"}]}}}
    )
    here, there = where.images.placements
    assert here.standing is Standing.PLATFORM_ABSENT
    assert there.resolution.trouble is not None
    assert there.resolution.trouble.kind is Kind.UNREACHABLE


def test_schema_1_manifest_is_linux_and_has_no_size() -> None:
    found = placed(site({"schema1": True}))
    assert found["control"].standing is Standing.OK
    assert found["win2022"].standing is Standing.PLATFORM_ABSENT
    payload = found["control"].resolution.payload
    assert payload is not None
    assert (payload.bytes, payload.layers, len(payload.blobs)) == (None, (), 1)


def test_negative_size_makes_the_bytes_unknown() -> None:
    layers = [{"size": "-5GB"}, {"size": "1GB", "name": "honest"}]
    payload = placed(site({"platforms": [{"platform": "linux/amd64", "layers": layers}]}))["control"].resolution.payload
    assert payload is not None
    assert payload.bytes is None
    assert any(blob.size < 0 for blob in payload.blobs)


def test_reasons_are_combined_and_images_keep_the_order_of_need() -> None:
    where = site_from(
        """
plan: |
  version: 1
  pools: {control: {platform: linux/amd64}}
  images: [{list: a.txt}, {list: b.txt}]
files:
  a.txt: |
    busybox:1
    alpine:3
  b.txt: |
    docker.io/library/busybox:1
"""
    )
    images = {str(reference): image for reference, image in where.images.images.items()}
    assert list(images) == ["docker.io/library/busybox:1", "docker.io/library/alpine:3"]
    assert len(images["docker.io/library/busybox:1"].why) == 2


@pytest.mark.parametrize(
    ("reference", "carrier"),
    [
        ("rancher/rke2-runtime:v1.33.5-rke2r1", True),
        ("registry.plant7.local:5000/mirror/rancher/system-agent-installer-rke2:v1", True),
        ("rancher/rke2-runtime-tools:v1", False),
        ("otherrancher/rke2-runtime:v1", False),
    ],
)
def test_carriers_are_recognised_under_any_registry(reference: str, carrier: bool) -> None:
    assert is_carrier(parse_reference(reference)) is carrier


def test_views_are_computed_once() -> None:
    where = site({"platforms": ["linux/amd64"]})
    assert where.images is where.images
    assert where.layer_egress is where.layer_egress
    assert where.storage.registry is where.storage.registry


@pytest.mark.parametrize("requirement", list(Requirement))
def test_empty_plan_lacks_every_requirement(requirement: Requirement) -> None:
    bare = plan_of("version: 1\npools: {control: {platform: linux/amd64}}\n")
    assert bare.path == PLAN
    assert Site(bare, resolve_needs(bare), MemoryEvidence(), frozenset()).lacks(requirement) == requirement.value
