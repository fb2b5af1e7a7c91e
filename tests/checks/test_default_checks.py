"""The checks of default images and versions: cases beyond their examples."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from auditor.check import Finding, Fine, Outcome, Severity, Undetermined
from auditor.facts import table
from auditor.facts.versions import Answer
from auditor.testing import site_of
from checks import CATALOGUE
from checks.windows.known_issue import KnownIssue

TODAY = datetime.date(2026, 11, 23)
BY_ID = {check.id: check for check in CATALOGUE}
RKE2 = "cluster: {distribution: rke2, version: v1.33.5+rke2r1, cni: calico}\n"


def said(check: str, plan: str, files: dict[str, str] | None = None, observed: dict[str, Any] | None = None) -> list[Outcome]:
    where = site_of({"plan": f"version: 1\n{plan}", "files": files or {}, "observed": observed or {}})
    return list(BY_ID[check].run(where, TODAY))


def findings(outcomes: list[Outcome]) -> dict[str, Finding]:
    return {item.subject.id: item for item in outcomes if isinstance(item, Finding)}


def pools(*names: str) -> str:
    known = {
        "control": "control: {platform: linux/amd64}",
        "win": 'win: {platform: "windows/amd64:ltsc2022"}',
        "new": 'new: {platform: "windows/amd64:ltsc2025", runtime: containerd 2.1.6}',
    }
    return f"pools: {{{', '.join(known[name] for name in names)}}}\n"


LIST = "images: [{list: images.txt}]\n"


def test_one_finding_per_image_names_all_its_pools_and_who_pulls_it() -> None:
    found = findings(said("default-image-missing", pools("control", "win") + RKE2 + LIST, {"images.txt": "busybox:1\n"}))
    pauses = [found[name] for name in found if "mirrored-pause" in name]
    assert {name for pause in pauses for name in pause.facts["pools"]} == {"control", "win"}  # type: ignore[union-attr]
    assert all(pause.message.startswith("rke2 v1.33.5+rke2r1 pulls") for pause in pauses)
    runtime = found["docker.io/rancher/rke2-runtime:v1.33.5-rke2r1-windows-amd64"]
    assert (runtime.severity, str(runtime.location)) == (Severity.ERROR, "plan.yaml:3:31")


def test_image_of_an_optional_component_is_a_warning_that_states_the_option() -> None:
    found = findings(said("default-image-missing", pools("control") + RKE2 + LIST, {"images.txt": "busybox:1\n"}))
    ingress = found["docker.io/rancher/nginx-ingress-controller:v1.12.6-hardened1"]
    assert ingress.severity is Severity.WARNING
    assert "may be disabled" in ingress.message
    assert found["docker.io/rancher/hardened-coredns:v1.12.3-build20250909"].severity is Severity.ERROR


def test_optional_image_with_a_wrong_tag_is_a_warning_but_its_absence_is_not() -> None:
    listed = {"images.txt": "rancher/hardened-traefik:v1\nrancher/mirrored-library-traefik:3.3.5\n"}
    found = findings(said("default-image-missing", pools("control") + RKE2 + LIST, listed))
    traefik = found["docker.io/rancher/mirrored-library-traefik:3.3.6"]
    assert traefik.severity is Severity.WARNING
    assert "the lists have only 3.3.5" in traefik.message
    assert "only if a setting enables" in traefik.message
    assert not [name for name in found if "hubble" in name]


def test_list_of_last_month_has_another_build_of_the_previous_release() -> None:
    listed = {"images.txt": "rancher/hardened-kubernetes:v1.33.4-rke2r1-build20250814\n"}
    found = findings(said("default-image-missing", pools("control") + RKE2 + LIST, listed))
    image = found["docker.io/rancher/hardened-kubernetes:v1.33.5-rke2r1-build20250910"]
    assert "the lists have only v1.33.4-rke2r1-build20250814" in image.message


def test_default_image_is_not_reported_as_an_unlisted_workload() -> None:
    manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'busybox:1'}]}\n"
    plan = pools("control") + RKE2 + LIST + "workloads: [{manifests: deploy}]\n"
    outcomes = said("image-not-listed", plan, {"images.txt": "busybox:1\n", "deploy/web.yaml": manifest})
    assert (findings(outcomes), sum(item.count for item in outcomes if isinstance(item, Fine))) == ({}, 1)


def test_listed_default_image_is_not_reported_as_unused() -> None:
    manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'busybox:1'}]}\n"
    plan = pools("control") + RKE2 + LIST + "workloads: [{manifests: deploy}]\nworkloads_complete: true\n"
    listed = "busybox:1\nrancher/mirrored-pause:3.6\nrancher/hardened-coredns:v1.12.3-build20250909\nalpine:3\n"
    assert list(findings(said("image-unused", plan, {"images.txt": listed, "deploy/web.yaml": manifest}))) == ["alpine:3"]


def test_default_images_are_checked_like_other_images() -> None:
    plan = pools("new") + RKE2 + "images: [{ref: 'rancher/mirrored-pause:3.6'}]\n"
    observed = {"rancher/mirrored-pause:3.6": {"platforms": ["linux/amd64"]}}
    assert list(findings(said("platform-absent", plan, observed=observed))) == ["docker.io/rancher/mirrored-pause:3.6"]


def test_observed_pause_image_overrides_the_facts() -> None:
    plan = (
        "pools: {old: {platform: 'windows/amd64:1903', runtime: containerd 1.7.27}}\n"
        "cluster: {distribution: kubeadm, version: v1.31.4}\nimages: [{ref: 'registry.k8s.io/pause:3.8'}]\n"
    )
    builds = [item for item in said("default-image-missing", plan) if isinstance(item, Finding) and item.case == "builds"]
    assert [item.subject.pool for item in builds] == ["old"]
    observed = {"registry.k8s.io/pause:3.8": {"platforms": ["windows/amd64:10.0.18362.1256"]}}
    seen = said("default-image-missing", plan, observed=observed)
    assert not [item for item in seen if isinstance(item, Finding) and item.case == "builds"]


@pytest.mark.parametrize(("runtime", "runs"), [("containerd 1.7.5", False), ("containerd 1.7.6", True)])
def test_pause_image_for_2022_on_server_2025_needs_the_previous_ltsc_rule(runtime: str, runs: bool) -> None:
    plan = (
        f"pools: {{new: {{platform: 'windows/amd64:ltsc2025', runtime: {runtime}}}}}\n"
        "cluster: {distribution: kubeadm, version: v1.31.4}\nimages: [{ref: 'registry.k8s.io/pause:3.8'}]\n"
    )
    builds = [item for item in said("default-image-missing", plan) if isinstance(item, Finding) and item.case == "builds"]
    assert (not builds) is runs


def issue(name: str) -> KnownIssue:
    rows: tuple[KnownIssue, ...] = table("known_issues", KnownIssue)
    return next(row for row in rows if row.id == name)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("v1.26.15+rke2r1", True),
        ("v1.29.13+rke2r1", True),
        ("v1.29.14+rke2r1", False),
        ("v1.30.9+rke2r1", True),
        ("v1.30.10+rke2r1", False),
        ("v1.31.5+rke2r1", True),
        ("v1.31.6+rke2r1", False),
        ("v1.32.1+rke2r1", True),
        ("v1.32.2+rke2r1", False),
        ("v1.33.0+rke2r1", False),
    ],
)
def test_remedy_for_rke2_updates_within_each_minor_version(version: str, affected: bool) -> None:
    assert (issue("rke2-private-registry").covers(version) is Answer.YES) == affected


@pytest.mark.parametrize(("version", "affected"), [("1.5.18", True), ("1.6.0", True), ("1.6.1", False), ("2.1.6", False)])
def test_containerd_up_to_1_6_0_has_no_system_pool_on_windows(version: str, affected: bool) -> None:
    assert (issue("containerd-custom-ca").covers(version) is Answer.YES) == affected


def test_issue_of_low_confidence_is_never_an_error() -> None:
    rows: tuple[KnownIssue, ...] = table("known_issues", KnownIssue)
    assert not [row.id for row in rows if row.severity == "error" and row.confidence == "low"]
    assert len({row.id for row in rows}) == len(rows)


def test_horizon_defaults_to_one_year_from_today() -> None:
    plan = "pools: {win: {platform: 'windows/amd64:ltsc2016'}}\n"
    assert list(findings(said("windows-version-unsupported", plan))) == ["win"]
    later = "horizon: 2027-01-12\n" + plan
    assert not findings(said("windows-version-unsupported", later))


def test_product_version_does_not_imply_a_kubernetes_version() -> None:
    plan = "pools: {win: {platform: 'windows/amd64:ltsc2022'}}\ncluster: {distribution: rancher, version: v2.12.2}\n"
    outcomes = said("windows-version-unsupported", plan)
    assert [item.detail for item in outcomes if isinstance(item, Undetermined)] == [
        "the facts do not state which Windows releases rancher v2.12.2 supports"
    ]


def test_remedy_never_suggests_a_pattern_as_a_reference() -> None:
    """Where the facts know only what a tag looks like, the remedy says where the exact one is listed."""
    unread = RKE2.replace("v1.33.5", "v1.33.99")
    found = findings(said("default-image-missing", pools("control") + unread + LIST, {"images.txt": "busybox:1\n"}))
    for name, finding in found.items():
        (remedy,) = finding.remedies
        advised = [word.rstrip(".,") for word in remedy.text.split() if word.startswith("docker.io/")]
        assert advised == [name.rpartition(":")[0] if "*" in name else name]
        assert all("*" not in command for command in remedy.commands)
    (remedy,) = found["docker.io/rancher/hardened-coredns:v*-build*"].remedies
    assert "https://github.com/rancher/rke2/releases/download/v1.33.99+rke2r1/rke2-images-all.linux-amd64.txt" in remedy.text
    assert remedy.commands == ("skopeo list-tags docker://docker.io/rancher/hardened-coredns",)
