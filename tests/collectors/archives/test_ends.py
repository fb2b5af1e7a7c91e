"""Sizes from the ends of layers, and sizes that archives state for their layers."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.archived import observe_archives
from auditor.collectors.archives.ends import HEAD, TAIL, by_ends, by_frame, by_trailer
from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from auditor.oci.tar import is_header
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from auditor.plan.model import CopyPlan
from tests.collectors.archives.made import (
    INDEX,
    LINUX,
    docker,
    gzipped,
    index_layout,
    inner_tar,
    read,
    sha256_hex,
    tar,
    written,
    zstded,
)
from tests.collectors.asking import LINUX as PLATFORM
from tests.collectors.asking import PLACE, plan_of

PLAIN = inner_tar("a layer")


def said(blob: bytes) -> UnpackedSeen:
    """Return the size that the ends of a blob state."""
    return by_ends(blob[:HEAD], blob[-TAIL:], len(blob))


def streamed(content: bytes) -> bytes:
    """Return zstd from a writer that did not know the total size."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("blob", "kind", "value"),
    [
        (gzip.compress(PLAIN), UnpackedKind.GZIP_TRAILER, len(PLAIN)),
        (gzipped(PLAIN, 2), UnpackedKind.GZIP_TRAILER, len(PLAIN) // 2),
        (zstded(PLAIN), UnpackedKind.ZSTD_FRAME, len(PLAIN)),
        (zstandard.ZstdCompressor().compress(b""), UnpackedKind.ZSTD_FRAME, 0),
        (PLAIN, UnpackedKind.PLAIN, len(PLAIN)),
        (bytes(1024), UnpackedKind.PLAIN, 1024),
    ],
)
def test_ends_of_a_layer_state_its_size(blob: bytes, kind: UnpackedKind, value: int) -> None:
    found = said(blob)
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (gzip.compress(PLAIN) + gzip.compress(b""), "empty gzip member"),
        (gzip.compress(PLAIN) + bytes(512), "padding"),
        (streamed(PLAIN * 500), "does not state its size"),
        (b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstded(PLAIN), "skippable"),
        (b"\x28\xb5\x2f\xfd", "cannot be read"),
        (b"\x28\xb5\x2f\xfd\xe0" + b"\xfe" * 8, "impossible size"),
        (b"\xfd7zXZ\0 xz", "neither gzip"),
        (b"\x1f\x8b\x08", "too short"),
        (b"", "neither gzip"),
    ],
)
def test_ends_of_a_layer_do_not_state_its_size(blob: bytes, why: str) -> None:
    found = said(blob)
    assert (found.kind, found.value) == (UnpackedKind.UNSAID, 0)
    assert why in found.detail


@given(st.binary(max_size=600), st.binary(max_size=8), st.integers(0, 2**63 - 1))
def test_any_bytes_give_a_size_or_a_reason(start: bytes, end: bytes, size: int) -> None:
    for prefix in (b"", b"\x28\xb5\x2f\xfd", b"\x1f\x8b"):
        found = by_ends((prefix + start)[:HEAD], end, size)
        assert 0 <= found.value <= 2**63 - 1
        assert bool(found.detail) is (found.kind in {UnpackedKind.UNSAID, UnpackedKind.PLAIN})
    assert by_frame(start).kind in {UnpackedKind.ZSTD_FRAME, UnpackedKind.UNSAID}
    assert by_trailer(end).kind in {UnpackedKind.GZIP_TRAILER, UnpackedKind.UNSAID}


def test_layout_layers_have_the_size_of_their_trailers(tmp_path: Path) -> None:
    for name, data in (
        ("folder", index_layout()),
        ("tar", tar(index_layout())),
        ("packed", gzip.compress(tar(index_layout()))),
    ):
        found = read(tmp_path, data, name).unpacked
        layers = [layer for image in INDEX.children for layer in image.layers]
        told = {layer.digest: UnpackedSeen(UnpackedKind.GZIP_TRAILER, len(gzip.decompress(layer.body))) for layer in layers}
        assert found == told, "documents say nothing, and nothing is missing"


def test_plain_layers_and_layers_that_had_to_be_expanded_are_exact(tmp_path: Path) -> None:
    one, two = inner_tar("one" * 400), inner_tar("two" * 300)
    stored = {"one/layer.tar": one, "two/layer.tar": gzip.compress(two)}
    found = read(tmp_path, tar(docker("app:1", stored=stored, plain=(one, two)))).unpacked
    assert is_header(one[:512])
    assert found[f"sha256:{sha256_hex(one)}"] == UnpackedSeen(UnpackedKind.PLAIN, len(one), "a plain tar")
    packed = stored["two/layer.tar"]
    assert found[f"sha256:{sha256_hex(packed)}"] == UnpackedSeen(UnpackedKind.EXPANDED, len(two))


def test_layer_with_a_wrong_digest_states_no_size(tmp_path: Path) -> None:
    files = index_layout()
    layer = LINUX.layers[0]
    files[f"blobs/sha256/{layer.digest.partition(':')[2]}"] = gzip.compress(b"another")
    assert layer.digest not in read(tmp_path, tar(files)).unpacked


def test_evidence_keeps_sizes_from_archives(tmp_path: Path) -> None:
    written(tmp_path, tar(index_layout()), "images.tar")
    plan = plan_of(PLATFORM, copy=CopyPlan(PLACE, archives=("images.tar",)))
    with Store.memory() as store:
        observe_archives(replace(plan, path=str(tmp_path / "plan.yaml")), store)
        layer = LINUX.layers[0]
        found = store.unpacked(layer.digest)
        assert isinstance(found, Seen)
        assert found.value == UnpackedSeen(UnpackedKind.GZIP_TRAILER, len(gzip.decompress(layer.body)))
        assert found.source == "images.tar"
