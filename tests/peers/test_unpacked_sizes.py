"""Images copied by skopeo and unpacked on disk: the sizes at the ends of their layers equal those of `du`."""

from __future__ import annotations

import gzip
import random
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import zstandard

from auditor.evidence.model import Place, Seen
from auditor.evidence.store import Store
from auditor.oci.document import Manifest, parse_document
from auditor.plan.model import CopyPlan
from auditor.sizing.piece_size import PieceSize, Provenance
from auditor.sizing.unpacked_estimates import resolve_unpacked
from tests.collectors.asking import LINUX, PLACE, gather, plan_of, tag_digest
from tests.peers.images import LAYER, Blob, build_image, tar_of, with_diff_ids
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry, serve

pytestmark = pytest.mark.peer
NOISE = random.Random(3).randbytes(100_000).hex()
TARS = [tar_of("base of the image " * 40_000), tar_of(NOISE), tar_of("an application " * 900), tar_of("x")]


@dataclass(frozen=True)
class Copied:
    """An image in a registry, and a folder for copies of it."""

    registry: RunningRegistry
    folder: Path

    def named(self, name: str) -> str:
        """An image of the registry."""
        return f"{self.registry.host}/real/{name}:1"

    def skopeo(self, source: str, target: str, *options: str) -> None:
        """Copy an image."""
        words = ["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", *options]
        command = [require("skopeo"), *words, source, target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copied]:
    image = with_diff_ids(build_image(LINUX, *(Blob(gzip.compress(body, mtime=0), LAYER) for body in TARS)), TARS)
    with serve(tmp_path / "registry") as registry:
        with registry.uploader() as uploader:
            uploader.image("real/web", image, "1")
        yield Copied(registry, tmp_path)


def resolved(store: Store, digest: str) -> list[PieceSize]:
    """The unpacked sizes of the layers of a manifest."""
    content = store.content("", digest)
    assert isinstance(content, Seen)
    manifest = parse_document(content.value.body)
    assert isinstance(manifest, Manifest)
    seen = [store.unpacked(layer.digest) for layer in manifest.layers]
    told = [one.value if isinstance(one, Seen) else None for one in seen]
    return [resolve_unpacked(layer, "linux", one) for layer, one in zip(manifest.layers, told, strict=True)]


def of_archive(copied: Copied, name: str) -> list[PieceSize]:
    """The same of the one image in an archive."""
    plan = replace(plan_of(LINUX, copy=CopyPlan(PLACE, archives=(name,))), path=str(copied.folder / "plan.yaml"))
    with Store.memory() as store:
        assert gather(store, plan, places=frozenset({Place.ARCHIVES})).failures == 0
        (archive,) = store.archives().values()
        assert isinstance(archive, Seen)
        (image,) = archive.value.inventory.images
        return resolved(store, image.digest)


def du(path: Path) -> int:
    """The bytes of a file, by `du -b`."""
    done = subprocess.run(["du", "-b", str(path)], capture_output=True, text=True, timeout=20, check=True)
    return int(done.stdout.split()[0])


def measured(folder: Path) -> list[int]:
    """What the blobs below a folder unpack to on this disk, in no order."""
    sizes = []
    for blob in sorted(path for path in folder.rglob("*") if path.is_file()):
        start, unpacked = blob.read_bytes()[:2], folder / "unpacked"
        with blob.open("rb") as packed, unpacked.open("wb") as out:
            if start == b"\x1f\x8b":
                subprocess.run(["gzip", "-dc"], stdin=packed, stdout=out, timeout=20, check=True)
            elif start == b"\x28\xb5":
                zstandard.ZstdDecompressor().copy_stream(packed, out)
        if start in {b"\x1f\x8b", b"\x28\xb5"}:
            sizes.append(du(unpacked))
        unpacked.unlink()
    return sorted(sizes)


@pytest.mark.parametrize("transport", ["oci:{}:1", "dir:{}"])
def test_unpacked_size_of_gzip_layers_is_exact(transport: str, copied: Copied) -> None:
    target = copied.folder / "media"
    copied.skopeo(f"docker://{copied.named('web')}", transport.format(target))
    sizes = of_archive(copied, "media")
    assert {size.provenance for size in sizes} == {Provenance.DERIVED}
    assert sorted(size.bytes for size in sizes) == measured(target) == sorted(map(len, TARS))


def test_unpacked_size_of_plain_layers_is_exact(copied: Copied) -> None:
    copied.skopeo(f"docker://{copied.named('web')}", f"docker-archive:{copied.folder}/web.tar:web:1")
    sizes = of_archive(copied, "web.tar")
    with tarfile.open(copied.folder / "web.tar") as archive:
        stored = [member.size for member in archive if member.isfile() and member.name.endswith(".tar")]
    assert sorted(size.bytes for size in sizes) == sorted(stored) == sorted(map(len, TARS))
    assert {size.how for size in sizes} == {"not compressed"}


@pytest.mark.parametrize(("form", "words"), [("gzip", "gzip trailer"), ("zstd", "zstd frame")])
def test_unpacked_size_of_layers_compressed_by_skopeo_is_exact(form: str, words: str, copied: Copied) -> None:
    """It streams zstd, whose frames then name no size: these stay estimates."""
    plain = f"docker-archive:{copied.folder}/web.tar"
    copied.skopeo(f"docker://{copied.named('web')}", f"{plain}:web:1")
    with serve(copied.folder / "other") as other, Store.memory() as store:  # in the first, skopeo would use what is there
        packed = f"{other.host}/real/web:1"
        copied.skopeo(plain, f"docker://{packed}", "--dest-compress-format", form, "--format", "oci")
        copied.skopeo(f"docker://{packed}", f"dir:{copied.folder}/packed")
        assert gather(store, plan_of(LINUX), packed, unpacked=True).failures == 0
        sizes = resolved(store, tag_digest(store, packed))
    truth = [len(body) for body in TARS]
    assert measured(copied.folder / "packed") == sorted(truth)
    assert all(words in size.how for size in sizes)
    if form == "gzip":
        assert [(size.bytes, size.provenance) for size in sizes] == [(count, Provenance.DERIVED) for count in truth]
    else:
        assert {size.provenance for size in sizes} == {Provenance.ESTIMATED}
