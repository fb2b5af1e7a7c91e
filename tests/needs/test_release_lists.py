"""`cluster.images`: the release's own list replaces the facts, in every form that projects publish or print."""

from __future__ import annotations

import datetime
import json
import time

import pytest

from auditor.check import Finding, Outcome, Severity, Undetermined
from auditor.errors import PlanError
from auditor.needs.default_facts import PAUSE
from auditor.needs.defaults import plan_defaults
from auditor.needs.model import Defaults
from auditor.readers.lists import ListSource
from auditor.readers.published_lists import read_release_list
from auditor.testing import plan_of, site_of
from checks import CATALOGUE

LINUX = "control: {platform: linux/amd64}"
WINDOWS = 'win: {platform: "windows/amd64:ltsc2022"}'
RKE2_LIST = b"""docker.io/rancher/rke2-runtime:v1.99.1-rke2r1
docker.io/rancher/hardened-kubernetes:v1.99.1-rke2r1-build20280101
docker.io/rancher/mirrored-pause:3.12
docker.io/rancher/hardened-calico:v3.50.0-build20280101
docker.io/rancher/hardened-flannel:v0.40.0-build20280101
docker.io/rancher/mirrored-cilium-cilium:v1.30.0
docker.io/rancher/hardened-traefik:v4.0.0
docker.io/rancher/hardened-novelty:v1
"""
WINDOWS_LIST = b"docker.io/rancher/rke2-runtime:v1.99.1-rke2r1-windows-amd64\ndocker.io/rancher/mirrored-pause:3.12\n"
TODAY = datetime.date(2026, 11, 30)
DIGEST = "sha256:" + "ab" * 32


def defaults(cluster: str, files: dict[str, bytes], pools: str = LINUX) -> Defaults:
    return plan_defaults(plan_of(f"version: 1\npools: {{{pools}}}\ncluster: {{{cluster}}}\n", files))


def rke2(images: str, version: str = "v1.99.1+rke2r1") -> str:
    return f"distribution: rke2, version: {version}, images: {images}"


def test_a_list_of_an_unknown_release_replaces_the_facts() -> None:
    found = defaults(rke2("release.txt"), {"release.txt": RKE2_LIST})
    assert found.unknown == ()
    by_text = {image.text: image for image in found.images}
    assert [text for text, image in by_text.items() if image.certain] == [
        "docker.io/rancher/rke2-runtime:v1.99.1-rke2r1",
        "docker.io/rancher/hardened-kubernetes:v1.99.1-rke2r1-build20280101",
        "docker.io/rancher/mirrored-pause:3.12",
        "docker.io/rancher/hardened-calico:v3.50.0-build20280101",
        "docker.io/rancher/hardened-flannel:v0.40.0-build20280101",
    ]
    assert by_text["docker.io/rancher/mirrored-pause:3.12"].part == PAUSE
    assert str(by_text["docker.io/rancher/mirrored-pause:3.12"].location) == "release.txt:3:1"
    assert "docker.io/rancher/mirrored-cilium-cilium:v1.30.0" not in by_text
    assert "do not state whether rke2 v1.99.1+rke2r1 pulls" in by_text["docker.io/rancher/hardened-novelty:v1"].doubt


def test_the_list_wins_over_a_release_that_was_read() -> None:
    listed = RKE2_LIST.replace(b"1.99.1", b"1.33.5")
    found = defaults(rke2("release.txt", "v1.33.5+rke2r1"), {"release.txt": listed})
    assert {image.text for image in found.images if image.part == PAUSE} == {"docker.io/rancher/mirrored-pause:3.12"}
    assert not [image for image in found.images if "hardened-etcd" in image.text]


def test_one_file_for_linux_leaves_windows_to_the_facts() -> None:
    found = defaults(rke2("release.txt"), {"release.txt": RKE2_LIST}, f"{LINUX}, {WINDOWS}")
    (unknown,) = found.unknown
    assert "pulls by default on windows" in unknown.detail
    assert "rke2-images.windows-amd64.txt and name the file" in unknown.detail


def test_two_files_cover_linux_and_windows() -> None:
    files = {"a.txt": RKE2_LIST, "rke2-images.windows-amd64.txt": WINDOWS_LIST}
    found = defaults(rke2("[a.txt, rke2-images.windows-amd64.txt]"), files, f"{LINUX}, {WINDOWS}")
    assert found.unknown == ()
    assert {image.text for image in found.images if "win" in image.pools} == set(WINDOWS_LIST.decode().split())


def test_an_entry_that_names_windows_is_for_windows_pools_in_any_file() -> None:
    listed = RKE2_LIST + b"docker.io/rancher/rke2-runtime:v1.99.1-rke2r1-windows-amd64\n"
    found = defaults(rke2("a.txt"), {"a.txt": listed}, f"{LINUX}, {WINDOWS}")
    assert {image.pools for image in found.images if image.text.endswith("windows-amd64")} == {("win",)}


@pytest.mark.parametrize(
    ("cluster", "listed", "said"),
    [
        (rke2("a.txt"), b"rancher/rke2-runtime:v1.99.0-rke2r1\n", "it names docker.io/rancher/rke2-runtime:v1.99.0-rke2r1"),
        (rke2("a.txt"), b"rancher/rke2-runtime:v1.99.1-rke2r2\n", "which 1.99.1-rke2r1 does not have"),
        (rke2("a.txt"), b"rancher/rke2-runtime:v1.99.11-rke2r1\n", "list of another release"),
        (
            "distribution: kubeadm, version: v1.99.1, images: a.txt",
            b"registry.k8s.io/kube-apiserver:v1.99.10\n",
            "list of another release",
        ),
        (
            "distribution: k0s, version: v1.99.1+k0s.0, images: a.txt",
            b"quay.io/k0sproject/kube-proxy:v1.98.1\n",
            "another release",
        ),
    ],
)
def test_the_list_of_another_release_is_no_evidence(cluster: str, listed: bytes, said: str) -> None:
    found = defaults(cluster, {"a.txt": listed})
    problem = found.unknown[0]
    assert said in problem.detail
    assert str(problem.location) == "a.txt:1:1"
    assert not [image for image in found.images if image.certain]


@pytest.mark.parametrize(
    ("data", "place", "said"),
    [
        (b"<!DOCTYPE html><html><title>Not Found</title></html>", "a.txt:1:1", "an error page, not an image list"),
        (b"Not Found", "a.txt:1:1", "an error page, not an image list"),
        (b"rancher/mirrored-pause:3.12\nrancher/:x\n", "a.txt:2:1", "rancher/:x"),
        (b"rancher/mirrored-pause:3.12\nrancher/${IMAGE}:1\n", "a.txt:2:1", "template"),
        (b"apiVersion: v1\nkind: ConfigMap\n", "a.txt:1:1", "not a list of images"),
        (b"", "a.txt:1:1", ""),
        (b"\x28\xb5\x2f\xfd\x00\x01\x02", "a.txt:1:1", ""),
    ],
)
def test_a_bad_file_is_undetermined_at_its_line(data: bytes, place: str, said: str) -> None:
    found = defaults(rke2("a.txt"), {"a.txt": data})
    (problem,) = [item for item in found.unknown if str(item.location) == place]
    assert said in problem.detail


def test_a_file_that_is_missing_is_a_mistake_in_the_plan() -> None:
    with pytest.raises(PlanError, match=r"gone\.txt"):
        defaults(rke2("gone.txt"), {})
    with pytest.raises(PlanError):
        defaults(rke2("[]"), {})


def test_endless_mistakes_are_counted_not_listed() -> None:
    found = defaults(rke2("a.txt"), {"a.txt": b"rancher/:x\n" * 5_000})
    assert len(found.unknown) < 40


@pytest.mark.parametrize(
    ("distribution", "version", "data", "wanted"),
    [
        ("k3s", "v1.99.0+k3s1", "docker.io/rancher/mirrored-pause:3.99\n", "docker.io/rancher/mirrored-pause:3.99"),
        ("k0s", "v1.99.0+k0s.0", "quay.io/k0sproject/pause:3.99\n", "quay.io/k0sproject/pause:3.99"),
        ("kubeadm", "v1.99.0", "registry.k8s.io/pause:3.99\n", "registry.k8s.io/pause:3.99"),
        (
            "kubeadm",
            "v1.99.0",
            json.dumps(
                {"kind": "Images", "apiVersion": "output.kubeadm.k8s.io/v1alpha3", "images": ["registry.k8s.io/pause:3.99"]}
            ),
            "registry.k8s.io/pause:3.99",
        ),
        ("talos", "v1.99.0", "registry.k8s.io/etcd:v3.99.0\n", "registry.k8s.io/etcd:v3.99.0"),
        ("microk8s", "v1.99", "docker.io/calico/cni:v3.99\n", "docker.io/calico/cni:v3.99"),
        (
            "openshift",
            "4.99.0",
            f"Pull From: quay.io/release@{DIGEST}\n\nImages:\n  NAME  PULL SPEC\n  alertmanager  quay.io/ocp/art@{DIGEST}\n",
            f"quay.io/ocp/art@{DIGEST}",
        ),
        (
            "openshift",
            "4.99.0",
            json.dumps({"references": {"spec": {"tags": [{"name": "cli", "from": {"name": f"quay.io/ocp/art@{DIGEST}"}}]}}}),
            f"quay.io/ocp/art@{DIGEST}",
        ),
        (
            "openshift",
            "4.99.0",
            f"docker://quay.io/ocp/art@{DIGEST}=docker://r.local/ocp/art\n",
            f"quay.io/ocp/art@{DIGEST}",
        ),
    ],
)
def test_every_form_of_a_release_list_is_read(distribution: str, version: str, data: str, wanted: str) -> None:
    cluster = f"distribution: {distribution}, version: '{version}', images: a.txt"
    pools = "control: {platform: linux/amd64, runtime: containerd 2.2.0}"
    found = defaults(cluster, {"a.txt": data.encode()}, pools)
    (image,) = [image for image in found.images if image.location.file == "a.txt"]
    assert (image.text, image.certain) == (wanted, True)
    assert found.unknown == ()


def test_a_rancher_list_demands_rancher_itself_and_compares_the_rest() -> None:
    listed = b"rancher/rancher:v2.14.1 core\nrancher/rancher-agent:v2.14.1 core\n"
    listed += b"rancher/shell:v0.6.0 rancher-shell\nrancher/novelty:v1 a,b\n"
    found = defaults("distribution: rancher, version: v2.14.1, images: rancher-images.txt", {"rancher-images.txt": listed})
    assert {image.text: (image.certain, image.optional) for image in found.images} == {
        "docker.io/rancher/rancher:v2.14.1": (True, False),
        "docker.io/rancher/rancher-agent:v2.14.1": (True, False),
        "docker.io/rancher/shell:v0.6.0": (False, False),
        "docker.io/rancher/novelty:v1": (False, True),
    }
    assert not [image for image in found.images if image.doubt]


@pytest.mark.parametrize("name", ["talos", "microk8s", "openshift", "okd", "eks-anywhere"])
def test_a_distribution_without_facts_names_the_list_to_save(name: str) -> None:
    (unknown,) = defaults(f"distribution: {name}, version: '1.2.3'", {}).unknown
    assert "no facts about the images that" in unknown.detail
    assert "name the file in `cluster.images`" in unknown.detail


def said(plan: str, files: dict[str, str]) -> list[Outcome]:
    check = next(check for check in CATALOGUE if check.id == "default-image-missing")
    return list(check.run(site_of({"plan": plan, "files": files, "observed": {}}), TODAY))


def test_the_check_finds_a_wrong_tag_and_leaves_a_new_image_open() -> None:
    listed = (
        RKE2_LIST.decode()
        .replace("v3.50.0-build20280101", "v3.49.0-build20270101")
        .replace("rancher/hardened-novelty:v1", "busybox:1")
    )
    plan = f"version: 1\npools: {{{LINUX}}}\ncluster: {{{rke2('release.txt')}}}\nimages: [{{list: images.txt}}]\n"
    outcomes = said(plan, {"release.txt": RKE2_LIST.decode(), "images.txt": listed})
    (finding,) = [item for item in outcomes if isinstance(item, Finding)]
    assert (finding.subject.id, finding.severity) == ("docker.io/rancher/hardened-calico:v3.50.0-build20280101", Severity.ERROR)
    assert "the lists have only v3.49.0-build20270101" in finding.message
    assert str(finding.location) == "release.txt:4:1"
    (open_,) = [item for item in outcomes if isinstance(item, Undetermined)]
    assert "hardened-novelty:v1" in open_.detail


def test_a_huge_list_is_read_in_linear_time() -> None:
    texts = [f"registry.k8s.io/image-{number}:v1" for number in range(30_000)]
    printed = json.dumps({"images": texts}, indent=1).encode()
    table = b"Images:\n" + b"".join(b"  n%d  quay.io/a/b-%d@%s\n" % (n, n, DIGEST.encode()) for n in range(30_000))
    for data in (printed, table):
        start = time.process_time()
        entries = read_release_list(ListSource("a.txt", ("control",)), data)
        assert time.process_time() - start < 5
        assert len(entries) == 20_001
        assert "more than 20,000 images" in entries[-1].line.error
    assert [str(entry.line.location) for entry in read_release_list(ListSource("a.txt", ("control",)), printed)[:2]] == [
        "a.txt:3:4",
        "a.txt:4:4",
    ]
