"""Unpacked sizes with one range request per layer: from a real registry, from a misbehaving one, and never twice."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.registry.ranges import ByteRange, body_of, unsatisfiable
from auditor.collectors.registry.sender import Reply
from auditor.evidence.model import Kind, Place, Seen
from auditor.evidence.store import Store
from auditor.oci.document import Descriptor
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from auditor.plan.model import CopyPlan, Pool, Registry
from auditor.sizing.piece_size import Provenance
from auditor.sizing.unpacked_estimates import resolve_unpacked
from tests.collectors.asking import LINUX, PLACE, WIN, Waits, absence, failure, gather, no_waiting, plan_of
from tests.peers.gateway import Fault, Gateway, Handler, Sent, basic, serve_gateway
from tests.peers.images import LAYER, Blob, BuiltImage, build_image, build_index, tar_of
from tests.peers.registry import RunningRegistry

pytestmark = pytest.mark.peer
ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
PLAIN = tar_of("content " * 500)
GIB = 2**30


def gzip_layer(text: str, media_type: str = LAYER) -> Blob:
    return Blob(gzip.compress(tar_of(text), mtime=0), media_type)


BASE, TOP = gzip_layer("base " * 900), gzip_layer("top " * 300)


@dataclass(frozen=True)
class Sizes:
    """A collection through a gateway, and its result."""

    gateway: Gateway
    store: Store

    def gather(self, *names: str, platform: str = LINUX, **more: Any) -> int:
        """Collect images with the sizes of their layers. Return the number of failures."""
        plan = more.pop("plan", plan_of(platform))
        names = tuple(f"{self.gateway.host}/sizes/{name}" for name in names)
        return gather(self.store, plan, *names, **{"unpacked": True, **more}).failures

    def seen(self, layer: Blob) -> UnpackedSeen:
        """Return the observed size of a layer."""
        found = self.store.unpacked(layer.digest)
        assert isinstance(found, Seen), found
        return found.value

    @property
    def parts(self) -> list[str]:
        """The requested ranges, in order."""
        return [one.part for one in self.gateway.log if one.part]


@pytest.fixture
def sizes(gateway: Gateway) -> Iterator[Sizes]:
    with Store.memory() as store:
        yield Sizes(gateway, store)


@pytest.fixture(scope="session")
def pushed(registry: RunningRegistry) -> Callable[[str, BuiltImage], None]:
    """Push an image under `sizes/NAME`."""

    def push(name: str, image: BuiltImage) -> None:
        repository, _, tag = name.partition(":")
        with registry.uploader() as uploader:
            uploader.image(f"sizes/{repository}", image)
            uploader.index(f"sizes/{repository}", build_index(image), tag)

    push("web:1", build_image(LINUX, BASE, TOP, label="sizes"))
    return push


Push = Callable[[str, BuiltImage], None]


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


def instead(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Send another answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _sent: handler.send(Sent(status, named, body))


def whole(handler: Handler, _sent: Sent) -> None:
    """Send the blob from its beginning, up to an endless size."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    for sent in range(100):
        handler.wfile.write(bytes(1_000_000))
        handler.gateway.answers["/sent"] = Sent(sent)  # how far it got


LAST = len(BASE.body) - 1
GOOD = f"bytes {LAST - 7}-{LAST}/{LAST + 1}"


@pytest.mark.usefixtures("pushed")
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (instead(206, b"12345678"), Kind.MALFORMED, "is missing or unreadable"),
        (instead(206, b"12345678", Content_Range="bytes 0-7/9"), Kind.MALFORMED, "received bytes 0-7/9"),
        (instead(206, b"12345678", Content_Range=GOOD + "9"), Kind.MALFORMED, "its manifest states"),
        (instead(206, b"1234567", Content_Range=GOOD), Kind.MALFORMED, "7 bytes for"),
        (instead(206, b"x" * 5000, Content_Range=GOOD), Kind.MALFORMED, "more than 8 bytes"),
        (instead(206, b"12345678", Content_Range="bytes one to eight"), Kind.MALFORMED, "Content-Range"),
        (instead(416, Content_Range="bytes */7"), Kind.MALFORMED, "the blob has 7 bytes"),
        (instead(416), Kind.UNSUPPORTED, "status 416"),
        (instead(403, b'{"errors":[{"code":"DENIED"}]}'), Kind.DENIED, "DENIED"),
        (instead(500), Kind.UNREACHABLE, "status 500"),
        (instead(204), Kind.UNREACHABLE, "status 204"),
        (instead(302, Location="http://169.254.169.254/latest"), Kind.DENIED, "redirect"),
        (instead(206, b"12345678", Content_Range=GOOD, Content_Encoding="gzip"), Kind.MALFORMED, "compressed"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_answer_without_the_range_is_evidence(fault: Fault, kind: Kind, words: str, sizes: Sizes) -> None:
    sizes.gateway.inject(BASE.digest, fault, times=99)
    failures = sizes.gather("web:1")
    found, detail = failure(sizes.store.unpacked(BASE.digest))
    assert (found, failures) == (kind, int(kind is not Kind.UNSUPPORTED))
    assert words in detail
    assert detail.isprintable()
    assert sizes.seen(TOP), "another layer is still requested"
    sizes.gateway.log.clear()
    sizes.gather("web:1")
    assert sizes.parts, "what failed is asked again by the next collection"


@pytest.mark.usefixtures("pushed")
def test_missing_layer_is_absent(sizes: Sizes) -> None:
    sizes.gateway.inject(BASE.digest, instead(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}'), times=99)
    assert sizes.gather("web:1") == 1
    assert absence(sizes.store.unpacked(BASE.digest)) == "BLOB_UNKNOWN"


def test_registry_without_ranges_is_stopped_early_and_gets_no_more_requests(sizes: Sizes, pushed: Push) -> None:
    layers = [gzip_layer(f"layer {number}") for number in range(30)]
    pushed("many:1", build_image(LINUX, *layers))
    sizes.gateway.inject("/blobs/sha256:", whole, times=99)
    assert sizes.gather("many:1") == 0, "it did answer, in its way"
    assert len(sizes.parts) == 1
    for layer in layers:
        assert failure(sizes.store.unpacked(layer.digest))[0] is Kind.UNSUPPORTED
    sent = sizes.gateway.answers.get("/sent")
    assert sent is None or sent.status < 50, "most of the blob was never sent"


@pytest.mark.usefixtures("pushed")
def test_small_blob_may_be_sent_whole(sizes: Sizes, pushed: Push) -> None:
    blob = Blob(zstandard.ZstdCompressor().compress(PLAIN), ZSTD_LAYER)
    assert len(blob.body) < 512
    pushed("small:1", build_image(LINUX, blob))
    sizes.gateway.inject(blob.digest, instead(200, blob.body))
    sizes.gather("small:1")
    assert sizes.seen(blob).value == len(PLAIN)


@pytest.mark.usefixtures("pushed")
def test_a_redirect_keeps_the_range_and_loses_the_login(sizes: Sizes, tmp_path: Path) -> None:
    from tests.collectors.test_auth import PLANTED, login

    with serve_gateway(sizes.gateway.host) as storage:
        where = f"http://{storage.host}/v2/sizes/web/blobs/{BASE.digest}?X-Amz-Signature=secret"
        redirect = instead(307, Location=where)
        sizes.gateway.challenge = 'Basic realm="x"'
        allowed = {basic("robot", PLANTED)}
        sizes.gateway.tokens = allowed

        def away(handler: Handler, sent: Sent) -> None:
            sizes.gateway.tokens = None  # the storage requires no login
            redirect(handler, sent)

        sizes.gateway.inject(BASE.digest, away)
        assert sizes.gather("web:1", jobs=1, **login(tmp_path, sizes.gateway.host)) == 0
        assert [(one.authorization, one.part) for one in storage.log] == [("", f"bytes={LAST - 7}-{LAST}")]
    assert sizes.seen(BASE).value == len(gzip.decompress(BASE.body))
    found = sizes.store.unpacked(BASE.digest)
    assert "secret" not in repr(found)


@pytest.mark.usefixtures("pushed")
def test_a_slow_answer_is_cut_off(sizes: Sizes) -> None:
    def drip(handler: Handler, _sent: Sent) -> None:
        handler.wfile.write(f"HTTP/1.1 206 Partial\r\nContent-Length: 8\r\nContent-Range: {GOOD}\r\n\r\n".encode())
        for _ in range(8):
            handler.wfile.write(b"1")
            time.sleep(0.1)

    sizes.gateway.inject(BASE.digest, drip, times=99)
    sizes.gather("web:1", **no_waiting(Waits(), tries=2, timeout=0.11))
    assert "took longer" in failure(sizes.store.unpacked(BASE.digest))[1]


@pytest.mark.usefixtures("pushed")
def test_temporary_failure_is_retried(sizes: Sizes) -> None:
    sizes.gateway.inject(BASE.digest, instead(503))
    assert sizes.gather("web:1") == 0
    assert sizes.seen(BASE)


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


HEADERS = st.one_of(
    st.just(""),
    st.text(max_size=40),
    st.builds(lambda a, b, c: f"bytes {a}-{b}/{c}", st.integers(0, 30), st.integers(0, 30), st.integers(0, 30) | st.just("*")),
    st.builds(lambda size: f"bytes */{size}", st.integers(0, 10**30)),
)


@given(st.sampled_from([200, 206, 416]), HEADERS, st.binary(max_size=30), st.booleans(), st.integers(0, 9), st.integers(0, 9))
def test_wrong_range_is_never_accepted(status: int, header: str, body: bytes, is_cut: bool, first: int, length: int) -> None:
    part = ByteRange(first, first + length, 20)
    headers = [(b"content-range", header.encode("utf-8", "replace"))]
    reply = Reply(httpx.URL("http://x"), status, httpx.Headers(headers), body, is_cut)
    if status == 416:
        assert unsatisfiable(reply, part).kind in {Kind.MALFORMED, Kind.UNSUPPORTED}
        return
    try:
        found = body_of(reply, part)
    except Unanswered as error:
        assert error.detail
        return
    assert found == body
    assert len(found) == part.length
    assert not is_cut
    assert first == 0 or header.startswith(f"bytes {first}-{first + length}/")
