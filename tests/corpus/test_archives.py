"""The corpus's archives, read from folders and packed again, give the expected results of its index."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.collectors.archives import ReadArchive, read_archive
from auditor.oci.document import Index, Manifest, parse_document
from auditor.oci.media_types import INDEXES
from tests.collectors.archives.made import defects, tar, zstded
from tests.corpus.folder import corpus

pytestmark = pytest.mark.corpus

COVERED = {
    "zarf-docker-containerd-store",
    "ggcr-tarballs",
    "ggcr-layouts",
    "k0s-layout",
    "ci-multi-layout",
    "oras-zot-artifacts",
}
FORMS: dict[str, Callable[[bytes], bytes]] = {"folder": bytes, "tar": bytes, "tar.gz": gzip.compress, "tar.zst": zstded}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    """How a folder of the corpus is handed over."""
    chosen: str = request.param
    return chosen


def read(form: str, folder: Path, *parts: str) -> ReadArchive:
    """A folder of the corpus, as it is or packed into `folder`."""
    source = corpus("archives", *parts)
    if form == "folder":
        return read_archive(source)
    files = {str(path.relative_to(source)): path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file()}
    path = folder / f"packed.{form}"
    path.write_bytes(FORMS[form](tar(files)))
    return read_archive(path)


def blob(found: ReadArchive, start: str) -> str:
    """The name of the blob whose digest begins so."""
    (entry,) = {problem.entry for problem in found.inventory.problems if f"/{start}" in problem.entry}
    return entry


def index_of(found: ReadArchive, digest: str) -> Index:
    document = parse_document(found.documents[digest].body)
    assert isinstance(document, Index)
    return document


def absent_children(found: ReadArchive) -> list[str]:
    """What the indexes of an archive list and the archive does not have."""
    indexes = [index_of(found, digest) for digest, content in found.documents.items() if content.media_type in INDEXES]
    return [child.digest for index in indexes for child in index.manifests if child.digest not in found.inventory.blobs]


def test_every_row_of_the_index_has_a_test_here() -> None:
    section = corpus("INDEX.md").read_text(encoding="utf-8").split("\n## archives\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z0-9][\w.-]*) \|", section, flags=re.MULTILINE)
    assert set(rows) - {"id"} == COVERED
    assert {path.name for path in corpus("archives").iterdir()} == COVERED


def test_archive_of_dockers_containerd_store_is_read(form: str, tmp_path: Path) -> None:
    found = read(form, tmp_path, "zarf-docker-containerd-store", "docker-containerd-image-store")
    assert (found.inventory.format, found.inventory.problems) == ("oci-layout", ())
    (image,) = found.inventory.images
    assert image.names == ("docker.io/library/hello-world:linux",)
    children = index_of(found, image.digest).manifests
    assert (len(children), sum(child.is_attestation for child in children)) == (20, 10)
    assert not any(child.platform and child.platform.os == "windows" for child in children)
    assert len(absent_children(found)) == 19
    (usable,) = [child for child in children if child.digest in found.documents]
    assert str(usable.platform) == "linux/amd64"


def test_hello_world_of_docker_25_is_read() -> None:
    found = read_archive(corpus("archives", "ggcr-tarballs", "hello-world-v25.tar"))
    assert found.inventory.problems == ()
    assert [(image.names, image.derived) for image in found.inventory.images] == [((), True)]


def test_null_manifest_is_an_error() -> None:
    found = read_archive(corpus("archives", "ggcr-tarballs", "null_manifest.tar"))
    assert (defects(found), found.inventory.images) == ({("manifest.json", "malformed")}, ())


def test_archive_with_repositories_only_is_an_error() -> None:
    found = read_archive(corpus("archives", "ggcr-tarballs", "no_manifest.tar"))
    assert (defects(found), found.inventory.images) == ({("repositories", "unsupported")}, ())


def test_layer_that_is_a_link_is_read() -> None:
    found = read_archive(corpus("archives", "ggcr-tarballs", "test_link.tar"))
    assert found.inventory.problems == ()
    assert [image.names[0].rpartition(":")[2] for image in found.inventory.images] == ["test_image_1", "test_image_3"]
    first, second = (parse_document(found.documents[image.digest].body) for image in found.inventory.images)
    assert isinstance(first, Manifest)
    assert isinstance(second, Manifest)
    assert second.layers[0] == first.layers[0]


def test_bundle_with_layer_sources_is_read() -> None:
    found = read_archive(corpus("archives", "ggcr-tarballs", "test_bundle.tar"))
    assert found.inventory.problems == ()
    assert [image.names for image in found.inventory.images] == [("test_image_2",), ("test_image_1",)]
    # The source says 165 bytes compressed; stored are the 10,240 that they expand to.
    assert {size for size in found.inventory.blobs.values() if size > 1000} == {10_240}


def test_layouts_of_ggcr_are_read(form: str, tmp_path: Path) -> None:
    whole = read(form, tmp_path, "ggcr-layouts", "test_index")
    # Docker's manifests under descriptors of OCI: `regctl image copy` refuses them ("unexpected media type").
    assert {defect for _, defect in defects(whole)} == {"media-type"}
    assert absent_children(whole) == []
    assert [image.names for image in whole.inventory.images] == [("1",), ("2",), ("3",), ("4",)]
    odd = read(form, tmp_path, "ggcr-layouts", "test_index_media_type")
    assert (len(odd.inventory.images), odd.inventory.problems) == (1, ())
    assert "application/vnd.cncf.helm.config.v1+json" in {content.media_type for content in odd.documents.values()}
    absent = read(form, tmp_path, "ggcr-layouts", "test_gc_image_unknown_mediatype")
    assert defects(absent) == {(blob(absent, "3258998570"), "missing")}
    one = read(form, tmp_path, "ggcr-layouts", "test_index_one_image")
    assert (len(one.inventory.images), one.inventory.problems, len(one.inventory.blobs)) == (1, (), 3)


def test_k0s_has_three_architectures_and_no_marker(form: str, tmp_path: Path) -> None:
    found = read(form, tmp_path, "k0s-layout", "oci-layout")
    assert defects(found) == {("oci-layout", "lax")}
    (image,) = found.inventory.images
    assert image.names == ("hello:1980",)
    assert {str(child.platform) for child in index_of(found, image.digest).manifests} == {
        "linux/arm/v7",
        "linux/amd64",
        "linux/arm64",
    }
    assert absent_children(found) == []


def test_tags_are_kept_and_a_wrong_config_size_is_reported(form: str, tmp_path: Path) -> None:
    found = read(form, tmp_path, "ci-multi-layout", "delete_image_multiple_images")
    (problem,) = found.inventory.problems
    assert (problem.entry, problem.defect.value) == (blob(found, "913cf3a3"), "size")
    assert "584" in problem.detail
    assert "585" in problem.detail
    names = sorted(name for image in found.inventory.images for name in image.names)
    assert names == ["1.0.0", "3", "3.16.7", "3.17.5", "3.18", "3.18.3", "latest"]
    assert (len(found.inventory.blobs), absent_children(found)) == (19, [])


def test_blob_outside_the_blobs_folder_is_reported(form: str, tmp_path: Path) -> None:
    found = read(form, tmp_path, "ci-multi-layout", "delete_image_shared_blobs_dir")
    assert defects(found) == {(blob(found, "eaa95f3c"), "missing")}


def test_two_missing_manifests_are_reported(form: str, tmp_path: Path) -> None:
    found = read(form, tmp_path, "ci-multi-layout", "two_images_manifest")
    absent = {(blob(found, "e692418e"), "missing"), (blob(found, "5b0bcabd"), "missing")}
    assert defects(found) == {*absent, ("oci-layout", "lax")}


def test_artifacts_of_oras_are_read(form: str, tmp_path: Path) -> None:
    images = read(form, tmp_path, "oras-zot-artifacts", "images")
    assert (len(images.inventory.images), images.inventory.problems, absent_children(images)) == (7, (), [])
    (empty,) = [image for image in images.inventory.images if image.names == ("empty_index",)]
    assert empty.digest.startswith("sha256:b2a5fcfb")
    assert index_of(images, empty.digest).manifests == ()
    artifacts = read(form, tmp_path, "oras-zot-artifacts", "artifacts")
    assert (len(artifacts.inventory.images), artifacts.inventory.problems, absent_children(artifacts)) == (20, (), [])
