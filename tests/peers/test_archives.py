"""Archives that crane and skopeo wrote from a real registry: read without a problem, and damage is reported."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.collectors.archives import ReadArchive, archives_in, read_archive
from auditor.oci.archive import ArchivedImage
from auditor.oci.document import Index, Manifest, parse_config, parse_document
from tests.peers.images import BuiltImage, build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry, serve

pytestmark = pytest.mark.peer


LINUX = real_image("linux/amd64", docker=True)
WINDOWS = real_image("windows/amd64:10.0.20348.2", docker=True)
MIXED = build_index(real_image("linux/amd64"), real_image("linux/arm64"), real_image("windows/amd64:10.0.20348.2"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A registry with a Linux image, a Windows image and an index."""
    with serve(tmp_path_factory.mktemp("registry")) as running:
        with running.uploader() as push:
            push.image("shop/linux", LINUX, "1")
            push.image("shop/windows", WINDOWS, "1")
            push.index("shop/mixed", MIXED, "1")
        yield running


def run(program: str, *words: object) -> None:
    done = subprocess.run([require(program), *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def skopeo(registry: RunningRegistry, image: str, target: str, *options: str) -> None:
    source = f"docker://{registry.host}/{image}"
    run("skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", *options, source, target)


def only(found: ReadArchive) -> ArchivedImage:
    assert found.inventory.problems == ()
    (image,) = found.inventory.images
    return image


def platform_of(found: ReadArchive, image: ArchivedImage) -> str:
    manifest = parse_document(found.documents[image.digest].body, image.media_type)
    assert isinstance(manifest, Manifest)
    assert {layer.digest: layer.size for layer in manifest.layers}.items() <= found.inventory.blobs.items()
    return str(parse_config(found.documents[manifest.config.digest].body).platform)


@pytest.mark.parametrize(("name", "built"), [("linux", LINUX), ("windows", WINDOWS)])
def test_tarball_of_crane_is_read(registry: RunningRegistry, tmp_path: Path, name: str, built: BuiltImage) -> None:
    reference = f"{registry.host}/shop/{name}:1"
    run("crane", "pull", "--insecure", f"--platform={built.platform}".split(":10")[0], reference, tmp_path / "x.tar")
    found = read_archive(tmp_path / "x.tar")
    image = only(found)
    assert (found.inventory.format, image.names, image.derived) == ("docker-archive", (reference,), True)
    assert platform_of(found, image) == str(built.platform)
    assert {layer.digest for layer in built.layers} <= found.inventory.blobs.keys()


def test_layout_of_crane_is_read(registry: RunningRegistry, tmp_path: Path) -> None:
    run("crane", "pull", "--insecure", "--format=oci", f"{registry.host}/shop/mixed:1", tmp_path / "store")
    assert archives_in(tmp_path) == [tmp_path / "store"]
    found = read_archive(tmp_path / "store")
    image = only(found)
    assert (found.inventory.format, image.digest) == ("oci-layout", MIXED.digest)
    index = parse_document(found.documents[image.digest].body)
    assert isinstance(index, Index)
    assert {child.digest for child in index.manifests} <= found.documents.keys()


def test_docker_archive_of_skopeo_is_read(registry: RunningRegistry, tmp_path: Path) -> None:
    skopeo(registry, "shop/linux:1", f"docker-archive:{tmp_path}/x.tar:registry.example.com/shop/linux:1")
    found = read_archive(tmp_path / "x.tar")
    image = only(found)
    assert (image.names, image.name_source) == (("registry.example.com/shop/linux:1",), "RepoTags")
    assert platform_of(found, image) == "linux/amd64"
    assert LINUX.config.digest in found.documents


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_layouts_of_skopeo_are_read(registry: RunningRegistry, tmp_path: Path, transport: str) -> None:
    skopeo(registry, "shop/mixed:1", f"{transport}:{tmp_path}/x:shop/mixed:1", "--all")
    found = read_archive(tmp_path / "x")
    image = only(found)
    assert (image.names, image.digest) == (("shop/mixed:1",), MIXED.digest)
    assert {child.digest for child in MIXED.children} <= found.documents.keys()


@pytest.mark.parametrize(("name", "digest", "options"), [("linux", LINUX.digest, ()), ("mixed", MIXED.digest, ("--all",))])
def test_dir_of_skopeo_is_read(
    registry: RunningRegistry, tmp_path: Path, name: str, digest: str, options: tuple[str, ...]
) -> None:
    skopeo(registry, f"shop/{name}:1", f"dir:{tmp_path}/x", *options)
    assert archives_in(tmp_path) == [tmp_path / "x"]
    found = read_archive(tmp_path / "x")
    assert (found.inventory.format, only(found).digest, only(found).names) == ("dir", digest, ())


def test_compressed_archive_equals_the_plain_archive(registry: RunningRegistry, tmp_path: Path) -> None:
    skopeo(registry, "shop/mixed:1", f"oci-archive:{tmp_path}/x.tar:shop/mixed:1", "--all")
    plain = read_archive(tmp_path / "x.tar")
    for program, ending in (("gzip", "gz"), ("zstd", "zst")):
        run(program, "-k", tmp_path / "x.tar")
        packed = read_archive(tmp_path / f"x.tar.{ending}")
        assert packed.documents == plain.documents
        assert (packed.inventory.images, packed.inventory.blobs) == (plain.inventory.images, plain.inventory.blobs)
        assert packed.inventory.problems == ()


def test_damage_to_real_archives_is_reported(registry: RunningRegistry, tmp_path: Path) -> None:
    skopeo(registry, "shop/mixed:1", f"oci-archive:{tmp_path}/x.tar:shop/mixed:1", "--all")
    run("crane", "pull", "--insecure", f"{registry.host}/shop/linux:1", tmp_path / "y.tar")
    chance = random.Random(7)
    for name in ("x.tar", "y.tar"):
        data = (tmp_path / name).read_bytes()
        whole = read_archive(tmp_path / name)
        content = len(data.rstrip(b"\0")) // 512 * 512
        for _ in range(40):
            (tmp_path / "cut").write_bytes(data[: chance.randrange(content)])
            assert read_archive(tmp_path / "cut").inventory.problems
            place = chance.randrange(content)
            (tmp_path / "bent").write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
            bent = read_archive(tmp_path / "bent")
            assert bent.inventory.problems or (bent.inventory.images, bent.documents) == (
                whole.inventory.images,
                whole.documents,
            )


def test_oras_layout_that_lists_every_manifest_is_read(registry: RunningRegistry, tmp_path: Path) -> None:
    run("oras", "cp", "--no-tty", "--from-plain-http", f"{registry.host}/shop/mixed:1", "--to-oci-layout", f"{tmp_path}/out:1")
    found = read_archive(tmp_path / "out")
    assert found.inventory.problems == ()
    named = [image for image in found.inventory.images if image.names]
    assert [image.digest for image in named] == [MIXED.digest]
    assert {image.digest for image in found.inventory.images} == {MIXED.digest, *(child.digest for child in MIXED.children)}
