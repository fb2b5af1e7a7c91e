"""Pinned images that nodes import from archives: containerd finds them only by the name with the digest."""

from __future__ import annotations

import pytest

from auditor.check import Severity
from auditor.engine import CheckResult
from auditor.testing import run_check, site_from
from checks.workloads.pull_policy import CHECK

NAME = "quay.io/shop/web"


def digest() -> str:
    """Return the digest of the image in the archive, as the test kit computes it."""
    site = site_from(f"""
plan: |
  version: 1
  pools: {{linux: {{platform: linux/amd64}}}}
  images: [{{ref: "{NAME}:4.2"}}]
  copy: {{archives: [media.tar]}}
archives: {{media.tar: {{format: oci-layout, images: [{{names: ["{NAME}:4.2"], single: linux/amd64}}]}}}}
""")
    assert site.archives is not None
    (root,) = site.archives.read[0].inventory.images
    return root.digest


def result(cluster: str, *, pin: str = "", names: str = f"{NAME}:4.2") -> CheckResult:
    reference = f"{NAME}:4.2@{pin or digest()}"
    return run_check(
        CHECK,
        site_from(f"""
plan: |
  version: 1
  pools: {{linux: {{platform: linux/amd64, runtime: containerd 2.1.6}}}}
  {cluster}
  workloads: [{{manifests: pod.yaml}}]
  copy: {{archives: [media.tar]}}
files:
  pod.yaml: |
    apiVersion: v1
    kind: Pod
    metadata: {{name: web}}
    spec: {{containers: [{{name: web, image: "{reference}"}}]}}
archives: {{media.tar: {{format: oci-layout, images: [{{names: ["{names}"], single: linux/amd64}}]}}}}
"""),
    )


@pytest.mark.parametrize(
    "version", ["k3s, version: v1.34.3+k3s1", "k3s, version: v1.35.1+k3s1", "rke2, version: v1.33.7+rke2r1"]
)
def test_import_that_names_digests_is_fine(version: str) -> None:
    found = result(f"cluster: {{distribution: {version}}}")
    assert (len(found.findings), len(found.undetermined), found.examined) == (0, 0, 1)


@pytest.mark.parametrize(
    "version",
    ["k3s, version: v1.34.2+k3s1", "rke2, version: v1.30.4+rke2r1", "kubeadm, version: v1.34.3", "k0s, version: v1.34.1+k0s.0"],
)
def test_import_that_names_only_tags_is_a_warning(version: str) -> None:
    (finding,) = result(f"cluster: {{distribution: {version}}}").findings
    assert finding.severity is Severity.WARNING
    assert "finds only by the name quay.io/shop/web@sha256:" in finding.message
    assert "ctr -n k8s.io images tag quay.io/shop/web:4.2 quay.io/shop/web@sha256:" in finding.remedies[0].commands[0]


def test_archive_with_another_digest_is_an_error() -> None:
    (finding,) = result("cluster: {distribution: k3s, version: v1.34.3+k3s1}", pin="sha256:" + "a" * 64).findings
    assert finding.severity is Severity.ERROR
    assert "The archive has another digest" in finding.message


def test_archive_that_names_the_digest_is_fine() -> None:
    found = result("cluster: {distribution: kubeadm, version: v1.34.3}", names=f"{NAME}@{digest()}")
    assert (found.findings, found.undetermined) == ((), ())


def test_release_beyond_the_facts_is_undetermined() -> None:
    found = result("cluster: {distribution: k3s, version: v1.40.0+k3s1}")
    assert not found.findings
    assert "the facts cover k3s up to v1.36.3+k3s1" in found.undetermined[0].detail
