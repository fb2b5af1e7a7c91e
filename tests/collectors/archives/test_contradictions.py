"""Layouts whose descriptors, documents and annotations contradict each other: each contradiction is a problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.collectors.archives.made import (
    CONTAINERD,
    INDEX,
    LINUX,
    REF_NAME,
    WINDOWS,
    blob_files,
    defects,
    gzipped,
    image_files,
    index_layout,
    layout,
    read,
    tar,
)
from tests.peers.images import Blob, BuiltImage

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def document(media_type: str, **body: object) -> Blob:
    """A document of this content."""
    return Blob(json.dumps({"schemaVersion": 2, **body}).encode(), media_type)


def manifest_of(image: BuiltImage, **more: object) -> dict[str, object]:
    """The body of an image's manifest, with some keys replaced."""
    return {**json.loads(image.manifest.body), **more}


@pytest.mark.parametrize(
    ("called", "body"),
    [
        (OCI_INDEX, manifest_of(LINUX)),
        (OCI_INDEX, manifest_of(LINUX, mediaType=OCI_INDEX)),
        (OCI_MANIFEST, json.loads(INDEX.index.body)),
        (DOCKER_MANIFEST, manifest_of(LINUX, mediaType=OCI_MANIFEST)),
        (OCI_MANIFEST, manifest_of(LINUX, mediaType=OCI_INDEX)),
        ("", manifest_of(LINUX, mediaType=OCI_INDEX)),
    ],
)
def test_media_types_that_contradict_the_document(tmp_path: Path, called: str, body: dict[str, object]) -> None:
    root = document(called, **body)
    found = defects(read(tmp_path, tar(layout((root, {CONTAINERD: "a:1"}), files=image_files(LINUX, WINDOWS)))))
    assert found == {(f"blobs/sha256/{root.digest[7:]}", "media-type")}


def test_two_descriptors_of_one_manifest_that_disagree(tmp_path: Path) -> None:
    descriptor = LINUX.manifest.descriptor()
    files = layout((LINUX.manifest, {CONTAINERD: "a:1"}), files=image_files(LINUX))
    name = f"blobs/sha256/{LINUX.digest[7:]}"
    for change, defect in (({"size": 7}, "size"), ({"mediaType": OCI_INDEX}, "media-type")):
        for second in ({**descriptor, **change}, document(OCI_INDEX, manifests=[{**descriptor, **change}])):
            nested = isinstance(second, Blob)
            extra = {f"blobs/sha256/{second.digest[7:]}": second.body} if isinstance(second, Blob) else {}
            listed = second.descriptor() if isinstance(second, Blob) else second
            index = json.dumps({"schemaVersion": 2, "manifests": [descriptor, listed]}).encode()
            found = defects(read(tmp_path, tar({**files, **extra, "index.json": index})))
            assert found == {(name, defect)}, (change, nested)


def test_a_config_that_lists_another_number_of_layers(tmp_path: Path) -> None:
    config = Blob(
        json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}}).encode(), LINUX.config.media_type
    )
    root = document(OCI_MANIFEST, **manifest_of(LINUX, config=config.descriptor()))
    found = read(tmp_path, tar(layout((root, {}), files={**image_files(LINUX), **blob_files(config)})))
    assert defects(found) == {(f"blobs/sha256/{root.digest[7:]}", "malformed")}
    assert "lists 1 layers, its config 0" in found.inventory.problems[0].detail


@pytest.mark.parametrize(("body", "defect"), [(gzipped(b"x" * 2000), "media-type"), (b"x" * 2000, "digest")])
def test_plain_layer_that_is_compressed_or_differs_from_its_config(tmp_path: Path, body: bytes, defect: str) -> None:
    layer = Blob(body, "application/vnd.oci.image.layer.v1.tar")
    told = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [f"sha256:{0:064x}"]}}
    config = Blob(json.dumps(told).encode(), LINUX.config.media_type)
    root = document(OCI_MANIFEST, **manifest_of(LINUX, config=config.descriptor(), layers=[layer.descriptor()]))
    found = read(tmp_path, tar(layout((root, {}), files=blob_files(config, layer))))
    assert defects(found) == {(f"blobs/sha256/{layer.digest[7:]}", defect)}


def test_a_layout_version_that_containerd_refuses(tmp_path: Path) -> None:
    files = {**index_layout(), "oci-layout": b'{"imageLayoutVersion": "1.1.0"}'}
    assert defects(read(tmp_path, tar(files))) == {("oci-layout", "unsupported")}


@pytest.mark.parametrize(
    ("name", "ref", "is_wrong"),
    [
        ("reg.local/app:1", "1", False),
        ("reg.local/app:1", "reg.local/app:1", False),
        ("docker.io/library/app:1", "app:1", False),
        ("ghcr.io/x/app:1", "x/app:1", False),
        (f"reg.local/app@{LINUX.digest}", LINUX.digest, False),
        ("reg.local/app:1", "2", True),
        ("reg.local/app:1", "reg.local/app:2", True),
        ("reg.local/app:1", "reg.local/other:1", True),
    ],
)
def test_two_annotations_of_one_name(tmp_path: Path, name: str, ref: str, is_wrong: bool) -> None:
    files = layout((LINUX.manifest, {CONTAINERD: name, REF_NAME: ref}), files=image_files(LINUX))
    assert defects(read(tmp_path, tar(files))) == ({("index.json", "names")} if is_wrong else set())
