"""Each common archive format is detected by its content and read completely: names, digests, platforms, no problems."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.collectors.archives import archives_in, read_archive
from auditor.oci.document import Manifest, parse_config, parse_document
from auditor.oci.media_types import DOCKER_MANIFEST, OCI_INDEX
from tests.collectors.archives.made import (
    CONTAINERD,
    INDEX,
    LINUX,
    REF_NAME,
    WINDOWS,
    defects,
    docker,
    gzipped,
    image_files,
    index_layout,
    inner_tar,
    layout,
    read,
    sha256_hex,
    tar,
    zstded,
)
from tests.peers.images import FOREIGN_LAYER, Blob, build_image, digest_of, to_bytes

NAME = "registry.example.com/app:1"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzipped,
    "gzip of three members": lambda data: gzipped(data, 3),
    "gzip padded with zeros": lambda data: gzipped(data) + bytes(1024),
    "zstd": zstded,
    "zstd of three frames": lambda data: zstded(data, 3),
    "zstd behind a skippable frame": lambda data: b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstded(data),
}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_layout_in_a_tar(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    data = pack(tar(index_layout(NAME)))
    found = read(tmp_path, data)
    inventory = found.inventory
    assert (inventory.format, inventory.problems, inventory.bytes) == ("oci-layout", (), len(data))
    (image,) = inventory.images
    assert (image.names, image.name_source, image.digest) == ((NAME,), CONTAINERD, INDEX.digest)
    assert (image.media_type, image.size, image.derived) == (OCI_INDEX, len(INDEX.index.body), False)
    stored = {INDEX.index.digest: len(INDEX.index.body)}
    for built in (LINUX, WINDOWS):
        stored |= {blob.digest: len(blob.body) for blob in (built.manifest, built.config, *built.layers)}
    assert inventory.blobs == stored
    assert found.documents[INDEX.digest].body == INDEX.index.body
    assert parse_config(found.documents[WINDOWS.config.digest].body).platform == WINDOWS.platform


def test_a_layout_as_a_folder_is_the_same(tmp_path: Path) -> None:
    packed, folder = read(tmp_path, tar(index_layout())), read(tmp_path, index_layout(), "folder")
    assert folder.documents == packed.documents
    assert folder.inventory.images == packed.inventory.images
    assert folder.inventory.blobs == packed.inventory.blobs
    assert folder.inventory.problems == ()


@pytest.mark.parametrize("pack", [PACKERS["plain"], gzipped, zstded], ids=["plain", "gzip", "zstd"])
def test_docker_save_of_old(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    found = read(tmp_path, pack(tar(docker("shop/web:4.2", "shop/web:4"))))
    (image,) = found.inventory.images
    assert (found.inventory.format, found.inventory.problems) == ("docker-archive", ())
    assert (image.names, image.name_source, image.derived) == (("shop/web:4.2", "shop/web:4"), "RepoTags", True)
    manifest = parse_document(found.documents[image.digest].body, image.media_type)
    assert isinstance(manifest, Manifest)
    plain = [inner_tar("one"), inner_tar("two")]
    assert [(layer.digest, layer.size) for layer in manifest.layers] == [(digest_of(body), len(body)) for body in plain]
    assert {layer.media_type for layer in manifest.layers} == {"application/vnd.docker.image.rootfs.diff.tar"}
    assert digest_of(found.documents[image.digest].body) == image.digest
    assert parse_config(found.documents[manifest.config.digest].body).platform == LINUX.platform
    assert image.media_type == DOCKER_MANIFEST


def test_cranes_tarball_with_a_foreign_layer(tmp_path: Path) -> None:
    plain, base = inner_tar("app"), inner_tar("base")
    packed, packed_base = gzip.compress(plain, mtime=0), gzip.compress(base, mtime=0)
    names = [f"{sha256_hex(packed_base)}.tar.gz", f"{sha256_hex(packed)}.tar.gz"]
    source = Blob(packed_base, FOREIGN_LAYER, ("https://mcr.example.com/base",)).descriptor()
    files = docker(
        "app:1",
        stored=dict(zip(names, (packed_base, packed), strict=True)),
        plain=[base, plain],
        LayerSources={digest_of(base): source},
    )
    found = read(tmp_path, tar(files))
    assert found.inventory.problems == ()
    manifest = json.loads(found.documents[found.inventory.images[0].digest].body)
    assert manifest["layers"][0] == source
    assert manifest["layers"][1]["mediaType"].endswith(".tar.gzip")
    without = {name: body for name, body in files.items() if name != names[0]}
    again = read(tmp_path, tar(without))
    assert again.inventory.problems == ()  # a foreign layer may be elsewhere
    assert again.documents[again.inventory.images[0].digest].body == found.documents[found.inventory.images[0].digest].body
    assert digest_of(packed_base) not in again.inventory.blobs


@pytest.mark.parametrize("pack", [PACKERS["plain"], gzipped], ids=["plain", "gzip"])
def test_compressed_layers_without_a_digest_name_are_expanded(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    plain = [inner_tar("one"), inner_tar("two")]
    good = docker("a:1", stored={"x/layer.tar": gzipped(plain[0]), "y/layer.tar": zstded(plain[1])}, plain=plain)
    assert read(tmp_path, pack(tar(good))).inventory.problems == ()
    bad = {**good, "x/layer.tar": gzipped(inner_tar("other"))}
    assert defects(read(tmp_path, pack(tar(bad)))) == {("x/layer.tar", "digest")}


def test_links_between_layers_as_skopeo_writes_them(tmp_path: Path) -> None:
    files = docker("a:1", stored={"x/layer.tar": inner_tar("one")}, plain=[inner_tar("one")])
    item = json.loads(files["manifest.json"])
    item[0]["Layers"] = ["legacy/layer.tar"]
    files["manifest.json"] = json.dumps(item).encode()
    links = {"legacy/layer.tar": (tarfile.SYMTYPE, "../x/layer.tar")}
    assert read(tmp_path, tar(files, links)).inventory.problems == ()
    assert read(tmp_path, tar(files, {"legacy/layer.tar": (tarfile.LNKTYPE, "x/layer.tar")})).inventory.problems == ()
    assert read(tmp_path, tar(files, {"legacy": (tarfile.SYMTYPE, "x")})).inventory.problems == ()


def test_docker_25_names_by_annotation_and_by_repo_tags(tmp_path: Path) -> None:
    item = {
        "Config": f"blobs/sha256/{LINUX.config.digest[7:]}",
        "RepoTags": ["app:1", "app:stable"],
        "Layers": [f"blobs/sha256/{LINUX.layers[0].digest[7:]}"],
    }
    manifest = json.dumps([item]).encode()
    notes = {CONTAINERD: "docker.io/library/app:1", REF_NAME: "1"}
    full = layout((INDEX.index, notes), files={**image_files(LINUX), "manifest.json": manifest})
    found = read(tmp_path, tar(full)).inventory
    assert found.problems == ()
    assert [(image.names, image.digest) for image in found.images] == [
        (("docker.io/library/app:1", "app:stable"), INDEX.digest)
    ]
    bare = layout((INDEX.index, {REF_NAME: "1"}), files={**image_files(LINUX), "manifest.json": manifest})
    (image,) = read(tmp_path, tar(bare)).inventory.images
    assert (image.names, image.name_source) == (("app:1", "app:stable"), "RepoTags")


def test_an_image_that_only_manifest_json_lists_is_derived(tmp_path: Path) -> None:
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": b'{"schemaVersion": 2, "manifests": null}'}
    found = read(tmp_path, tar({**files, **docker("a:1")})).inventory
    assert (found.format, found.problems) == ("docker-archive", ())
    assert [(image.names, image.derived) for image in found.images] == [(("a:1",), True)]


def test_a_dir_folder(tmp_path: Path) -> None:
    blobs = {blob.digest[7:]: blob.body for blob in (LINUX.config, *LINUX.layers)}
    files = {"version": b"Directory Transport Version: 1.1\n", "manifest.json": LINUX.manifest.body, **blobs}
    found = read(tmp_path, files, "folder")
    (image,) = found.inventory.images
    assert (found.inventory.format, found.inventory.problems) == ("dir", ())
    assert (image.names, image.digest) == ((), LINUX.digest)
    short = {name: body for name, body in files.items() if name != LINUX.layers[0].digest[7:]}
    assert defects(read(tmp_path, short, "short")) == {(LINUX.layers[0].digest[7:], "missing")}


def test_a_dir_folder_of_an_index(tmp_path: Path) -> None:
    files = {"version": b"Directory Transport Version: 1.1\n", "manifest.json": INDEX.index.body}
    for built in (LINUX, WINDOWS):
        files |= {blob.digest[7:]: blob.body for blob in (built.config, *built.layers)}
        files[f"{built.digest[7:]}.manifest.json"] = built.manifest.body
    found = read(tmp_path, files, "folder")
    assert (found.inventory.problems, found.inventory.images[0].digest) == ((), INDEX.digest)
    assert {LINUX.digest, WINDOWS.digest} <= found.documents.keys()


def test_a_hauler_store_names_images_and_not_their_signatures(tmp_path: Path) -> None:
    signature = build_image("unknown/unknown", label="signature")
    chart = Blob(
        to_bytes(
            {"schemaVersion": 2, "config": Blob(b"x", "application/vnd.cncf.helm.config.v1+json").descriptor(), "layers": []}
        ),
        "application/vnd.oci.image.manifest.v1+json",
    )
    files = layout(
        (INDEX.index, {"kind": "dev.hauler/imageIndex", CONTAINERD: NAME, REF_NAME: "app:1"}),
        (signature.manifest, {"kind": "dev.hauler/sigs/0123", CONTAINERD: NAME}),
        (chart, {REF_NAME: "charts/shop:1.0.0"}),
        files={**image_files(LINUX, WINDOWS, signature), f"blobs/sha256/{sha256_hex(b'x')}": b"x"},
    )
    found = read(tmp_path, zstded(tar(files))).inventory
    assert found.problems == ()
    assert [image.names for image in found.images] == [(NAME,), (), ("charts/shop:1.0.0",)]


def test_one_digest_under_several_names_is_one_image(tmp_path: Path) -> None:
    files = layout((LINUX.manifest, {REF_NAME: "1"}), (LINUX.manifest, {REF_NAME: "latest"}), files=image_files(LINUX))
    assert [image.names for image in read(tmp_path, tar(files)).inventory.images] == [("1", "latest")]


def test_sparse_indexes_and_foreign_layers_are_not_problems(tmp_path: Path) -> None:
    files = layout((INDEX.index, {REF_NAME: "1"}), files=image_files(LINUX))
    found = read(tmp_path, tar(files))
    assert found.inventory.problems == ()
    assert WINDOWS.digest not in found.documents
    foreign = build_image("linux/amd64", Blob(b"far away", FOREIGN_LAYER, ("https://example.com/x",), stored=False))
    there = layout((foreign.manifest, {}), files=image_files(foreign))
    assert read(tmp_path, tar(there)).inventory.problems == ()


def test_artifact_config_need_not_be_json(tmp_path: Path) -> None:
    config = Blob(b"sometext\n", "application/vnd.unknown.config.v1+json")
    manifest = Blob(
        to_bytes({"schemaVersion": 2, "config": config.descriptor(), "layers": []}),
        "application/vnd.oci.image.manifest.v1+json",
    )
    files = layout((manifest, {}), files={f"blobs/sha256/{config.digest[7:]}": config.body})
    assert read(tmp_path, tar(files)).inventory.problems == ()


def test_long_names_and_sha512(tmp_path: Path) -> None:
    body = b"a blob by sha512"
    name = f"blobs/sha512/{hashlib.sha512(body).hexdigest()}"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        found = read(tmp_path, tar({**index_layout(), name: body}, form=form)).inventory
        assert (found.problems, found.blobs[f"sha512:{name[13:]}"]) == ((), len(body))
        assert defects(read(tmp_path, tar({**index_layout(), name: b"other"}, form=form))) == {(name, "digest")}


def test_a_folder_of_archives_is_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name, data in {
        "b/2.tar.zst": zstded(tar(docker("a:1"))),
        "1.tar": tar(docker("a:1")),
        "list.txt": b"busybox\n",
    }.items():
        (tmp_path / name).write_bytes(data)
    read(tmp_path, index_layout(), "store")
    names = [str(path.relative_to(tmp_path)) for path in archives_in(tmp_path)]
    assert names == ["1.tar", "b/2.tar.zst", "store"]
    assert archives_in(tmp_path / "store") == [tmp_path / "store"]
    assert archives_in(tmp_path / "1.tar") == [tmp_path / "1.tar"]


@pytest.mark.parametrize("pack", [PACKERS["plain"], gzipped], ids=["plain", "gzip"])
def test_progress_ends_at_the_total(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "archive.tar"
    path.write_bytes(pack(tar(index_layout())))
    told: list[tuple[int, int]] = []
    read_archive(path, 1, lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0
    assert told == sorted(told)


def test_image_config_that_is_not_json_is_malformed(tmp_path: Path) -> None:
    config = Blob(b"not json", "application/vnd.oci.image.config.v1+json")
    manifest = Blob(
        to_bytes({"schemaVersion": 2, "config": config.descriptor(), "layers": []}),
        "application/vnd.oci.image.manifest.v1+json",
    )
    name = f"blobs/sha256/{config.digest[7:]}"
    assert defects(read(tmp_path, tar(layout((manifest, {}), files={name: config.body})))) == {(name, "malformed")}
