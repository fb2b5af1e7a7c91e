"""k0s: the image constants, and which of them `k0s airgap list-images` names."""

from __future__ import annotations

import re
from typing import Final

from tools.facts.model import Image, ReadError
from tools.facts.sources import Source

REPOSITORY: Final = "k0sproject/k0s"
_CONSTANTS: Final = ("pkg/constant/constant.go", "pkg/constant/constant_shared.go", "pkg/constant/constant_posix.go")
_SPECS: Final = ("pkg/apis/k0s/v1beta1/images.go", "pkg/apis/k0s/v1beta1/nllb.go", "pkg/airgap/images.go")
PATHS: Final = (*_CONSTANTS, *_SPECS)
RELEASES: Final = re.compile(r"v1\.(?:2[7-9]|[3-9]\d)\.\d+\+k0s\.\d+", re.ASCII)

_CONSTANT = re.compile(r'^\s*(\w+)\s+=\s+"([^"]*)"', re.MULTILINE)
_PAIR = re.compile(r"Image:\s+constant\.(\w+),\s+Version:\s+constant\.(\w+),")
# By constant: part, use, OS, network plug-in.
_PARTS: Final = {
    "KubePauseContainerImage": ("pause", "pulled", "linux", ""),
    "KubePauseWindowsContainerImage": ("pause", "pulled", "windows", ""),
    "KonnectivityImage": ("the konnectivity agent", "pulled", "linux", ""),
    "KubeProxyImage": ("kube-proxy", "pulled", "linux", ""),
    "KubeProxyWindowsImage": ("kube-proxy of Windows nodes", "pulled", "windows", ""),
    "CoreDNSImage": ("cluster DNS", "pulled", "linux", ""),
    "MetricsImage": ("the metrics server", "switchable", "linux", ""),
    "PushGatewayImage": ("the push gateway", "listed", "linux", ""),
    "EnvoyProxyImage": ("the node-local load balancer", "listed", "linux", ""),
    "TraefikImage": ("the node-local load balancer", "listed", "linux", ""),
    "KubeRouterCNIImage": ("the network plug-in kuberouter", "pulled", "linux", "kuberouter"),
    "KubeRouterCNIInstallerImage": ("the network plug-in kuberouter", "pulled", "linux", "kuberouter"),
    "CalicoImage": ("the network plug-in calico", "pulled", "linux", "calico"),
    "CalicoCNIImage": ("the network plug-in calico", "pulled", "linux", "calico"),
    "CalicoNodeImage": ("the network plug-in calico", "pulled", "linux", "calico"),
    "KubeControllerImage": ("the network plug-in calico", "pulled", "linux", "calico"),
    "CalicoKubeControllersImage": ("the network plug-in calico", "pulled", "linux", "calico"),
    "CalicoCNIWindowsImage": ("the network plug-in calico", "pulled", "windows", "calico"),
    "CalicoWindowsImage": ("the network plug-in calico", "pulled", "windows", "calico"),
    "CalicoNodeWindowsImage": ("the network plug-in calico", "pulled", "windows", "calico"),
}
_NEEDED: Final = {"KubePauseContainerImage", "KubeProxyImage", "CoreDNSImage", "KonnectivityImage", "KubeRouterCNIImage"}


def read(source: Source, tag: str) -> tuple[Image, ...]:
    """Return the images of a release. Raises ReadError if a constant is missing."""
    values: dict[str, str] = {}
    for path in _CONSTANTS:
        values |= dict(_CONSTANT.findall(source.text(tag, path) or ""))
    pairs = dict.fromkeys(pair for path in _SPECS for pair in _PAIR.findall(source.text(tag, path) or ""))
    unknown = [name for pair in pairs for name in pair if name not in values]
    if unknown:
        raise ReadError(f"no constant {unknown[0]}")
    missing = _NEEDED - {image for image, _ in pairs}
    if missing:
        raise ReadError(f"no image uses the constant {min(missing)}")
    return tuple(_image(name, values[name], values[version]) for name, version in pairs)


def _image(constant: str, name: str, tag: str) -> Image:
    if constant not in _PARTS:
        raise ReadError(f"the constant {constant} is new: add its part to {__name__}")
    part, use, os, cni = _PARTS[constant]
    return Image(name if name.partition("/")[0].count(".") else f"docker.io/{name}", tag, part, use, os, cni)
