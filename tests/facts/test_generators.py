"""`make facts`: tables made from git repositories that the test makes, with tags, without tags, and with files missing."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools.facts.__main__ import main
from tools.facts.model import ReadError, ranges, shortened
from tools.facts.shell import image_lists, variables

VERSION_SH = """#!/bin/bash
PROG=rke2
REGISTRY=${REGISTRY:-docker.io}
REPO=${REPO:-rancher}
REVISION=$(git rev-parse HEAD)
PAUSE_VERSION=${PAUSE_VERSION:-%(pause)s}
ETCD_VERSION=${ETCD_VERSION:-v3.6.1-k3s1}
KUBERNETES_IMAGE_TAG=${KUBERNETES_IMAGE_TAG:-%(kubernetes)s-build20260101}
DOCKERIZED_VERSION="${VERSION/+/-}" # a comment
"""
BUILD_IMAGES = """#!/usr/bin/env bash
source ./scripts/version.sh
awk '{print $1}' << EOF > build/images-core.txt
    ${REGISTRY}/${REPO}/${PROG}-runtime:${DOCKERIZED_VERSION}
EOF
PULL_CMD="${PULL_CMD:-echo}"
INGRESS_TAG=v1.14.5
INGRESS_IMAGES="
    ${REGISTRY}/rancher/kube-webhook-certgen:${INGRESS_TAG}
    ${REGISTRY}/rancher/nginx-ingress-controller:${INGRESS_TAG}"
if [ "${REGISTRY}" != "docker.io" ]; then
    INGRESS_IMAGES="${INGRESS_IMAGES} prime.example/rancher/other:1"
fi
xargs -n1 -t $PULL_CMD << EOF >> build/images-core.txt
    ${REGISTRY}/rancher/hardened-kubernetes:${KUBERNETES_IMAGE_TAG}
    ${REGISTRY}/rancher/hardened-etcd:${ETCD_VERSION}-build20260101
    ${REGISTRY}/rancher/mirrored-pause:${PAUSE_VERSION}
    ${INGRESS_IMAGES}
EOF
xargs -n1 -t $PULL_CMD << EOF > build/images-canal.txt
    ${REGISTRY}/rancher/hardened-calico:v3.32.1-build20260101
EOF
if [ "${GOARCH}" != "s390x" ] && [ "${GOARCH}" != "arm64" ]; then
xargs -n1 -t $PULL_CMD << EOF > $BUILD_DIR/images-vsphere.txt
    ${REGISTRY}/rancher/mirrored-cloud-provider-vsphere:v1.36.0
EOF
fi
"""
WINDOWS_IMAGES = """#!/usr/bin/env bash
if [ "${GOARCH}" == "s390x" ] || [ "${GOARCH}" == "arm64" ]; then
    exit 0
fi
cat <<EOF >build/windows-images.txt
${REGISTRY}/${REPO}/${PROG}-runtime:${DOCKERIZED_VERSION}-windows-amd64
${REGISTRY}/${REPO}/mirrored-pause:${PAUSE_VERSION}
EOF
"""
OLD_WINDOWS_IMAGES = """#!/usr/bin/env bash
WINDOWS_IMAGES=(${REGISTRY}/${REPO}/${PROG}-runtime:${DOCKERIZED_VERSION}-windows-amd64 PAUSE)
for IMAGE in "${WINDOWS_IMAGES[@]}"; do
  echo "${IMAGE}" >> build/windows-images.txt
done
""".replace("PAUSE", "rancher/mirrored-pause:3.6-windows-1809-amd64")
BUILD_BINARY = "go build -X ${RKE2_PKG}/pkg/images.DefaultPauseImage=rancher/mirrored-pause:${PAUSE_VERSION}\n"
CONSTANTS = """const (
	CoreDNSImageName = "coredns"
	CoreDNSVersion = "v1.12.1"
	DefaultEtcdVersion = "3.6.4-0"
	PauseVersion = "3.10.1"
)
var (
	SupportedEtcdVersion = map[uint8]string{
		%s
	}
)
"""
SKEWED = "uint8(getSkewedKubernetesVersion(%d).Minor())"
K0S_CONSTANTS = """const (
	KubePauseContainerImage = "quay.io/k0sproject/pause"
	KubePauseContainerImageVersion = "3.10.2-0"
	KubeProxyImage = "quay.io/k0sproject/kube-proxy"
	KubeProxyImageVersion = "v1.36.3"
	CoreDNSImage = "quay.io/k0sproject/coredns"
	CoreDNSImageVersion = "1.14.3"
	KonnectivityImage = "quay.io/k0sproject/konnectivity"
	KonnectivityImageVersion = "v0.36.0"
	KubeRouterCNIImage = "quay.io/k0sproject/kube-router"
	KubeRouterCNIImageVersion = "v2.10.0"
)
"""
K0S_NAMES = ("KubePauseContainer", "KubeProxy", "CoreDNS", "Konnectivity", "KubeRouterCNI")
K0S_SPECS = "".join(f"Image: constant.{name}Image,\n\tVersion: constant.{name}ImageVersion,\n" for name in K0S_NAMES)


class Repository:
    """A git repository of a project, to which a test adds tagged commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q")

    def git(self, *arguments: str) -> str:
        given = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(self.folder), *arguments]
        return subprocess.run(given, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: dict[str, str | None], *tags: str) -> str:
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "release")
        for tag in tags:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")


def rke2_files(kubernetes: str, pause: str, windows: str = WINDOWS_IMAGES) -> dict[str, str | None]:
    return {
        "scripts/version.sh": VERSION_SH % {"kubernetes": kubernetes, "pause": pause},
        "scripts/build-images": BUILD_IMAGES,
        "scripts/build-windows-images": windows,
        "scripts/build-binary": BUILD_BINARY,
    }


def made(tmp_path: Path, distribution: str) -> dict[str, Any]:
    assert main([str(tmp_path / "clones"), "--into", str(tmp_path / "tables"), "--as-of", "2026-11-30"]) == 0
    found: dict[str, Any] = json.loads((tmp_path / "tables" / f"{distribution}.json").read_text("utf-8"))
    return found


def tags(table: dict[str, Any], image: str, os: str = "linux") -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for row in table["images"]:
        if row["image"].endswith(f"/{image}") and row["os"] == os:
            merged |= row["tags"]
    return merged


def test_rke2_is_read_at_its_tags_and_revisions_are_kept_apart(tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clones" / "rke2")
    first = clone.commit(rke2_files("v1.34.9-rke2r1", "3.6", OLD_WINDOWS_IMAGES), "v1.34.9+rke2r1", "v1.34.9-rc1+rke2r1")
    second = clone.commit(rke2_files("v1.34.9-rke2r2", "3.10.2"), "v1.34.9+rke2r2")
    clone.commit(rke2_files("v1.35.0-rke2r1", "3.10.2"), "v1.35.0+rke2r1", "v1.35.0-rc1+rke2r1", "not-a-release")
    table = made(tmp_path, "rke2")
    assert list(table["releases"].items())[:2] == [("v1.34.9+rke2r1", first), ("v1.34.9+rke2r2", second)]
    assert (table["as-of"], table["verified-through"]) == ("2026-11-30", "v1.35.0+rke2r1")
    assert tags(table, "mirrored-pause") == {"3.6": ["v1.34.9+rke2r1"], "3.10.2": ["v1.34.9+rke2r2..v1.35.0+rke2r1"]}
    assert tags(table, "rke2-runtime") == {"v{kubernetes}-{revision}": ["v1.34.9+rke2r1..v1.35.0+rke2r1"]}
    assert tags(table, "kube-webhook-certgen") == {"v1.14.5": ["v1.34.9+rke2r1..v1.35.0+rke2r1"]}
    assert not [row for row in table["images"] if "prime" in row["image"]]
    assert [row["arch"] for row in table["images"] if "vsphere" in row["image"]] == ["amd64"]
    pauses = [row for row in table["images"] if row["os"] == "windows" and "pause" in row["image"]]
    assert {row["use"]: row["tags"] for row in pauses} == {
        "listed": {"3.6-windows-1809-amd64": ["v1.34.9+rke2r1"]},
        "pulled": {"3.6": ["v1.34.9+rke2r1"], "3.10.2": ["v1.34.9+rke2r2..v1.35.0+rke2r1"]},
    }


def test_a_release_whose_file_is_missing_is_left_out_and_breaks_the_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = Repository(tmp_path / "clones" / "k3s")
    path = "scripts/airgap/image-list.txt"
    listed = "docker.io/rancher/mirrored-pause:3.6\ndocker.io/rancher/mirrored-coredns-coredns:1.12.3\n"
    clone.commit({path: listed}, "v1.34.1+k3s1")
    clone.commit({path: None}, "v1.34.2+k3s1")
    clone.commit({path: listed}, "v1.34.3+k3s1")
    table = made(tmp_path, "k3s")
    assert list(table["releases"]) == ["v1.34.1+k3s1", "v1.34.3+k3s1"]
    assert f"k3s v1.34.2+k3s1 is left out: {path} is missing" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "no image\n", "docker.io/rancher/x\n"])
def test_a_list_that_is_none_leaves_the_table_alone(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    clone = Repository(tmp_path / "clones" / "k3s")
    clone.commit({"scripts/airgap/image-list.txt": content, "README": "x"}, "v1.34.1+k3s1")
    assert main([str(tmp_path / "clones"), "--into", str(tmp_path / "tables")]) == 1
    assert "no release of k3s could be read" in capsys.readouterr().err
    assert not (tmp_path / "tables").exists()


def test_a_clone_without_tags_says_so_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Repository(tmp_path / "clones" / "rke2").commit(rke2_files("v1.34.9-rke2r1", "3.6"))
    table = tmp_path / "tables" / "rke2.json"
    table.parent.mkdir()
    table.write_text("before", encoding="utf-8")
    assert main([str(tmp_path / "clones"), "--into", str(table.parent)]) == 1
    assert "the source of rke2 has no release tags: fetch them with `git fetch --tags`" in capsys.readouterr().err
    assert table.read_text("utf-8") == "before"


def test_a_folder_that_is_no_clone_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "k0s").mkdir()
    assert main([str(tmp_path), "--into", str(tmp_path / "tables")]) == 1
    assert "neither a git clone nor the downloads of a Go module" in capsys.readouterr().err


def test_k0s_is_read_from_its_constants(tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clones" / "k0s")
    files: dict[str, str | None] = {"pkg/constant/constant.go": K0S_CONSTANTS, "pkg/apis/k0s/v1beta1/images.go": K0S_SPECS}
    clone.commit(files, "v1.36.3+k0s.0")
    clone.commit({"pkg/constant/constant.go": K0S_CONSTANTS.replace('"v1.36.3"', '"v1.36.3-1"')}, "v1.36.3+k0s.1")
    table = made(tmp_path, "k0s")
    assert tags(table, "kube-proxy") == {"v{kubernetes}": ["v1.36.3+k0s.0"], "v{kubernetes}-1": ["v1.36.3+k0s.1"]}
    assert [row["cni"] for row in table["images"] if row["image"].endswith("kube-router")] == ["kuberouter"]


@pytest.mark.parametrize(
    ("entries", "etcd"),
    [
        ('34: "3.5.24-0",\n35: "3.6.6-0",\n36: "3.6.8-0",', "3.6.6-0"),
        ('32: "3.5.16-0",\n33: "3.5.21-0",', "3.5.21-0"),
        (f'{SKEWED % -1}: "3.5.24-0",\n{SKEWED % 0}:  "3.6.6-1",', "3.6.6-1"),
    ],
)
def test_kubeadm_is_read_from_module_zips_with_the_etcd_of_its_map(tmp_path: Path, entries: str, etcd: str) -> None:
    folder = tmp_path / "clones" / "kubernetes"
    folder.mkdir(parents=True)
    for version, info in (("v1.35.0", {"Origin": {"Hash": "a" * 40}}), ("v1.35.1", {})):
        with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
            archive.writestr(f"k8s.io/kubernetes@{version}/cmd/kubeadm/app/constants/constants.go", CONSTANTS % entries)
        (folder / f"{version}.info").write_text(json.dumps({"Version": version, **info}), "utf-8")
        (folder / f"{version}.ziphash").write_text("h1:abc=", "ascii")
    table = made(tmp_path, "kubeadm")
    assert table["releases"] == {"v1.35.0": "a" * 40, "v1.35.1": "h1:abc="}
    assert tags(table, "etcd") == {etcd: ["v1.35.0..v1.35.1"]}
    assert tags(table, "kube-apiserver") == {"v{kubernetes}": ["v1.35.0..v1.35.1"]}


def test_regenerating_gives_the_same_file(tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clones" / "k3s")
    clone.commit({"scripts/airgap/image-list.txt": "docker.io/rancher/mirrored-pause:3.6\n"}, "v1.34.1+k3s1", "v1.34.2+k3s1")
    assert made(tmp_path, "k3s") == made(tmp_path, "k3s")
    text = (tmp_path / "tables" / "k3s.json").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 200


def test_only_consecutive_releases_make_a_range() -> None:
    releases = ["v1", "v2", "v3", "v4", "v5"]
    assert ranges(["v4", "v1", "v2"], releases) == ["v1..v2", "v4"]


@pytest.mark.parametrize(
    ("tag", "release", "expected"),
    [
        ("v1.34.9-rke2r1-build2", "v1.34.9+rke2r1", "v{kubernetes}-{revision}-build2"),
        ("v1.34.9-rke2r12", "v1.34.9+rke2r1", "v{kubernetes}-rke2r12"),
        ("v1.34.91", "v1.34.9", "v1.34.91"),
        ("v11.34.9", "v1.34.9", "v11.34.9"),
        ("v1.34.9", "v1.34.9", "v{kubernetes}"),
        ("3.6", "v1.34.9+k3s1", "3.6"),
    ],
)
def test_the_releases_own_numbers_become_a_placeholder(tag: str, release: str, expected: str) -> None:
    assert shortened(tag, release) == expected


def test_a_condition_that_cannot_be_decided_is_refused() -> None:
    with pytest.raises(ReadError, match="not understood"):
        image_lists("if [ -f Dockerfile ]; then\ncat <<EOF > a.txt\nx:1\nEOF\nfi\n", {})


def test_nothing_of_a_script_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert variables(f"A=$(touch {mark})\nB=`touch {mark}`\nC=1\n", {})["C"] == "1"
    assert image_lists(f"touch {mark}\ncat <<EOF > a.txt\n$(touch {mark}) x:1\nEOF\n", {})["a.txt"]
    assert not mark.exists()


CRI_CONFIG = 'func DefaultConfig() { return PluginConfig{\n\t\tSandboxImage:                     "k8s.gcr.io/pause:3.5",\n'
RANCHER_BUILD = "webhookVersion: 108.0.1+up0.9.1\ndefaultShellVersion: rancher/shell:v0.6.1\nfleetVersion: 108.0.1+up0.14.1\n"
RANCHER_DOCKERFILE = "FROM x\nENV CATTLE_WINS_AGENT_VERSION=v0.5.2\nENV CATTLE_SYSTEM_AGENT_VERSION v0.3.13\n"


def test_containerd_is_read_with_its_pause_image_and_configuration_version(tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clones" / "containerd")
    old: dict[str, str | None] = {f"pkg/cri/config/config_{os}.go": CRI_CONFIG for os in ("unix", "windows")}
    clone.commit(old, "v1.5.13", "v1.4.0", "v1.6.0-rc.1")
    new = {"internal/cri/config/config.go": '\tDefaultSandboxImage = "registry.k8s.io/pause:3.10.2"\n'}
    clone.commit({**new, "version/version.go": "const ConfigVersion = 4\n"}, "v2.3.0")
    table = made(tmp_path, "containerd")
    assert table["settings"] == {"config-version": {"2": ["v1.5.13"], "4": ["v2.3.0"]}}
    assert tags(table, "pause", "windows") == {"3.5": ["v1.5.13"], "3.10.2": ["v2.3.0"]}


def test_rancher_is_read_from_its_build_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = Repository(tmp_path / "clones" / "rancher")
    clone.commit(
        {"build.yaml": RANCHER_BUILD, "package/Dockerfile": RANCHER_DOCKERFILE}, "v2.13.1", "v2.13.1-hotfix-1", "v2.7.0"
    )
    clone.commit({"build.yaml": RANCHER_BUILD.replace("+up0.9.1", "")}, "v2.13.2")
    table = made(tmp_path, "rancher")
    assert list(table["releases"]) == ["v2.13.1"]
    assert tags(table, "rancher") == {"v{kubernetes}": ["v2.13.1"]}
    assert tags(table, "rancher-webhook") == {"v0.9.1": ["v2.13.1"]}
    assert tags(table, "system-agent") == {"v0.3.13-suc": ["v2.13.1"]}
    assert tags(table, "wins", "windows") == {"v0.5.2": ["v2.13.1"]}
    assert (
        "rancher v2.13.2 is left out: build.yaml: webhookVersion '108.0.1' names no upstream version" in capsys.readouterr().err
    )
