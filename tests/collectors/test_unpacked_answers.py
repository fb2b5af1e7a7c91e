"""Range requests for unpacked sizes to a registry that misbehaves: wrong, slow, redirected and missing answers."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import httpx
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.registry.ranges import ByteRange, body_of, unsatisfiable
from auditor.collectors.registry.sender import Reply
from auditor.evidence.model import Kind
from tests.collectors.asking import LINUX, Waits, absence, failure, no_waiting
from tests.collectors.sized_layers import BASE, PLAIN, TOP, ZSTD_LAYER, Push, Sizes, gzip_layer, instead
from tests.peers.gateway import Fault, Handler, Sent, basic, serve_gateway
from tests.peers.images import Blob, build_image

pytestmark = pytest.mark.peer


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
