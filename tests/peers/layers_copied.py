"""The fate of layers with `urls`: predicted by the model, and observed in real copies."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.transfer.copy_digests import DigestFate, Ending, ManifestFormat, digest_on
from auditor.transfer.copy_layers import CopyLayers, Fate, fate_on, layer_row
from auditor.transfer.hops import Hop, Unpredicted
from tests.peers.copying import Arrived, Case, Desk, copied, read_back
from tests.peers.images import BuiltImage, digest_of

KINDS = {
    "docker foreign": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "OCI foreign": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "ordinary, with urls": "application/vnd.oci.image.layer.v1.tar+gzip",
}
_WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "crane": (("registry",), ("docker-archive", "registry"), ("oci-layout", "registry")),
    "regctl": (("registry",), ("oci-layout", "registry")),
    "oras": (("registry",), ("oci-layout", "registry")),
    "skopeo": (("registry",), ("docker-archive", "registry"), ("oci-layout", "registry"), ("dir", "registry")),
}
_OPTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "crane": ((), ("--allow-nondistributable-artifacts",)),
    "regctl": ((), ("--include-external",)),
    "oras": ((),),
    "skopeo": ((),),
}
_FORMS = {("regctl", "oci-layout"): ("ocidir", "export")}
CASES = tuple(
    (Case(tool, options, way, form), kind)
    for tool, ways in _WAYS.items()
    for way in ways
    for options in _OPTIONS[tool]
    for form in _FORMS.get((tool, way[0]), ("",))
    if not (form == "export" and options)  # image export has no such option
    for kind in KINDS
)


@dataclass(frozen=True)
class Happened:
    """The fate of the layer. `first`: the host of its first request, or empty. `digest`: the manifest's digest is unchanged."""

    blob: bool
    urls: bool
    first: str
    digest: bool

    def __str__(self) -> str:
        told = f"{'blob' if self.blob else '-':<5} {'urls' if self.urls else '-':<5} {self.first or '-':<9}"
        return told + ("digest" if self.digest else "-")


def rows_of(way: tuple[Hop, ...]) -> list[CopyLayers]:
    """The rows of the facts that a prediction stands on."""
    return [row for hop in way if not isinstance(row := layer_row(hop), Unpredicted)]


def predict(way: tuple[Hop, ...], media_type: str) -> Happened:
    """What the model says of a way. It must say something."""
    fate = fate_on(way, media_type, has_urls=True)
    assert isinstance(fate, Fate), fate
    row = rows_of(way)[0]
    first = row.first if row.is_foreign(media_type, has_urls=True) else "registry"  # where the image is, like any layer
    form = ManifestFormat.OCI if media_type.startswith("application/vnd.oci.") else ManifestFormat.DOCKER
    digest = digest_on(way, frozenset({form}), is_index=False)
    assert isinstance(digest, DigestFate), digest
    return Happened(fate.carried, fate.urls, first, digest.ending is Ending.KEPT)


def observe(desk: Desk, case: Case, kind: str, folder: Path) -> Iterator[tuple[tuple[Hop, ...], Happened]]:
    """Push an image, copy it for real, and look at what arrived after each hop."""
    name = f"made/{kind.replace(', ', '-').replace(' ', '-').lower()}"
    image = desk.image(name, KINDS[kind])
    desk.notes.clear()
    for number, (hop, where) in enumerate(copied(desk, case, f"{name}:1", folder), 1):
        first = desk.notes[0][0] if desk.notes else ""
        yield case.hops[:number], _happened(read_back(desk, hop.to, where), image, first)


def _happened(arrived: Arrived, image: BuiltImage, first: str) -> Happened:
    base = image.layers[0]
    layers = arrived.document["layers"]
    unpacked = digest_of(gzip.decompress(base.body))
    # Compressed again it has another digest; then the first layer of the written manifest is the base.
    anew = bool(layers) and arrived.digest not in {"", image.digest} and layers[0]["digest"] in arrived.blobs
    return Happened(
        blob=anew or not {base.digest, unpacked}.isdisjoint(arrived.blobs),
        urls=any(layer.get("urls") for layer in layers),
        first=first,
        digest=arrived.digest == image.digest,
    )
