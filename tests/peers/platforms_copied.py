"""The fate of an index and its platforms: predicted by the model, and observed in real copies."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.oci.platform import normalise
from auditor.transfer.copy_platforms import CopyPlatforms, Kept, keeps, platform_row
from auditor.transfer.hops import Hop
from tests.peers.copying import Arrived, Case, Desk, copied, read_back
from tests.peers.images import BuiltImage, BuiltIndex, build_index, real_image

NAME = "made/index"
OFFERS = ("linux/amd64", "windows/amd64:10.0.17763.1", "windows/amd64:10.0.20348.2", "linux/arm64")
OWN = normalise("linux", platform.machine())
NEWER = "windows/amd64:10.0.20348.2"
_OPTIONS: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {
    "crane": {
        (): ("registry", "docker-archive", "oci-layout"),
        ("--platform", "all"): ("registry",),
        ("--platform", "linux/arm64"): ("registry", "docker-archive", "oci-layout"),
        ("--platform", "windows/amd64"): ("registry", "docker-archive"),
        ("--platform", NEWER): ("registry", "docker-archive", "oci-layout"),
        ("--annotate-ref",): ("oci-layout",),
    },
    "regctl": {
        (): ("registry", "oci-layout"),
        ("--platform", "windows/amd64"): ("registry",),
        ("--platform", "windows/amd64,osver=10.0.17763.9"): ("registry", "oci-layout"),
        ("-p", "linux/arm64"): ("registry",),
    },
    "oras": {
        (): ("registry", "oci-layout"),
        ("--platform", "linux/arm64"): ("registry", "oci-layout"),
        ("--platform", "windows/amd64"): ("registry", "oci-layout"),
        ("--platform", NEWER): ("registry", "oci-layout"),
    },
    "skopeo": {
        (): ("registry", "docker-archive", "oci-layout", "dir"),
        ("--all",): ("registry", "oci-layout", "dir"),
        ("--multi-arch", "all"): ("registry",),
        ("--override-os", "windows"): ("registry", "docker-archive", "oci-layout", "dir"),
        ("--override-os", "linux", "--override-arch", "arm64"): ("registry",),
    },
}
CASES = tuple(
    Case(tool, options, (to,), "ocidir" if (tool, to) == ("regctl", "oci-layout") else "")
    for tool, given in _OPTIONS.items()
    for options, places in given.items()
    for to in places
)


@dataclass(frozen=True)
class Happened:
    """Which platforms arrived, and whether the index did under its digest. `named`: an archive gives the whole name."""

    platforms: tuple[str, ...]
    index: bool
    named: bool | None = None

    def __str__(self) -> str:
        short = ", ".join(part.replace("windows/amd64:10.0.", "win ") for part in self.platforms)
        named = {None: "", True: ", named", False: ", no name"}[self.named]
        return f"{short}{'; index' if self.index else '; no index'}{named}"


def made_index() -> BuiltIndex:
    """One index of four platforms; each image has its own config."""
    return build_index(*(real_image(offer, label=offer) for offer in OFFERS))


def row_of(hop: Hop) -> CopyPlatforms:
    """The row of the facts that a prediction stands on."""
    row = platform_row(hop)
    assert isinstance(row, CopyPlatforms), row
    return row


def predict(hop: Hop, index: BuiltIndex) -> Happened:
    """What the model says of a hop. It must say something."""
    offers = [(image.digest, image.platform) for image in index.children]
    kept = []
    for image in index.children:
        found = keeps(hop, offers, image.digest)
        assert isinstance(found, Kept), found
        own = found is Kept.OWN and (image.platform.os, image.platform.architecture) == (OWN.os, OWN.architecture)
        if found is Kept.YES or own:
            kept.append(str(image.platform))
    row = row_of(hop)
    named = None if hop.to == "registry" or row.names == "told" else row.names == "kept"
    return Happened(tuple(kept), row.index == "kept", named)


def observe(desk: Desk, case: Case, index: BuiltIndex, folder: Path) -> Iterator[tuple[Hop, Happened]]:
    """Copy for real, and look at what arrived."""
    with desk.source.uploader() as push:
        push.index(NAME, index, "1")
    for hop, where in copied(desk, case, f"{NAME}:1", folder):
        arrived = read_back(desk, hop.to, where)
        told = hop.to == "registry" or row_of(hop).names == "told"
        named = None if told else f"{desk.proxy}/{NAME}:1" in arrived.names
        yield hop, Happened(tuple(_platforms(arrived, index)), arrived.digest == index.digest, named)


def _platforms(arrived: Arrived, index: BuiltIndex) -> Iterator[str]:
    """The platforms whose manifest, or at least whose config, is there."""
    listed = {entry["digest"] for entry in arrived.document.get("manifests", ())}
    config = arrived.document.get("config")
    told = config if isinstance(config, str) else (config or {}).get("digest", "")
    for image in index.children:
        alone = bool(told) and image.config.digest.removeprefix("sha256:") in told
        if alone or image.digest in listed & arrived.blobs or _in_folder(image, listed, arrived):
            yield str(image.platform)


def _in_folder(image: BuiltImage, listed: set[str], arrived: Arrived) -> bool:
    """A `dir` names the manifests of an index `HEX.manifest.json`."""
    return image.digest in listed and f"{image.digest}.manifest.json" in arrived.blobs
