"""The storage that is estimated before a copy equals the size of copies by real tools, measured by `du -b`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.store import Store
from auditor.text import format_size
from tests.cli.runner import auditor
from tests.peers import sizes_copied
from tests.peers.images import BuiltImage, BuiltIndex
from tests.peers.registry import RunningRegistry, serve
from tests.peers.sizes_copied import CASES, LINUX, PLAN, Case, site_of

pytestmark = pytest.mark.peer
FAT32 = 2**32 - 1


@dataclass(frozen=True)
class Source:
    """A registry with all images, and where it stores them."""

    registry: RunningRegistry
    storage: Path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    folder = tmp_path_factory.mktemp("source")
    with serve(folder) as registry:
        sizes_copied.push(registry)
        yield Source(registry, folder / "storage")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_size_of_a_copy_is_as_estimated(source: Source, tmp_path: Path, case: Case) -> None:
    found = sizes_copied.weigh(case, source.registry, tmp_path)
    assert case.is_met(found), (found.off, found.estimate)
    assert case.guessed or abs(found.off) * 100 < found.measured


def test_registry_storage_is_as_estimated_plus_links(tmp_path: Path) -> None:
    with serve(tmp_path / "source") as registry:
        sizes_copied.push(registry)
        disk, links = sizes_copied.weigh_registry(registry, tmp_path / "source" / "storage", tmp_path)
    assert disk.off == links > 0
    assert disk.estimate.low == disk.estimate.high


@pytest.mark.parametrize(
    ("compressed", "unpacked", "certain"),
    [
        (1_400_000_000, 2**32 + 5_000_000, True),
        (1_700_000_000, 2**32 + 5_000_000, False),
        (3_600_000_000, 2 * 2**32 + 7, False),
    ],
)
def test_layer_over_four_gibibytes_with_a_wrapped_trailer_is_estimated(
    source: Source, tmp_path: Path, compressed: int, unpacked: int, certain: bool
) -> None:
    """The registry tells its last bytes; the layer lies on the disk as a file with a hole. Two lengths may be likely enough."""
    name = f"shop/huge{compressed}"
    sizes_copied.put_sparse(source.registry, source.storage, name, compressed, unpacked)
    with Store.memory() as store:
        storage = site_of(Case("skopeo", "docker-archive", (name,)), source.registry, tmp_path, store).storage
        archives, (node,), registry = storage.media, storage.nodes, storage.registry
    assert archives is not None
    for stage, least in ((archives, unpacked), (node, compressed + unpacked), (registry, compressed)):
        assert least < stage.bytes < least + 20_000
        assert stage.low <= stage.bytes <= stage.high
        assert (stage.low == stage.high) is (stage.estimated == 0) is (certain or stage is registry)


@pytest.mark.parametrize(("tool", "options", "found"), [("crane", "", False), ("skopeo", "docker-archive", True)])
def test_archive_too_large_for_the_medium_is_reported(
    source: Source, tmp_path: Path, tool: str, options: str, found: bool
) -> None:
    """The layer of 1.4 GB fits on FAT32, and so does an archive of it as it is; unpacked, it does not."""
    name = f"shop/stick-{tool}"
    sizes_copied.put_sparse(source.registry, source.storage, name, 1_400_000_000, 2**32 + 5_000_000)
    told = {"pools": f"  p: {{platform: '{LINUX}'}}\n", "images": f"{{ref: '{source.registry.host}/{name}:1'}}"}
    rest = {
        "tool": tool,
        "version": {"crane": "0.20.6", "skopeo": "1.9.3"}[tool],
        "options": f"'{options}'" if options else "",
        "host": source.registry.host,
    }
    (tmp_path / "plan.yaml").write_text(PLAN.format(**told, **rest))
    done = auditor("audit", "plan.yaml", "--only", "media-file-limit", "--format", "json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert [finding["facts"]["limit"] for finding in report["findings"]] == [FAT32] * found
    assert report["undetermined"] == []


def facts_of(name: str, platform: int, among: list[str]) -> tuple[int, int, int]:
    """Compressed, unpacked and shared bytes of one platform of an image among others, from what was built."""

    def blobs(image: BuiltImage) -> dict[str, int]:
        return {blob.digest: len(blob.body) for blob in (image.manifest, image.config, *image.layers)}

    everyone = [(other, number, image) for other in among for number, image in enumerate(children(other))]
    mine = next(image for other, number, image in everyone if (other, number) == (name, platform))
    others = {digest for other, number, image in everyone if (other, number) != (name, platform) for digest in blobs(image)}
    shared = sum(size for digest, size in blobs(mine).items() if digest in others)
    return sum(blobs(mine).values()), sum(len(gzip.decompress(layer.body)) for layer in mine.layers), shared


def children(name: str) -> tuple[BuiltImage, ...]:
    made = sizes_copied.images()[name]
    return made.children if isinstance(made, BuiltIndex) else (made,)


def inspected(folder: Path, what: str) -> tuple[dict[str, Any], str]:
    """What `inspect` says, as JSON and as text."""
    told = auditor("inspect", what, "--format", "json", cwd=folder)
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found, auditor("inspect", what, cwd=folder).stdout


def said(row: dict[str, Any]) -> tuple[int, int, int]:
    assert row["unpacked_by"] == "derived"
    return row["bytes"], row["unpacked_bytes"], row["shared_bytes"]


@pytest.mark.parametrize("name", sizes_copied.EVERY)
def test_inspect_shows_the_sizes_of_a_registry_image(source: Source, tmp_path: Path, name: str) -> None:
    found, text = inspected(tmp_path, f"{source.registry.host}/{name}:1")
    truth = [facts_of(name, number, [name]) for number in range(len(children(name)))]
    assert [said(row) for row in found["platforms"]] == truth
    assert all(format_size(count) in text for row in truth for count in row if count)
    alone = {blob.digest: len(blob.body) for image in children(name) for blob in (image.manifest, image.config, *image.layers)}
    assert f"{format_size(sum(alone.values()))} compressed, each blob once" in text


def test_inspect_shows_the_shared_bytes_of_a_layout(source: Source, tmp_path: Path) -> None:
    names = ["shop/web", *sizes_copied.INDEXES]  # not the one whose manifest skopeo rewrites
    case = Case("skopeo", "oci --all", tuple(names), sizes_copied.ALL, whole=True)
    sizes_copied.weigh(case, source.registry, tmp_path)
    found, text = inspected(tmp_path, "media/all")
    (archive,) = found["archives"]
    rows = {image["names"][0]: image["platforms"] for image in archive["images"]}
    for name in names:
        truth = [facts_of(name, number, names) for number in range(len(children(name)))]
        assert [said(row) for row in rows[f"{name.removeprefix('shop/')}:1"]] == truth
        assert all(format_size(count) in text for row in truth for count in row)
    assert rows["web:1"][0]["shared_with"] == ["job:1 linux/amd64", "bus:1 linux/amd64"]
    assert archive["bytes"] == sizes_copied.du(tmp_path / "media")
