"""RKE2: `scripts/build-images` and `scripts/build-windows-images`, as a release runs them for docker.io."""

from __future__ import annotations

import re
from typing import Final

from tools.facts.model import Image, ReadError
from tools.facts.shell import image_lists, variables
from tools.facts.sources import Source

REPOSITORY: Final = "rancher/rke2"
PATHS: Final = ("scripts/version.sh", "scripts/build-images", "scripts/build-windows-images", "scripts/build-binary")
RELEASES: Final = re.compile(r"v1\.(?:2[7-9]|[3-9]\d)\.\d+\+rke2r\d+", re.ASCII)

_ARCHITECTURES = ("amd64", "arm64")
_PULLED, _SWITCHABLE, _LISTED = "pulled", "switchable", "listed"
# Part and use of the images of images-core.txt. `listed`: the chart pulls the image only if a value enables it.
_CORE: Final = {
    "rke2-runtime": ("the runtime binaries", _PULLED),
    "hardened-kubernetes": ("the control plane and kube-proxy", _PULLED),
    "hardened-etcd": ("etcd", _PULLED),
    "hardened-coredns": ("cluster DNS", _PULLED),
    "hardened-cluster-autoscaler": ("the autoscaler of cluster DNS", _PULLED),
    "hardened-dns-node-cache": ("the node-local DNS cache", _LISTED),
    "hardened-k8s-metrics-server": ("the metrics server", _SWITCHABLE),
    "hardened-addon-resizer": ("the resizer of the metrics server", _LISTED),
    "klipper-helm": ("the Helm jobs that install its charts", _PULLED),
    "klipper-lb": ("the service load balancer", _LISTED),
    "pause": ("pause", _PULLED),
    "mirrored-pause": ("pause", _PULLED),
    "rke2-cloud-provider": ("the cloud controller", _PULLED),
    "mirrored-sig-storage-snapshot-controller": ("the snapshot controller", _SWITCHABLE),
    "hardened-snapshot-controller": ("the snapshot controller", _SWITCHABLE),
    "mirrored-sig-storage-snapshot-validation-webhook": ("the webhook that validates snapshots", _SWITCHABLE),
    "hardened-snapshot-validation-webhook": ("the webhook that validates snapshots", _SWITCHABLE),
    "nginx-ingress-controller": ("the ingress controller", _SWITCHABLE),
    "mirrored-ingress-nginx-kube-webhook-certgen": ("the certificate job of the ingress controller", _SWITCHABLE),
    "kube-webhook-certgen": ("the certificate job of the ingress controller", _SWITCHABLE),
    "hardened-traefik": ("the ingress controller", _SWITCHABLE),
    "mirrored-library-traefik": ("the ingress controller", _SWITCHABLE),
}
_CNI: Final = {
    "canal": ("hardened-calico", "hardened-flannel"),
    "flannel": ("hardened-flannel", "hardened-cni-plugins"),
    "cilium": ("mirrored-cilium-cilium", "mirrored-cilium-operator-generic"),
    "calico": (
        "mirrored-calico-operator",
        "mirrored-calico-node",
        "mirrored-calico-typha",
        "mirrored-calico-kube-controllers",
        "mirrored-calico-cni",
    ),
    "multus": ("hardened-multus-cni",),
}
_PAUSE_OF_BINARY = re.compile(r"images\.DefaultPauseImage=([\w./-]+:\S+)")


def read(source: Source, tag: str) -> tuple[Image, ...]:
    """Return the images of a release. Raises ReadError if a script is missing or has an unexpected form."""
    texts = {path: source.text(tag, path) for path in PATHS}
    missing = [path for path, text in texts.items() if text is None]
    if missing:
        raise ReadError(f"{missing[0]} is missing")
    by_arch = {arch: _images({path: text or "" for path, text in texts.items()}, tag, arch) for arch in _ARCHITECTURES}
    everywhere = set(by_arch["amd64"]) & set(by_arch["arm64"])
    linux = [
        image if image in everywhere else Image(image.name, image.tag, image.part, image.use, cni=image.cni, arch=arch)
        for arch in _ARCHITECTURES
        for image in by_arch[arch]
        if arch == "amd64" or image not in everywhere
    ]
    return (*linux, *_windows({path: text or "" for path, text in texts.items()}, tag))


def _known(texts: dict[str, str], tag: str, arch: str) -> dict[str, str]:
    given = {
        "GOARCH": arch,
        "REGISTRY": "docker.io",
        "REPO": "rancher",
        "VERSION": tag,
        "DOCKERIZED_VERSION": tag.replace("+", "-"),
    }
    return variables(texts["scripts/version.sh"], given)


def _images(texts: dict[str, str], tag: str, arch: str) -> list[Image]:
    lists = image_lists(texts["scripts/build-images"], _known(texts, tag, arch))
    if not lists.get("images-core.txt"):
        raise ReadError("scripts/build-images writes no images-core.txt")
    found: dict[tuple[str, str], Image] = {}
    for name, lines in lists.items():
        kind = name.removeprefix("images-").removesuffix(".txt")
        for line in lines:
            image = _image(kind, line)
            found.setdefault((image.name, image.cni), image)
            if found[image.name, image.cni].tag != image.tag:
                found[f"{image.name}:{image.tag}", image.cni] = image
    return list(found.values())


def _image(kind: str, line: str) -> Image:
    name, colon, image_tag = line.rpartition(":")
    if not colon or "$" in line or "/" in image_tag:
        raise ReadError(f"scripts/build-images: {line!r} is no image with a tag")
    base = name.rpartition("/")[2]
    if kind == "core":
        part, use = _CORE.get(base, (f"the component {base}", _LISTED))
        return Image(name, image_tag, part, use)
    if kind in _CNI:
        use = (_SWITCHABLE if kind == "multus" else _PULLED) if base in _CNI[kind] else _LISTED
        return Image(name, image_tag, f"the network plug-in {kind}", use, cni=kind)
    part, _ = _CORE.get(base, (f"the add-on {kind}", _LISTED))
    return Image(name, image_tag, part, _LISTED)


def _windows(texts: dict[str, str], tag: str) -> list[Image]:
    """The agent pulls the pause image of its binary. Older lists name builds of it (`…-windows-1809-amd64`): listed."""
    known = _known(texts, tag, "amd64")
    match = _PAUSE_OF_BINARY.search(_with_pause(texts["scripts/build-binary"], known))
    if match is None:
        raise ReadError("scripts/build-binary sets no DefaultPauseImage")
    pause = match[1] if match[1].startswith("docker.io/") else f"docker.io/{match[1]}"
    found = [_windows_image(line, pause) for line in _windows_lines(texts, known)]
    if not any(image.part == "pause" and image.use == _PULLED for image in found):
        name, _, image_tag = pause.rpartition(":")
        found.append(Image(name, image_tag, "pause", _PULLED, "windows"))
    return found


def _windows_lines(texts: dict[str, str], known: dict[str, str]) -> list[str]:
    lines = image_lists(texts["scripts/build-windows-images"], known).get("windows-images.txt", [])
    lines = [line for line in lines if "IMAGE" not in line]
    if not lines:
        raise ReadError("scripts/build-windows-images writes no windows-images.txt")
    return lines


def _windows_image(line: str, pause: str) -> Image:
    full = line if line.startswith("docker.io/") else f"docker.io/{line}"
    name, _, image_tag = full.rpartition(":")
    if full == pause:
        return Image(name, image_tag, "pause", _PULLED, "windows")
    if name.endswith("/rke2-runtime"):
        return Image(name, image_tag, "the runtime binaries", _PULLED, "windows")
    return Image(name, image_tag, "one Windows build of pause", _LISTED, "windows")


def _with_pause(script: str, known: dict[str, str]) -> str:
    return script.replace("${PAUSE_VERSION}", known.get("PAUSE_VERSION", "${PAUSE_VERSION}"))
