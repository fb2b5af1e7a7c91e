"""Releases whose published or printed image list was found in public, beside the generated tables: all images, exact tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.facts.release_images import Releases, releases_of
from auditor.readers.lists import ListSource, read_list
from tests.corpus.folder import corpus
from tools.facts.compare import main

# What `k0s airgap list-images` and `kubeadm config images list` printed, and the lists of the other releases.
K0S_1_33_2 = """
quay.io/k0sproject/calico-cni:v3.29.4-0
quay.io/k0sproject/calico-kube-controllers:v3.29.4-0
quay.io/k0sproject/calico-node:v3.29.4-0
quay.io/k0sproject/coredns:1.12.2
quay.io/k0sproject/apiserver-network-proxy-agent:v0.32.0
quay.io/k0sproject/kube-proxy:v1.33.2
quay.io/k0sproject/kube-router:v2.5.0-iptables1.8.11-0
quay.io/k0sproject/cni-node:1.7.1-k0s.0
quay.io/k0sproject/metrics-server:v0.7.2-0
quay.io/k0sproject/pause:3.10.1
"""
K3S_1_34_2 = """
docker.io/rancher/klipper-helm:v0.9.10-build20251111
docker.io/rancher/klipper-lb:v0.4.13
docker.io/rancher/local-path-provisioner:v0.0.32
docker.io/rancher/mirrored-coredns-coredns:1.13.1
docker.io/rancher/mirrored-library-busybox:1.36.1
docker.io/rancher/mirrored-library-traefik:3.5.1
docker.io/rancher/mirrored-metrics-server:v0.8.0
docker.io/rancher/mirrored-pause:3.6
"""
RKE2_1_36_1_R2 = """
docker.io/rancher/rke2-runtime:v1.36.1-rke2r2
docker.io/rancher/hardened-kubernetes:v1.36.1-rke2r2-build20260521
docker.io/rancher/hardened-coredns:v1.14.3-build20260511
docker.io/rancher/hardened-cluster-autoscaler:v1.10.3-build20260511
docker.io/rancher/hardened-dns-node-cache:1.26.8-build20260511
docker.io/rancher/hardened-etcd:v3.6.7-k3s1-build20260512
docker.io/rancher/hardened-k8s-metrics-server:v0.8.1-build20260513
docker.io/rancher/hardened-addon-resizer:1.8.23-build20260511
docker.io/rancher/klipper-helm:v0.10.0-build20260513
docker.io/rancher/klipper-lb:v0.4.17
docker.io/rancher/mirrored-pause:3.6
docker.io/rancher/rke2-cloud-provider:v1.36.1-0.20260508014929-7bbbf7c9b258-build20260515
docker.io/rancher/hardened-snapshot-controller:v8.5.0-build20260513
docker.io/rancher/hardened-traefik:v3.6.16-build20260512
docker.io/rancher/hardened-calico:v3.32.0-build20260511
docker.io/rancher/hardened-flannel:v0.28.4-build20260511
"""
KUBEADM = {
    "v1.37.0": ("v1.14.6", "3.7.0-0", "3.10.2"),
    "v1.36.3": ("v1.14.2", "3.6.8-0", "3.10.2"),
    "v1.35.6": ("v1.13.1", "3.6.6-0", "3.10.1"),
    "v1.34.10": ("v1.12.1", "3.6.5-0", "3.10.1"),
}


def table(name: str) -> Releases:
    found = releases_of(name)
    assert found is not None
    return found


def generated(name: str, release: str) -> set[str]:
    return {f"{image.image}:{tag}" for image, tag in table(name).images_of(release) if image.os == "linux"}


def test_rke2_v1_33_5_has_the_64_images_of_its_published_list() -> None:
    data = corpus("image-lists", "hauler-rke2", "rancher-airgap-rke2.yaml").read_bytes()
    lines = read_list(ListSource("rancher-airgap-rke2.yaml", ("control",)), data)
    published = {str(line.reference) for line in lines}
    assert len(published) == 64
    assert generated("rke2", "v1.33.5+rke2r1") == published


def test_rke2_v1_36_1_r2_has_the_images_that_its_release_packs_by_default() -> None:
    """images.txt of the release: the core images and those of canal."""
    packed = {
        f"{image.image}:{tag}"
        for image, tag in table("rke2").images_of("v1.36.1+rke2r2")
        if image.os == "linux" and image.cni in ("", "canal") and not image.part.startswith("the add-on")
    }
    assert packed - set(RKE2_1_36_1_R2.split()) == {
        "docker.io/rancher/kube-webhook-certgen:v1.14.5-hardened2",  # images-ingress-nginx.txt since 1.36
        "docker.io/rancher/nginx-ingress-controller:v1.14.5-hardened2",
    }
    assert set(RKE2_1_36_1_R2.split()) <= packed


def test_k3s_v1_34_2_has_the_images_of_its_published_list() -> None:
    assert generated("k3s", "v1.34.2+k3s1") == set(K3S_1_34_2.split())


def test_k0s_v1_33_2_has_the_images_that_it_prints() -> None:
    """`--all` is missing in what was printed, so that the node-local load balancer and the push gateway are not in it."""
    printed = set(K0S_1_33_2.split())
    more = generated("k0s", "v1.33.2+k0s.0") - printed
    assert printed <= generated("k0s", "v1.33.2+k0s.0")
    assert {text.rpartition(":")[0] for text in more} == {
        "quay.io/k0sproject/envoy-distroless",
        "quay.io/k0sproject/pushgateway-ttl",
    }


@pytest.mark.parametrize("release", KUBEADM)
def test_kubeadm_has_the_seven_images_that_it_prints(release: str) -> None:
    dns, etcd, pause = KUBEADM[release]
    components = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
    more = {f"coredns/coredns:{dns}", f"etcd:{etcd}", f"pause:{pause}"}
    assert generated("kubeadm", release) == {
        *(f"registry.k8s.io/{name}:{release}" for name in components),
        *(f"registry.k8s.io/{name}" for name in more),
    }


def test_a_published_list_is_compared_by_image_and_tag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "k3s-images.txt").write_text(K3S_1_34_2, encoding="utf-8")
    (tmp_path / "wrong.txt").write_text(K3S_1_34_2.replace("pause:3.6", "pause:3.7"), encoding="utf-8")
    assert main(["k3s", "v1.34.2+k3s1", str(tmp_path / "k3s-images.txt")]) == 0
    assert main(["k3s", "v1.34.2+k3s1", str(tmp_path / "wrong.txt")]) == 1
    assert main(["k3s", "v1.99.0+k3s1", str(tmp_path / "wrong.txt")]) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "all images and tags are equal",
        "only generated: docker.io/rancher/mirrored-pause:3.6",
        "only published: docker.io/rancher/mirrored-pause:3.7",
    ]
    assert "is not among the releases that were read" in printed.err
