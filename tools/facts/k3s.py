"""K3s: `scripts/airgap/image-list.txt`, which a release publishes as `k3s-images.txt`."""

from __future__ import annotations

import re
from typing import Final

from tools.facts.model import Image, ReadError
from tools.facts.sources import Source

REPOSITORY: Final = "k3s-io/k3s"
PATHS: Final = ("scripts/airgap/image-list.txt",)
RELEASES: Final = re.compile(r"v1\.(?:2[7-9]|[3-9]\d)\.\d+\+k3s\d+", re.ASCII)

# Everything but cluster DNS and pause can be switched off with --disable.
_PARTS: Final = {
    "mirrored-pause": ("pause", "pulled"),
    "mirrored-coredns-coredns": ("cluster DNS", "pulled"),
    "klipper-helm": ("the Helm jobs that install its charts", "switchable"),
    "klipper-lb": ("the service load balancer", "switchable"),
    "local-path-provisioner": ("local storage", "switchable"),
    "mirrored-library-busybox": ("the helper pods of local storage", "switchable"),
    "mirrored-library-traefik": ("the ingress controller", "switchable"),
    "mirrored-metrics-server": ("the metrics server", "switchable"),
}


def read(source: Source, tag: str) -> tuple[Image, ...]:
    """Return the images of a release. Raises ReadError if the list is missing or has an unexpected line."""
    text = source.text(tag, PATHS[0])
    if text is None:
        raise ReadError(f"{PATHS[0]} is missing")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise ReadError(f"{PATHS[0]} is empty")
    return tuple(_image(line) for line in lines)


def _image(line: str) -> Image:
    name, colon, tag = line.rpartition(":")
    if not colon or "/" in tag or " " in line:
        raise ReadError(f"{PATHS[0]}: {line!r} is no image with a tag")
    base = name.rpartition("/")[2]
    part, use = _PARTS.get(base, (f"the component {base}", "switchable"))
    return Image(name, tag, part, use)
