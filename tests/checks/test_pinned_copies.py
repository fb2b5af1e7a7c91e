"""Pinned images on the planned copy: which evidence decides, and which images are concerned."""

from __future__ import annotations

import pytest

from auditor.check import Finding
from auditor.testing import run_check, site_from
from checks.images.image_missing_in_target import CHECK as MISSING
from checks.transfer.copy_changes_digest import CHECK

PIN = "registry.example.com/shop/web:4.2@sha256:" + "a" * 64
INSIDE = "r.local:5000/shop/web:4.2@sha256:" + "a" * 64
SKOPEO = "{tool: skopeo 1.9.3}"
BOTH = "{platforms: [linux/amd64, linux/arm64]}"


def findings(
    copy: str = SKOPEO, *, image: str = PIN, more: str = "", registry: str = '{host: "r.local:5000"}', observed: str = BOTH
) -> tuple[Finding, ...]:
    line = f"registry: {registry}" if registry else ""
    site = site_from(f"""
plan: |
  version: 1
  pools: {{control: {{platform: linux/amd64}}}}
  images: [{{ref: "{image}"}}]
  copy: {copy}
  {line}
observed: {{"{image}": {observed}}}
{more}
""")
    result = run_check(CHECK, site)
    assert not result.undetermined
    return result.findings


def test_image_without_a_digest_is_not_concerned() -> None:
    assert findings(image="registry.example.com/shop/web:4.2") == ()


def test_one_platform_of_a_pinned_index_is_an_error_even_if_only_that_platform_is_needed() -> None:
    (finding,) = findings("{tool: skopeo 1.9.3, options: [--override-os linux, --override-arch amd64]}")
    assert finding.subject.id == PIN
    assert finding.remedies[0].text == "Run skopeo with --all: it then copies the whole index."


def test_pinned_manifest_of_an_index_is_copied_by_its_digest() -> None:
    assert findings(observed="{single: linux/amd64}") == ()


@pytest.mark.parametrize("target", ["{absent: MANIFEST_UNKNOWN}", "{single: linux/amd64}"])
def test_observation_of_the_internal_registry_decides(target: str) -> None:
    more = f"target: {{'{INSIDE}': {target}}}"
    assert findings(more=more) == ()
    assert findings() != ()


def test_registry_that_did_not_answer_does_not_hide_the_prediction() -> None:
    assert findings(more=f"target: {{'{INSIDE}': {{failed: {{kind: unreachable, detail: refused}}}}}}") != ()


def test_missing_digest_is_reported_by_the_check_of_the_target() -> None:
    site = site_from(f"""
plan: |
  version: 1
  pools: {{control: {{platform: linux/amd64}}}}
  images: [{{ref: "{PIN}"}}]
  copy: {SKOPEO}
  registry: {{host: "r.local:5000"}}
observed: {{"{PIN}": {BOTH}}}
target: {{"{INSIDE}": {{absent: MANIFEST_UNKNOWN}}}}
""")
    assert len(run_check(MISSING, site).findings) == 1
    assert run_check(CHECK, site).findings == ()


def test_image_that_nodes_pull_from_its_source_is_not_copied() -> None:
    assert findings(registry='{host: "registry.example.com"}') == ()


def test_pin_of_a_workload_counts() -> None:
    site = site_from(f"""
plan: |
  version: 1
  pools: {{control: {{platform: linux/amd64}}}}
  images: [{{ref: "registry.example.com/shop/web:4.2"}}]
  workloads: [{{manifests: pod.yaml}}]
  copy: {SKOPEO}
  registry: {{host: "r.local:5000"}}
files:
  pod.yaml: |
    apiVersion: v1
    kind: Pod
    metadata: {{name: web}}
    spec: {{containers: [{{name: web, image: "{PIN}"}}]}}
observed: {{"{PIN}": {BOTH}, "registry.example.com/shop/web:4.2": {BOTH}}}
""")
    assert [finding.subject.id for finding in run_check(CHECK, site).findings] == [PIN]


HELD = """
archives:
  media.tar:
    format: {form}
    images: [{{names: ["registry.example.com/shop/web:4.2"], single: linux/amd64}}]
"""


@pytest.mark.parametrize("registry", ["", '{host: "r.local:5000"}'])
def test_archive_that_holds_another_digest(registry: str) -> None:
    more = HELD.format(form="oci-layout")
    (finding,) = findings("{tool: skopeo 1.9.3, archives: [media.tar]}", more=more, registry=registry)
    assert "media.tar holds" in finding.message


def test_archive_that_holds_the_digest() -> None:
    site = site_from("""
plan: |
  version: 1
  pools: {control: {platform: linux/amd64}}
  images: [{ref: "registry.example.com/shop/web:4.2"}]
  copy: {tool: skopeo 1.9.3, options: [--all], archives: [media.tar]}
  registry: {host: "r.local:5000"}
archives: {media.tar: {format: oci-layout, images: [{names: ["registry.example.com/shop/web:4.2"], single: linux/amd64}]}}
""")
    assert site.archives is not None
    digest = site.archives.read[0].inventory.images[0].digest
    pinned = "registry.example.com/shop/web:4.2@" + digest
    more = HELD.format(form="oci-layout")
    assert findings("{tool: skopeo 1.9.3, options: [--all], archives: [media.tar]}", image=pinned, more=more) == ()
