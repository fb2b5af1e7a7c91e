"""Limits on hostile archives: bombs, many entries, deep nesting and endless headers end early."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.collectors.archives import expanding, read_archive
from auditor.oci.layouts.findings import MAX_PROBLEMS
from auditor.oci.tar import MAX_ENTRIES
from tests.collectors.archives.made import (
    INDEX,
    LINUX,
    defects,
    docker,
    gzipped,
    image_files,
    index_layout,
    layout,
    read,
    tar,
    zstded,
)
from tests.peers.images import Blob, build_image, build_index


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_bombs_end_at_the_limit(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "GRACE", 4 << 20)
    monkeypatch.setattr(expanding, "RATIO", 100)
    head = bytearray(tar({"big": b""})[:512])
    head[124:136] = b"77777777777\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    zeros = bytes(64 << 20)
    data = gzipped(bytes(head) + zeros) if kind == "gzip" else zstded(bytes(head) + zeros)
    assert ("", "limit") in defects(read(tmp_path, data))
    layer = gzipped(zeros) if kind == "gzip" else zstded(zeros)
    inner = docker("a:1", stored={"x/layer.tar": layer}, plain=[zeros])
    assert defects(read(tmp_path, tar(inner))) == {("x/layer.tar", "limit")}


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
@pytest.mark.parametrize("outer", ["plain", "gzip", "zstd"])
def test_a_layer_of_zeros_that_compresses_1000_to_1_is_valid(tmp_path: Path, kind: str, outer: str) -> None:
    zeros = tar({"swap": bytes(300 << 20)})
    layer = gzipped(zeros) if kind == "gzip" else zstded(zeros)
    assert len(zeros) > 900 * len(layer)
    pack = {"plain": bytes, "gzip": gzipped, "zstd": zstded}[outer]
    found = read(tmp_path, pack(tar(docker("a:1", stored={"x/layer.tar": layer}, plain=[zeros]))))
    assert defects(found) == set()
    assert len(found.inventory.images) == 1
    image = build_image("linux/amd64", Blob(layer, f"application/vnd.oci.image.layer.v1.tar+{kind}"))
    found = read(tmp_path, pack(tar(layout((image.manifest, {}), files=image_files(image)))))
    assert defects(found) == set()
    assert len(found.inventory.images) == 1


def test_an_archive_that_is_cut_at_the_limit_is_not_called_truncated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "GRACE", 4 << 20)
    monkeypatch.setattr(expanding, "RATIO", 100)
    found = read(tmp_path, gzipped(tar({"big": bytes(64 << 20), **docker("a:1")})))
    assert "truncated" not in {defect for _, defect in defects(found)}
    assert ("", "limit") in defects(found)


def test_a_zstd_bomb_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.zst"
    rle = struct.pack("<I", (1 << 1) | (128 * 1024 << 3))[:3] + b"\0"  # a block that says 128 KiB of zeros, not the last
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00\x58" + rle * 200_000)
    code = (
        "import sys; from pathlib import Path; from auditor.collectors.archives import expanding, read_archive\n"
        "expanding.GRACE = 4 << 30\n"
        "found = read_archive(Path(sys.argv[1])); print([p.defect.value for p in found.inventory.problems])\n"
        # ru_maxrss would count what this process had before it started the other
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, check=True)
    told, peak = done.stdout.splitlines()
    assert told == "['limit']"
    assert int(peak) < 400 * 1024


def test_a_huge_extended_header_is_not_read(tmp_path: Path) -> None:
    head = bytearray(tar({"x": b""})[:512])
    head[156:157] = b"x"
    head[124:136] = b"77777777777\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    path = tmp_path / "pax.tar"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(9 << 30)
    assert defects(read_archive(path)) == {("", "limit")}


def test_many_entries_are_quick_and_too_many_are_a_problem(tmp_path: Path) -> None:
    header = tar({"x": b""})[:512]
    path = tmp_path / "many.tar"
    body = tar(index_layout())
    end = len(body.rstrip(b"\0")) + -len(body.rstrip(b"\0")) % 512
    path.write_bytes(body[:end] + header * 100_000 + bytes(1024))
    start = time.perf_counter()
    found = read_archive(path)
    assert time.perf_counter() - start < 20
    assert (found.inventory.problems, found.inventory.entries) == ((), 100_000 + len(index_layout()))
    path.write_bytes(header * (MAX_ENTRIES + 1) + bytes(1024))
    assert ("", "limit") in defects(read_archive(path))


def test_problems_are_listed_up_to_a_bound(tmp_path: Path) -> None:
    bad = {f"blobs/sha256/{n:064x}": b"" for n in range(MAX_PROBLEMS + 500)}
    problems = read(tmp_path, tar({**index_layout(), **bad})).inventory.problems
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].detail.startswith("500 more problems")


def test_indexes_nested_too_deep(tmp_path: Path) -> None:
    blobs, inner = [], Blob(INDEX.index.body, INDEX.index.media_type)
    for number in range(12):
        blobs.append(inner)
        inner = build_index(entries=(inner.descriptor(),), note=str(number)).index
    files = layout((inner, {}), files={f"blobs/sha256/{blob.digest[7:]}": blob.body for blob in blobs})
    assert (f"blobs/sha256/{inner.digest[7:]}", "limit") in defects(read(tmp_path, tar(files)))


def test_many_roots_over_one_large_index_end(tmp_path: Path) -> None:
    """Ten thousand indexes share a child of ten thousand entries: a hundred million paths to a config."""
    absent = [{"mediaType": LINUX.manifest.media_type, "digest": f"sha256:{n:064x}", "size": 1} for n in range(10_000)]
    large = build_index(entries=tuple(absent)).index
    roots = [build_index(entries=(large.descriptor(),), note=str(n)).index for n in range(2000)]
    files = layout(*((root, {}) for root in roots), files={f"blobs/sha256/{large.digest[7:]}": large.body})
    item = {"Config": f"blobs/sha256/{LINUX.config.digest[7:]}", "RepoTags": ["a:1"], "Layers": []}
    files |= {**image_files(LINUX), "manifest.json": json.dumps([item]).encode()}
    start = time.perf_counter()
    assert ("index.json", "limit") in defects(read(tmp_path, tar(files)))
    assert time.perf_counter() - start < 20
