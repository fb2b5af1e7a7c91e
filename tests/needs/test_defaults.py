"""Default images: each claim about a version, with the counts of its source."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml

from auditor.errors import Location
from auditor.facts.versions import Interval, range_of
from auditor.needs.default_facts import PAUSE, DefaultRow, default_rows, distribution_named, pause_builds, runtime_pauses
from auditor.needs.defaults import plan_defaults
from auditor.needs.listed import ListedReferences
from auditor.needs.model import DefaultImage, Defaults
from auditor.needs.resolve import resolve_needs
from auditor.plan.model import Plan
from auditor.readers.model import Setting
from auditor.testing import plan_of

LINUX = "control: {platform: linux/amd64}"
WINDOWS = 'win: {platform: "windows/amd64:ltsc2022"}'
HERE = Location("nodes/config.toml", 4, 3)


def plan(pools: str, cluster: str = "", rest: str = "") -> Plan:
    text = f"version: 1\npools: {{{pools}}}\n" + (f"cluster: {{{cluster}}}\n" if cluster else "") + rest
    return plan_of(text, {"images.txt": b"registry.example.com/shop/web:4.2\n"})


def defaults(distribution: str, version: str, pools: str = LINUX, cni: str = "") -> Defaults:
    plug_in = f", cni: '{cni}'" if cni else ""
    return plan_defaults(plan(pools, f"distribution: {distribution}, version: '{version}'{plug_in}"))


def texts(found: Defaults, part: str = "") -> set[str]:
    return {image.text for image in found.images if part in image.part}


@pytest.mark.parametrize(
    ("distribution", "version", "pause"),
    [
        ("kubeadm", "v1.27.0", "registry.k8s.io/pause:3.9"),
        ("kubeadm", "v1.30.1", "registry.k8s.io/pause:3.9"),
        ("kubeadm", "v1.31.0", "registry.k8s.io/pause:3.10"),
        ("kubeadm", "v1.34.1", "registry.k8s.io/pause:3.10.1"),
        ("kubeadm", "v1.35.0", "registry.k8s.io/pause:3.10.1"),
        ("kubeadm", "v1.36.0", "registry.k8s.io/pause:3.10.2"),
        ("rke2", "v1.33.5+rke2r1", "docker.io/rancher/mirrored-pause:3.6"),
        ("rke2", "v1.33.12+rke2r1", "docker.io/rancher/mirrored-pause:3.6"),
        ("rke2", "v1.27.2+rke2r1", "docker.io/rancher/pause:3.6"),
        ("rke2", "v1.33.13+rke2r1", "docker.io/rancher/mirrored-pause:3.6"),
        ("rke2", "v1.33.13+rke2r2", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("rke2", "v1.34.9+rke2r1", "docker.io/rancher/mirrored-pause:3.6"),
        ("rke2", "v1.34.10+rke2r1", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("rke2", "v1.35.6+rke2r1", "docker.io/rancher/mirrored-pause:3.6"),
        ("rke2", "v1.35.7+rke2r1", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("rke2", "v1.36.2+rke2r1", "docker.io/rancher/mirrored-pause:3.6"),
        ("rke2", "v1.36.3+rke2r1", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("k3s", "v1.34.9+k3s1", "docker.io/rancher/mirrored-pause:3.6"),
        ("k3s", "v1.34.10+k3s1", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("k3s", "v1.35.5+k3s1", "docker.io/rancher/mirrored-pause:3.6"),
        ("k3s", "v1.35.7+k3s1", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("k3s", "v1.36.3+k3s1", "docker.io/rancher/mirrored-pause:3.10.2"),
        ("k0s", "v1.32.1+k0s.0", "registry.k8s.io/pause:3.9"),
        ("k0s", "v1.36.1+k0s.0", "quay.io/k0sproject/pause:3.10.2-0"),
        ("kubeadm", "v1.37.0", "registry.k8s.io/pause:3.10.2"),
        ("k0s", "v1.31.2+k0s.0", "registry.k8s.io/pause:3.9"),
        ("k0s", "v1.33.2+k0s.0", "quay.io/k0sproject/pause:3.10.1"),
    ],
)
def test_every_distribution_needs_its_pause_image(distribution: str, version: str, pause: str) -> None:
    assert texts(defaults(distribution, version), PAUSE) == {pause}


@pytest.mark.parametrize(
    ("version", "image"),
    [
        ("1.5.9", "k8s.gcr.io/pause:3.5"),
        ("1.6.0", "k8s.gcr.io/pause:3.6"),
        ("1.6.8", "k8s.gcr.io/pause:3.6"),
        ("1.6.9", "registry.k8s.io/pause:3.6"),
        ("1.6.36", "registry.k8s.io/pause:3.6"),
        ("1.7.27", "registry.k8s.io/pause:3.8"),
        ("2.0.5", "registry.k8s.io/pause:3.10"),
        ("2.1.6", "registry.k8s.io/pause:3.10"),
        ("2.2.0", "registry.k8s.io/pause:3.10.1"),
        ("2.3.0", "registry.k8s.io/pause:3.10.2"),
    ],
)
def test_containerd_version_determines_the_sandbox_image(version: str, image: str) -> None:
    row = runtime_pauses("containerd", version).first
    assert row is not None
    assert row.image == image


@pytest.mark.parametrize("version", ["1.4.13", "2.4.0", "3.0.0"])
def test_version_without_a_row_has_no_pause_image(version: str) -> None:
    assert runtime_pauses("containerd", version).first is None


def test_kubeadm_has_seven_images_and_the_runtime_adds_its_pause_image() -> None:
    found = plan_defaults(
        plan("control: {platform: linux/amd64, runtime: containerd 1.7.27}", "distribution: kubeadm, version: v1.34.1")
    )
    assert texts(found) == {
        "registry.k8s.io/kube-apiserver:v1.34.1",
        "registry.k8s.io/kube-controller-manager:v1.34.1",
        "registry.k8s.io/kube-scheduler:v1.34.1",
        "registry.k8s.io/kube-proxy:v1.34.1",
        "registry.k8s.io/coredns/coredns:v1.12.1",
        "registry.k8s.io/etcd:3.6.4-0",
        "registry.k8s.io/pause:3.10.1",
        "registry.k8s.io/pause:3.8",
    }
    assert not found.unknown


def test_distribution_with_own_containerd_overrides_the_runtime_default() -> None:
    pools = 'win: {platform: "windows/amd64:ltsc2022", runtime: containerd 1.7.27}'
    assert texts(defaults("rke2", "v1.33.5+rke2r1", pools, "calico")) == {
        "docker.io/rancher/mirrored-pause:3.6",
        "docker.io/rancher/rke2-runtime:v1.33.5-rke2r1-windows-amd64",
    }


def test_version_without_revision_stands_for_the_only_release_of_it() -> None:
    found = {image.text: image for image in defaults("rke2", "v1.33.5", WINDOWS).images}
    assert found["docker.io/rancher/rke2-runtime:v1.33.5-rke2r1-windows-amd64"].reference is not None


def test_version_without_revision_leaves_differing_images_open() -> None:
    found = defaults("rke2", "v1.33.13")
    (unknown,) = found.unknown
    assert unknown.missing
    assert "v1.33.13+rke2r1, v1.33.13+rke2r2, whose images differ" in unknown.detail
    assert "pause" in unknown.detail
    assert texts(found, PAUSE) == set()
    assert defaults("rke2", "v1.34.9").unknown == ()


@pytest.mark.parametrize(
    ("distribution", "version", "pools", "said"),
    [
        (
            "rke2",
            "v1.36.9+rke2r1",
            LINUX,
            "on linux. The facts cover rke2 releases up to v1.36.3+rke2r1 (checked 2026-11). Save the release's image list https://",
        ),
        (
            "rke2",
            "v1.36.9+rke2r1",
            LINUX,
            "rke2/releases/download/v1.36.9+rke2r1/rke2-images-all.linux-amd64.txt and name the file in `cluster.images`",
        ),
        ("rke2", "v1.99.0+rke2r1", WINDOWS, "download/v1.99.0+rke2r1/rke2-images.windows-amd64.txt and name the file"),
        ("k3s", "v1.99.0+k3s1", LINUX, "download/v1.99.0+k3s1/k3s-images.txt and name the file"),
        ("k0s", "v1.99.0+k0s.0", LINUX, "Save the output of `k0s airgap list-images --all` of that release"),
        ("kubeadm", "v1.99.0", LINUX, "Save the output of `kubeadm config images list --kubernetes-version v1.99.0`"),
    ],
)
def test_unread_release_names_the_image_list_to_save(distribution: str, version: str, pools: str, said: str) -> None:
    found = defaults(distribution, version, pools)
    assert any(said in item.detail for item in found.unknown), found.unknown
    assert not [image for image in found.images if image.certain]


def test_patterns_for_an_unread_release_are_never_certain() -> None:
    found = defaults("rke2", "v1.36.9+rke2r1")
    assert "docker.io/rancher/hardened-etcd:v3.*-build*" in texts(found)
    assert not [image for image in found.images if image.certain]


@pytest.mark.parametrize(
    ("distribution", "cni", "wanted", "unwanted"),
    [
        ("rke2", "", "hardened-flannel", "mirrored-calico-node"),
        ("rke2", "calico", "mirrored-calico-node", "hardened-flannel"),
        ("rke2", "cilium", "mirrored-cilium-cilium", "mirrored-calico-node"),
        ("rke2", "multus, canal", "hardened-multus-cni", "mirrored-cilium-cilium"),
        ("k0s", "", "kube-router", "calico-node"),
        ("k0s", "kube-router", "kube-router", "calico-node"),
        ("k0s", "calico", "calico-node", "kube-router"),
    ],
)
def test_network_plug_in_determines_the_images(distribution: str, cni: str, wanted: str, unwanted: str) -> None:
    version = {"rke2": "v1.33.5+rke2r1", "k0s": "v1.35.2+k0s.0"}[distribution]
    found = defaults(distribution, version, cni=cni)
    assert any(wanted in text for text in texts(found))
    assert not any(unwanted in text for text in texts(found))
    assert not found.unknown


@pytest.mark.parametrize(
    ("distribution", "version", "pools", "cni", "expected"),
    [
        ("openshift", "4.17.0", LINUX, "", "no facts about the images that openshift 4.17.0 pulls by default"),
        ("rke2", "v1.20.4+rke2r1", LINUX, "", "that rke2 v1.20.4+rke2r1 pulls by default on linux"),
        ("k0s", "v1.33.1+k0s.0", WINDOWS, "", "that k0s v1.33.1+k0s.0 pulls by default on windows"),
        ("k3s", "v1.33.5+k3s1", WINDOWS, "", "that k3s v1.33.5+k3s1 pulls by default on windows"),
        ("rke2", "v1.33.5+rke2r1", LINUX, "antrea", "the network plug-in antrea"),
        ("rke2", "v1.28.6+rke2r1", LINUX, "flannel", "the network plug-in flannel"),
        ("rancher", "v2.12.2", LINUX, "", "a cluster of another distribution"),
        ("rke2", "v1.33", LINUX, "", "write three numbers"),
        ("rke2", "latest", LINUX, "", "write three numbers"),
        ("rke2", "v1.33.5+{}", LINUX, "", "write three numbers"),
        ("kubeadm", "v1.33.5", LINUX, "", "does not state runtime and version of control"),
        ("kubeadm", "v1.33.5", "control: {platform: linux/amd64, runtime: cri-o 1.33.0}", "", "cri-o 1.33.0 uses"),
    ],
)
def test_missing_fact_becomes_an_unknown_default(distribution: str, version: str, pools: str, cni: str, expected: str) -> None:
    assert [item for item in defaults(distribution, version, pools, cni).unknown if expected in item.detail]


def test_network_plug_in_on_kubeadm_is_a_workload() -> None:
    pools = "control: {platform: linux/amd64, runtime: containerd 2.1.6}"
    assert not defaults("kubeadm", "v1.34.1", pools, "antrea").unknown


def test_runtime_default_without_distribution_is_uncertain_and_not_a_need() -> None:
    found = plan("control: {platform: linux/amd64, runtime: containerd 1.7.27}", rest="images: [{list: images.txt}]\n")
    (image,) = plan_defaults(found).images
    assert (image.text, image.certain) == ("registry.k8s.io/pause:3.8", False)
    assert {str(need.reference) for need in resolve_needs(found).needs} == {"registry.example.com/shop/web:4.2"}


def test_sandbox_image_of_the_node_configuration_replaces_the_default() -> None:
    given = {"control": Setting("r.local:5000/pause:3.10", HERE)}
    kubeadm = plan("control: {platform: linux/amd64, runtime: containerd 1.7.27}", "distribution: kubeadm, version: v1.34.1")
    assert texts(plan_defaults(kubeadm, given), PAUSE) == {"r.local:5000/pause:3.10", "registry.k8s.io/pause:3.10.1"}
    rke2 = plan(LINUX, "distribution: rke2, version: v1.33.5+rke2r1")
    assert texts(plan_defaults(rke2, given), PAUSE) == {"r.local:5000/pause:3.10"}
    (pause,) = (image for image in plan_defaults(rke2, given).images if image.part == PAUSE)
    assert (pause.location, pause.certain) == (HERE, True)


def test_invalid_sandbox_image_becomes_an_unknown_default() -> None:
    found = plan_defaults(plan(LINUX), {"control": Setting("Pause:", HERE)})
    assert (found.images, [item.location for item in found.unknown]) == ((), [HERE])


def test_exact_default_becomes_a_need_at_the_version_line() -> None:
    made = plan(
        f"{LINUX}, {WINDOWS}", "distribution: rke2, version: v1.33.5+rke2r1, cni: calico", "images: [{list: images.txt}]\n"
    )
    added = [need for need in resolve_needs(made).needs if need.why[0].kind == "default"]
    wanted = {(str(need.reference), need.pool) for need in added}
    assert wanted >= {
        ("docker.io/rancher/rke2-runtime:v1.33.5-rke2r1", "control"),
        ("docker.io/rancher/mirrored-pause:3.6", "control"),
        ("docker.io/rancher/mirrored-pause:3.6", "win"),
        ("docker.io/rancher/rke2-runtime:v1.33.5-rke2r1-windows-amd64", "win"),
        ("docker.io/rancher/hardened-etcd:v3.5.21-k3s1-build20250910", "control"),
    }
    assert len([reference for reference, pool in wanted if pool == "win"]) == 2
    assert not [reference for reference, _ in wanted if "nginx" in reference or "hubble" in reference]
    assert {str(need.why[0]) for need in added} == {"default plan.yaml:3:31"}


def test_default_listed_under_internal_name_is_needed_under_that_name() -> None:
    text = (
        "version: 1\npools: {win: {platform: 'windows/amd64:ltsc2022'}}\n"
        "cluster: {distribution: rke2, version: v1.33.5+rke2r1}\n"
        "registry: {host: 'r.local:5000'}\nimages: [{ref: 'r.local:5000/rancher/mirrored-pause:3.6', pools: [win]}]\n"
    )
    (pause,) = (need for need in resolve_needs(plan_of(text)).needs if "pause" in str(need.reference))
    assert str(pause.reference) == "r.local:5000/rancher/mirrored-pause:3.6"
    assert [reason.kind for reason in pause.why] == ["inline", "default"]


def test_plan_without_images_has_no_needs() -> None:
    needs = resolve_needs(plan(LINUX, "distribution: rke2, version: v1.33.5+rke2r1"))
    assert needs.needs == ()
    assert needs.defaults.images


def image(text: str, *also: str) -> DefaultImage:
    return DefaultImage("rke2", "pause", text, HERE, ("control",), "a test", also=also)


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        ("rancher/hardened-etcd:v3.5.21-k3s1-build20250910", "docker.io/rancher/hardened-etcd:v3.*-build*"),
        ("rancher/mirrored-pause:3.6", "docker.io/rancher/mirrored-pause:3.6"),
        ("r.local:5000/hub/rancher/mirrored-pause:3.6", "docker.io/rancher/mirrored-pause:3.6"),
        ("r.local:5000/rancher/mirrored-pause:3.6", "docker.io/rancher/mirrored-pause:3.6"),
        (f"r.local:5000/pause@sha256:{'a' * 64}", f"r.local:5000/pause@sha256:{'a' * 64}"),
    ],
)
def test_list_covers_a_default_under_any_internal_name(listed: str, wanted: str) -> None:
    rewrites = "registry: {host: 'r.local:5000', rewrites: {docker.io: 'r.local:5000/hub'}}\n"
    made = plan(LINUX, rest=f"{rewrites}images: [{{ref: '{listed}'}}]\n")
    assert ListedReferences(resolve_needs(made).lines, made.registry).of(image(wanted))


@pytest.mark.parametrize(
    "listed", ["rancher/mirrored-pause:3.7", "other.example/rancher/mirrored-pause:3.6", "rancher/pause:3.6"]
)
def test_similar_name_does_not_cover_a_default(listed: str) -> None:
    made = plan(LINUX, rest=f"images: [{{ref: '{listed}'}}]\n")
    found = ListedReferences(resolve_needs(made).lines, made.registry)
    assert not found.of(image("docker.io/rancher/mirrored-pause:3.6"))
    assert found.other_tags(image("docker.io/rancher/mirrored-pause:3.6")) == (("3.7",) if "3.7" in listed else ())


def test_alternative_spelling_from_the_facts_covers_a_default() -> None:
    made = plan(LINUX, rest="images: [{ref: 'rancher/pause:3.6'}]\n")
    listed = ListedReferences(resolve_needs(made).lines, None)
    assert listed.of(image("docker.io/rancher/mirrored-pause:3.6", "docker.io/rancher/pause:3.6"))


def test_pause_3_10_2_has_a_build_for_windows_server_2025() -> None:
    builds = {
        tag: row.builds for tag in ("3.6", "3.8", "3.10.1", "3.10.2") if (row := pause_builds("registry.k8s.io/pause", tag))
    }
    assert [tag for tag, known in builds.items() if 26100 in known] == ["3.10.2"]
    assert all(20348 in known for known in builds.values())
    assert pause_builds("registry.k8s.io/pause", "3.99") is None


def rows() -> list[dict[str, str]]:
    text = resources.files("auditor.facts").joinpath("default_images.yaml").read_text()
    found: list[dict[str, str]] = list(yaml.safe_load_all(text))[1]
    return found


def intervals_of(row: dict[str, str]) -> tuple[Interval, ...]:
    return range_of(row["since"], row["before"]).intervals


def test_every_row_has_a_known_distribution_and_plug_in_and_a_range() -> None:
    for row in rows():
        distribution = distribution_named(row["distribution"])
        assert distribution is not None
        (interval,) = intervals_of(row)
        assert not interval.is_empty
        assert not row.get("cni") or row["os"] == "windows" or row["cni"] in distribution.brings, row


@pytest.mark.parametrize("minor", range(27, 37))
def test_rows_cover_kubeadm_and_rke2_from_1_27_to_1_36(minor: int) -> None:
    for distribution in ("kubeadm", "rke2"):
        parts = {row.part for row in _linux(default_rows(distribution, f"v1.{minor}.3"))}
        assert parts >= {PAUSE, "cluster DNS", "etcd"}


def _linux(found: tuple[DefaultRow, ...]) -> tuple[DefaultRow, ...]:
    return tuple(row for row in found if row.os == "linux")
