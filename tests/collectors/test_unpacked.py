"""Unpacked sizes with one range request per layer: from a real registry, from a misbehaving one, and never twice."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from auditor.evidence.model import Place, Seen
from auditor.evidence.store import Store
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from auditor.plan.model import CopyPlan, Pool, Registry
from auditor.sizing.piece_size import Provenance
from auditor.sizing.unpacked_estimates import resolve_unpacked
from tests.collectors.asking import LINUX, PLACE, WIN, gather, plan_of
from tests.collectors.sized_layers import BASE, GIB, PLAIN, TOP, ZSTD_LAYER, Push, Sizes, gzip_layer, instead
from tests.peers.gateway import Fault, Gateway, Handler, Sent
from tests.peers.images import LAYER, Blob, build_image
from tests.peers.registry import RunningRegistry

pytestmark = pytest.mark.peer


def test_one_range_request_for_each_layer(sizes: Sizes, pushed: Push) -> None:
    pushed("api:1", build_image(LINUX, BASE, label="api"))
    assert sizes.gather("web:1", "api:1") == 0
    assert sizes.seen(BASE) == UnpackedSeen(UnpackedKind.GZIP_TRAILER, len(gzip.decompress(BASE.body)))
    assert sizes.seen(TOP) == UnpackedSeen(UnpackedKind.GZIP_TRAILER, len(gzip.decompress(TOP.body)))
    ends = sorted(f"bytes={len(layer.body) - 8}-{len(layer.body) - 1}" for layer in (BASE, TOP))
    assert sorted(sizes.parts) == ends, "shared by two images, and asked for once"
    found = sizes.store.unpacked(BASE.digest)
    assert isinstance(found, Seen)
    assert found.source.endswith(f"/blobs/{BASE.digest}")


def test_observed_layer_gets_no_further_request(sizes: Sizes, pushed: Push) -> None:
    pushed("late:1", build_image(LINUX, BASE, gzip_layer("late"), label="late"))
    sizes.gather("web:1")
    sizes.gateway.log.clear()
    sizes.gather("web:1", "late:1")
    assert len(sizes.parts) == 1, "only of the layer that is new"


@pytest.mark.usefixtures("pushed")
def test_sizes_are_requested_only_if_the_plan_has_a_disk(sizes: Sizes) -> None:
    sizes.gather("web:1", unpacked=False)
    assert sizes.parts == []
    pool = Pool("pool-0", plan_of(LINUX).pools[0].platform, PLACE, disk=10**9)
    sizes.gather("web:1", unpacked=False, plan=replace(plan_of(LINUX), pools=(pool,)))
    assert len(sizes.parts) == 2
    with Store.memory() as store:
        Sizes(sizes.gateway, store).gather("web:1", unpacked=False, plan=plan_of(LINUX, copy=CopyPlan(PLACE, staging=10**9)))
    assert len(sizes.parts) == 4


def test_media_type_selects_the_end_and_wrong_types_are_detected(sizes: Sizes, pushed: Push) -> None:
    zstd, noise = zstandard.ZstdCompressor().compress(PLAIN), random.Random(7).randbytes(9000)
    layers = {
        "zstd": Blob(zstd, ZSTD_LAYER),
        "gzip said to be zstd": Blob(gzip.compress(PLAIN + b"1", mtime=0), ZSTD_LAYER),
        "zstd said to be gzip": Blob(zstandard.ZstdCompressor(level=9).compress(PLAIN + noise), LAYER),
        "plain said to be gzip": Blob(PLAIN + bytes(512) + b"\xff" * 8, LAYER),
        "gzip of no type": Blob(gzip.compress(PLAIN + b"22", mtime=0), "application/octet-stream"),
        "xz": Blob(b"\xfd7zXZ\0" + bytes(99), "application/x-xz"),
        "plain": Blob(PLAIN, "application/vnd.oci.image.layer.v1.tar"),
        "several members": Blob(gzip.compress(noise, mtime=0) + gzip.compress(b"end", mtime=0), LAYER),
        "short": Blob(gzip.compress(b"", mtime=0)[:6], LAYER),
    }
    pushed("odd:1", build_image(LINUX, *layers.values()))
    assert sizes.gather("odd:1") == 0
    told = {name: sizes.seen(layer) for name, layer in layers.items() if name != "plain"}
    assert told.pop("several members") == UnpackedSeen(UnpackedKind.GZIP_TRAILER, 3)
    assert {name: (seen.kind.value, seen.value) for name, seen in told.items()} == {
        "zstd": ("zstd-frame", len(PLAIN)),
        "gzip said to be zstd": ("gzip-trailer", len(PLAIN) + 1),
        "zstd said to be gzip": ("zstd-frame", len(PLAIN) + 9000),
        "plain said to be gzip": ("plain", len(PLAIN) + 520),
        "gzip of no type": ("gzip-trailer", len(PLAIN) + 2),
        "xz": ("unsaid", 0),
        "short": ("unsaid", 0),
    }
    assert sizes.store.unpacked(layers["plain"].digest) is None, "its media type says enough"
    assert len(sizes.parts) == 14, "two where the type lies, says nothing, or the trailer cannot be; else one"


def test_layers_of_many_parts_get_no_request(sizes: Sizes, registry: RunningRegistry) -> None:
    image = build_image(LINUX, gzip_layer("stargz"))
    body = json.loads(image.manifest.body)
    body["layers"][0]["annotations"] = {"containerd.io/snapshot/stargz/toc.digest": "sha256:" + "1" * 64}
    manifest = Blob(json.dumps(body).encode(), image.manifest.media_type)
    with registry.uploader() as uploader:
        uploader.image("sizes/stargz", image)
        uploader.manifest("sizes/stargz", "1", manifest).raise_for_status()
    sizes.gather("stargz:1")
    assert sizes.parts == []


@pytest.mark.usefixtures("pushed")
def test_internal_registry_may_lack_a_layer_of_the_source(sizes: Sizes) -> None:
    """A layer is requested from the next place that has it."""
    host = sizes.gateway.host
    plan = plan_of(LINUX, registry=Registry(f"localhost:{host.partition(':')[2]}", PLACE))
    sizes.gateway.inject(BASE.digest, instead(404), times=2)  # its HEAD for presence, and its range
    sizes.gather("web:1", plan=plan, places=frozenset({Place.SOURCE, Place.TARGET}), jobs=1)
    assert sizes.seen(BASE)
    asked = [one for one in sizes.gateway.asked(BASE.digest, "GET") if one.part]
    assert len(asked) == 2


def sparse(path: Path, blob_size: int, tail: bytes) -> Fault:
    """Serve ranges of a sparse file of that size and end."""
    with path.open("wb") as file:
        file.truncate(blob_size)
        file.seek(blob_size - len(tail))
        file.write(tail)

    def serve(handler: Handler, _sent: Sent) -> None:
        first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
        handler.send(Sent(206, {"Content-Range": f"bytes {first}-{last}/{blob_size}"}, body))

    return serve


@pytest.mark.parametrize(
    ("platform", "size", "unpacked", "provenance"),
    [
        (WIN, 1_490_000_000, 5_200_000_000, Provenance.DERIVED),
        (LINUX, 2 * GIB, 4 * GIB, Provenance.ESTIMATED),
        (WIN, 5 * GIB, 14 * GIB, Provenance.ESTIMATED),
    ],
)
def test_a_layer_over_4_gib_wraps(
    platform: str, size: int, unpacked: int, provenance: Provenance, hostile: Gateway, tmp_path: Path
) -> None:
    image = build_image(platform, gzip_layer("huge"))
    body = json.loads(image.manifest.body)
    body["layers"][0] |= {"size": size, "digest": "sha256:" + "a" * 64}
    hostile.answers["/v2/huge/manifests/1"] = Sent(200, {"Content-Type": image.manifest.media_type}, json.dumps(body).encode())
    hostile.answers[f"/v2/huge/blobs/{image.config.digest}"] = Sent(200, {}, image.config.body)
    tail = b"\x01\x02\x03\x04" + (unpacked % 2**32).to_bytes(4, "little")
    hostile.inject("sha256:" + "a" * 64, sparse(tmp_path / "blob", size, tail), times=9)
    with Store.memory() as store:
        assert gather(store, plan_of(platform), f"{hostile.host}/huge:1", unpacked=True).failures == 0
        found = store.unpacked("sha256:" + "a" * 64)
    assert isinstance(found, Seen)
    assert found.value.value == unpacked % 2**32
    layer = Descriptor("sha256:" + "a" * 64, size, LAYER)
    resolved = resolve_unpacked(layer, platform.partition("/")[0], found.value)
    assert (resolved.bytes, resolved.provenance) == (unpacked, provenance)
    assert (tmp_path / "blob").stat().st_blocks * 512 < 10**6, "no gigabyte was written for this"
