"""kubeadm: the constants behind `kubeadm config images list`, for the kubeadm of the same release."""

from __future__ import annotations

import re
from typing import Final

from tools.facts.model import Image, ReadError
from tools.facts.sources import Source

REPOSITORY: Final = "kubernetes/kubernetes"
PATHS: Final = ("cmd/kubeadm/app/constants/constants.go",)
RELEASES: Final = re.compile(r"v1\.(?:2[7-9]|[3-9]\d)\.\d+", re.ASCII)
REGISTRY: Final = "registry.k8s.io"

_CONSTANT = re.compile(r'^\s*(CoreDNSImageName|CoreDNSVersion|PauseVersion|DefaultEtcdVersion)\s*=\s*"([^"]+)"', re.MULTILINE)
_ETCD_MAP = re.compile(r"SupportedEtcdVersion = map\[uint8\]string\{([^}]*)\}")
_ETCD_PAIR = re.compile(r'(?:(\d+)|uint8\(getSkewedKubernetesVersion\((-?\d+)\)\.Minor\(\)\)):\s*"([^"]+)"')
_COMPONENTS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


def read(source: Source, tag: str) -> tuple[Image, ...]:
    """Return the images of a release. Raises ReadError if a constant is missing."""
    text = source.text(tag, PATHS[0])
    if text is None:
        raise ReadError(f"{PATHS[0]} is missing")
    values: dict[str, str] = dict(_CONSTANT.findall(text))
    missing = {"CoreDNSImageName", "CoreDNSVersion", "PauseVersion", "DefaultEtcdVersion"} - values.keys()
    if missing:
        raise ReadError(f"{PATHS[0]}: no constant {min(missing)}")
    etcd = _etcd(text, tag, values["DefaultEtcdVersion"])
    dns = values["CoreDNSImageName"]
    return (
        *(Image(f"{REGISTRY}/{name}", tag, name, "pulled") for name in _COMPONENTS),
        Image(f"{REGISTRY}/coredns/{dns}", values["CoreDNSVersion"], "cluster DNS", "pulled"),
        Image(f"{REGISTRY}/etcd", etcd, "etcd", "pulled"),
        Image(f"{REGISTRY}/pause", values["PauseVersion"], "pause", "pulled"),
    )


def _etcd(text: str, tag: str, default: str) -> str:
    """Return the etcd tag for the release: that of the map's nearest minor release, or the default without a map."""
    found = _ETCD_MAP.search(text)
    if found is None:
        return default
    minor = int(tag.split(".")[1])
    versions: dict[int, str] = {
        int(number) if number else minor + int(skew): etcd for number, skew, etcd in _ETCD_PAIR.findall(found[1])
    }
    if not versions:
        raise ReadError(f"{PATHS[0]}: SupportedEtcdVersion has no entries")
    return versions[min(max(minor, min(versions)), max(versions))]
