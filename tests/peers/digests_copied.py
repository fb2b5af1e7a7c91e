"""What becomes of the digest of a pinned image: predicted by the model, and observed in real copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.oci.document import parse_document
from auditor.oci.media_types import DOCKER_LIST, OCI_INDEX
from auditor.transfer.copy_digests import DigestFate, Ending, digest_on, formats_of
from auditor.transfer.hops import Hop
from tests.peers.copying import Case, Desk, copied, read_back
from tests.peers.images import Blob, BuiltImage, BuiltIndex, entry, real_image, to_bytes

PLATFORMS = ("linux/amd64", "linux/arm64")
KINDS = ("OCI index", "Docker list", "mixed index", "OCI manifest", "Docker manifest")
_ARCHIVE = ("docker-archive", "registry")
_LAYOUT = ("oci-layout", "registry")
_OPTIONS: dict[str, dict[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "crane": {(): (("registry",), _ARCHIVE, _LAYOUT), ("--platform", "linux/amd64"): (("registry",), _LAYOUT)},
    "regctl": {(): (("registry",), _LAYOUT), ("--platform", "linux/amd64"): (("registry",),)},
    "oras": {(): (("registry",), _LAYOUT), ("--platform", "linux/amd64"): (("registry",),)},
    "skopeo": {
        (): (("registry",), _ARCHIVE, _LAYOUT),
        ("--all",): (("registry",), _LAYOUT, ("dir", "registry")),
        ("--all", "--preserve-digests"): (("registry",), _LAYOUT),
        ("--all", "--format", "oci"): (("registry",),),
        ("--all", "--format", "v2s2"): (("registry",),),
        ("--all", "--dest-compress-format", "zstd"): (("oci-layout",),),
        ("--all", "--dest-decompress"): (("dir",),),
    },
}
CASES = tuple(
    Case(tool, options, way, "ocidir" if (tool, way) == ("regctl", _LAYOUT) else "")
    for tool, given in _OPTIONS.items()
    for options, ways in given.items()
    for way in ways
)
# skopeo stops with an error on one of the hops, so the digest does not arrive either.
STOPS = {("skopeo --all --preserve-digests to oci-layout, then registry", kind) for kind in ("Docker list", "Docker manifest")}


def made_image(kind: str) -> BuiltIndex | BuiltImage:
    """An image of that kind."""
    docker = kind.startswith(("Docker", "mixed"))
    images = tuple(real_image(platform, docker=docker, label=kind) for platform in PLATFORMS)
    if kind.endswith("manifest"):
        return images[0]
    media_type = DOCKER_LIST if docker and "list" in kind else OCI_INDEX
    body = {"schemaVersion": 2, "mediaType": media_type, "manifests": [entry(image) for image in images]}
    return BuiltIndex(Blob(to_bytes(body), media_type), images)


def _document(image: BuiltIndex | BuiltImage) -> Blob:
    return image.index if isinstance(image, BuiltIndex) else image.manifest


def predict(way: tuple[Hop, ...], image: BuiltIndex | BuiltImage) -> bool:
    """Return whether the model says that the digest stays. It must say something."""
    blob = _document(image)
    formats = formats_of(parse_document(blob.body, blob.media_type), blob.media_type)
    fate = digest_on(way, formats, is_index=isinstance(image, BuiltIndex))
    assert isinstance(fate, DigestFate), fate
    return fate.ending is Ending.KEPT


def push(desk: Desk, name: str, image: BuiltIndex | BuiltImage) -> None:
    """Push an image to the source."""
    with desk.source.uploader() as uploader:
        if isinstance(image, BuiltIndex):
            uploader.index(name, image, "1")
        else:
            uploader.image(name, image, "1")


def observe(desk: Desk, case: Case, kind: str, folder: Path) -> Iterator[tuple[tuple[Hop, ...], bool, bool]]:
    """Copy an image by its digest: yield the way so far, and whether the digest was predicted and found to stay."""
    image = made_image(kind)
    name = f"pinned/{kind.replace(' ', '-').lower()}"
    push(desk, name, image)
    for number, (hop, where) in enumerate(copied(desk, case, f"{name}@{image.digest}", folder), 1):
        way = case.hops[:number]
        yield way, predict(way, image), read_back(desk, hop.to, where).digest == image.digest
