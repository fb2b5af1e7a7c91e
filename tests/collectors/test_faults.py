"""One fault at a time: the evidence names it, nothing hangs, nothing is lost, and retries fix temporary faults."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable

import pytest

from auditor.evidence.model import Kind, Seen
from auditor.evidence.store import Store
from auditor.oci.media_types import OCI_INDEX
from tests.collectors.asking import LINUX, WIN, Waits, absence, failure, gather, no_waiting, plan_of, tag_digest
from tests.peers.gateway import Fault, Gateway, Handler, Sent, serve_gateway
from tests.peers.images import Blob, BuiltIndex, build_image, build_index, digest_of, entry, to_bytes

pytestmark = pytest.mark.peer


def instead(status: int = 200, body: bytes = b"", **headers: str) -> Fault:
    """Send another answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _sent: handler.send(Sent(status, named, body))


def cut(handler: Handler, sent: Sent) -> None:
    """Lose the connection in the middle of the body."""
    handler.send(Sent(sent.status, sent.headers, sent.body, cut=len(sent.body) // 2))


def hang_up(handler: Handler, _sent: Sent) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def raw(data: bytes) -> Fault:
    """Send bytes that are not HTTP, or only the beginning of an answer."""

    def fault(handler: Handler, _sent: Sent) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return fault


def endless(handler: Handler, _sent: Sent) -> None:
    """A body that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(1000):
        handler.wfile.write(chunk)


def drip(handler: Handler, _sent: Sent) -> None:
    """Send one byte at a time, so that no read waits long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.05)


MENDED: dict[str, tuple[Fault, float | None]] = {
    "429": (instead(429, Retry_After="7"), 7.0),
    "429 until a date long ago": (instead(429, Retry_After="Mon, 01 Jan 2024 00:00:00 GMT"), 0.0),
    "500": (instead(500), None),
    "503": (instead(503, Retry_After="soon"), None),
    "cut": (cut, None),
    "hang up": (hang_up, None),
}


@pytest.mark.parametrize("name", MENDED)
def test_temporary_failure_is_retried(name: str, gateway: Gateway, shop: BuiltIndex) -> None:
    fault, wait = MENDED[name]
    gateway.inject("/manifests/1", fault)
    waits = Waits()
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **no_waiting(waits))
        assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
    assert (done.failures, done.requests) == (0, 3)
    assert waits.seconds == [0.375 if wait is None else wait]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (instead(500), Kind.UNREACHABLE, "status 500"),
        (
            instead(502, b'{"errors":[{"code":"UNKNOWN","message":"oh\\u001b[31m no"}]}'),
            Kind.UNREACHABLE,
            "UNKNOWN: oh [31m no",
        ),
        (instead(403, b'{"errors":[{"code":"DENIED"}]}'), Kind.DENIED, "status 403: DENIED"),
        (instead(401), Kind.DENIED, "status 401"),
        (instead(418), Kind.UNREACHABLE, "status 418"),
        (cut, Kind.UNREACHABLE, "5 tries"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Kind.UNREACHABLE, "HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000), Kind.UNREACHABLE, "headers of more than"),
        (raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), Kind.UNREACHABLE, "HTTP"),
        (endless, Kind.MALFORMED, "more than 4,194,304 bytes"),
        (instead(200, b"<html>login</html>"), Kind.MALFORMED, "HTML"),
        (instead(200, b"please log in", Content_Type="text/html; charset=utf-8"), Kind.MALFORMED, "HTML"),
        (instead(200, b'{"schemaVersion": 2, "manifests": [{"dig'), Kind.MALFORMED, "truncated"),
        (instead(200, b""), Kind.MALFORMED, "empty"),
        (instead(200, gzip.compress(b" " * 9_000_000), Content_Encoding="gzip"), Kind.MALFORMED, "compressed"),
        (instead(302, Location="http://169.254.169.254/latest"), Kind.DENIED, "redirect"),
        (instead(302, Location="file:///etc/passwd"), Kind.DENIED, "redirect"),
        (instead(302, Location="http://[::1"), Kind.MALFORMED, "redirect"),
        (instead(302, Location="http://xn--a/"), Kind.MALFORMED, "redirect"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_permanent_failure_is_evidence(fault: Fault, kind: Kind, words: str, gateway: Gateway) -> None:
    gateway.inject("/manifests/1", fault, times=99)
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        found, detail = failure(store.tag(f"{gateway.host}/shop/web:1"))
    assert (found, done.failures) == (kind, 1)
    assert words in detail
    assert detail.isprintable()
    assert len(gateway.log) <= 5


@pytest.mark.usefixtures("shop")
def test_retry_after_of_more_than_a_minute_is_not_waited_for(gateway: Gateway) -> None:
    gateway.inject("/manifests/1", instead(429, Retry_After="3600"), times=99)
    waits = Waits()
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **no_waiting(waits))
        assert failure(store.tag(f"{gateway.host}/shop/web:1")) == (Kind.UNREACHABLE, "status 429")
    assert waits.seconds == []


@pytest.mark.usefixtures("shop")
def test_a_slow_drip_is_cut_off(gateway: Gateway) -> None:
    gateway.inject("/manifests/1", drip, times=99)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **no_waiting(Waits(), tries=2, timeout=0.1))
        assert "took longer than" in failure(store.tag(f"{gateway.host}/shop/web:1"))[1]


def test_one_silent_time_out_ends_the_requests_to_a_host(gateway: Gateway, shop: BuiltIndex) -> None:
    gateway.inject(f"/manifests/{shop.children[0].digest}", lambda _handler, _sent: time.sleep(0.6))
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **no_waiting(Waits(), timeout=0.2))
        kind, detail = failure(store.content(f"{gateway.host}/shop/web", shop.children[0].digest))
    assert (kind, detail, done.failures) == (Kind.UNREACHABLE, "no answer within 0.2 s", 1)


def test_wrong_bytes_for_a_digest_are_malformed(gateway: Gateway, shop: BuiltIndex) -> None:
    child = shop.children[0].digest
    gateway.inject(f"/manifests/{child}", instead(200, b'{"schemaVersion":2}'), times=99)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        kind, detail = failure(store.content(f"{gateway.host}/shop/web", child))
    assert kind is Kind.MALFORMED
    assert child in detail


HEADS: dict[str, Fault] = {
    "not allowed": instead(405),
    "without digest": instead(200, Content_Type=OCI_INDEX),
    "without size": lambda handler, sent: handler.send(Sent(200, {**sent.headers, "Content-Length": "none"})),
}


@pytest.mark.parametrize("name", HEADS)
def test_incomplete_head_answer_is_followed_by_a_get(name: str, gateway: Gateway, shop: BuiltIndex) -> None:
    reference = f"{gateway.host}/shop/web:1"
    with Store.memory() as store:
        gather(store, plan_of(LINUX), reference)
        gateway.log.clear()
        gateway.inject("/manifests/1", HEADS[name])
        assert gather(store, plan_of(LINUX), reference).failures == 0
        assert tag_digest(store, reference) == shop.digest
    assert [one.method for one in gateway.log][:2] == ["HEAD", "GET" if name != "without size" else "HEAD"]


def test_failed_head_keeps_the_earlier_observation(gateway: Gateway, shop: BuiltIndex) -> None:
    reference = f"{gateway.host}/shop/web:1"
    with Store.memory() as store:
        gather(store, plan_of(LINUX), reference)
        gateway.inject("/manifests/1", hang_up, times=9)
        assert gather(store, plan_of(LINUX), reference).failures == 1
        assert tag_digest(store, reference) == shop.digest


def test_schema_1_manifest_is_stored_unchanged(hostile: Gateway) -> None:
    media_type = "application/vnd.docker.distribution.manifest.v1+json"
    body = to_bytes({"schemaVersion": 1, "name": "a/b", "tag": "1", "architecture": "amd64", "fsLayers": [], "history": []})
    _serves(hostile, "1", body, "application/json")
    _serves(hostile, "2", body, media_type)
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX), f"{hostile.host}/a/b:1", f"{hostile.host}/a/b:2").failures == 0
        seen = store.tag(f"{hostile.host}/a/b:2")
        assert isinstance(seen, Seen)
        assert seen.value.media_type == media_type
    assert len(hostile.log) == 2


def test_a_body_names_its_media_type_where_the_header_does_not(hostile: Gateway) -> None:
    image = build_image(LINUX, label="generic")
    _serves(hostile, "1", image.manifest.body, "application/octet-stream")
    hostile.answers[f"/v2/a/b/blobs/{image.config.digest}"] = Sent(body=image.config.body)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{hostile.host}/a/b:1")
        seen = store.tag(f"{hostile.host}/a/b:1")
        assert isinstance(seen, Seen)
        assert seen.value.media_type == image.manifest.media_type


def test_an_odd_document_that_the_registry_vouches_for_is_kept(hostile: Gateway) -> None:
    body = b'{"artifact": true}'
    hostile.answers["/v2/a/b/manifests/1"] = Sent(200, {"Docker-Content-Digest": digest_of(body)}, body)
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX), f"{hostile.host}/a/b:1").failures == 0
        assert tag_digest(store, f"{hostile.host}/a/b:1") == digest_of(body)


def test_404_without_registry_error_code_names_a_possible_proxy(hostile: Gateway) -> None:
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{hostile.host}/a/b:1")
        assert "without a registry error code" in absence(store.tag(f"{hostile.host}/a/b:1"))


def test_host_that_is_down_gets_no_request_per_image() -> None:
    with serve_gateway() as gone:
        pass
    waits = Waits()
    with Store.memory() as store:
        names = [f"{gone.host}/a/b:{number}" for number in range(50)]
        done = gather(store, plan_of(LINUX), *names, jobs=2, **no_waiting(waits))
        assert {failure(store.tag(name))[0] for name in names} == {Kind.UNREACHABLE}
    assert (done.failures, done.requests) == (50, 5)
    assert waits.seconds == sorted(waits.seconds)


@pytest.mark.usefixtures("shop")
def test_redirects_on_the_same_host_are_bounded(gateway: Gateway, shop: BuiltIndex) -> None:
    gateway.inject("/manifests/1", instead(307, Location="/v2/shop/web/manifests/1?hop=1"))
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        seen = store.tag(f"{gateway.host}/shop/web:1")
        assert isinstance(seen, Seen)
        assert (seen.value.digest, seen.source) == (shop.digest, f"http://{gateway.host}/v2/shop/web/manifests/1")
    gateway.inject("/manifests/2", instead(307, Location="/v2/shop/web/manifests/2"), times=99)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:2")
        assert failure(store.tag(f"{gateway.host}/shop/web:2")) == (Kind.MALFORMED, "more than 5 redirects")
    assert len(gateway.asked("/manifests/2")) == 6


def _serves(hostile: Gateway, path: str, body: bytes, media_type: str = OCI_INDEX) -> str:
    hostile.answers[f"/v2/a/b/manifests/{path}"] = Sent(200, {"Content-Type": media_type}, body)
    return digest_of(body)


def _made_up(number: int, **more: object) -> dict[str, object]:
    return {"mediaType": OCI_INDEX, "digest": digest_of(str(number).encode()), "size": 1, **more}


def test_index_of_ten_thousand_entries_costs_few_requests(hostile: Gateway) -> None:
    wanted = build_image(LINUX, label="needle")
    arm = {"platform": {"os": "linux", "architecture": "arm64"}, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    entries = (*(_made_up(number, **arm) for number in range(9_999)), entry(wanted))
    _serves(hostile, "1", build_index(entries=entries).index.body)
    _serves(hostile, wanted.digest, wanted.manifest.body, wanted.manifest.media_type)
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX, WIN), f"{hostile.host}/a/b:1").requests == 2


def test_index_with_too_many_entries_is_malformed(hostile: Gateway) -> None:
    _serves(hostile, "1", build_index(entries=tuple(_made_up(number) for number in range(10_001))).index.body)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{hostile.host}/a/b:1")
        assert "10,001 entries" in failure(store.tag(f"{hostile.host}/a/b:1"))[1]


Make = Callable[[Gateway], None]


def _itself(hostile: Gateway) -> None:
    """Serve an index as its own entry: the bytes cannot match the digest."""
    body = build_index(entries=(_made_up(1),)).index.body
    _serves(hostile, "1", body)
    _serves(hostile, digest_of(b"1"), body)


def _deep(hostile: Gateway) -> None:
    """Serve a chain of indexes beyond the depth limit."""
    blob = Blob(to_bytes({"schemaVersion": 2, "manifests": []}), OCI_INDEX)
    for _ in range(12):
        _serves(hostile, blob.digest, blob.body)
        blob = build_index(entries=(blob.descriptor(), blob.descriptor())).index
    _serves(hostile, "1", blob.body)


def _wide(hostile: Gateway) -> None:
    """Serve hundreds of nested indexes, and hundreds of entries without a platform."""
    entries = [_made_up(number) for number in range(300)]
    entries += [_made_up(1000 + number, mediaType="application/vnd.oci.image.manifest.v1+json") for number in range(300)]
    _serves(hostile, "1", build_index(entries=tuple(entries)).index.body)


def _no_digests(hostile: Gateway) -> None:
    """Serve entries with invalid digests, one of them very long."""
    entries = ({**_made_up(1), "digest": "%s", "mediaType": ""}, {**_made_up(2), "digest": "x" * 5000, "mediaType": ""})
    _serves(hostile, "1", build_index(entries=entries).index.body)


def _odd_configs(hostile: Gateway) -> None:
    """Serve entries without a platform: manifests with an absent or invalid config, and no manifest at all."""
    bad, gone = build_image(LINUX, label="bad"), build_image(LINUX, label="gone")
    bad_config = Blob(b"not json", bad.config.media_type)
    manifest = json.loads(bad.manifest.body) | {"config": bad_config.descriptor()}
    blobs = (Blob(to_bytes(manifest), bad.manifest.media_type), gone.manifest, Blob(b"[]", bad.manifest.media_type))
    for blob in blobs:
        _serves(hostile, blob.digest, blob.body, blob.media_type)
    hostile.answers[f"/v2/a/b/blobs/{bad_config.digest}"] = Sent(body=bad_config.body)
    _serves(hostile, "1", build_index(entries=tuple(blob.descriptor() for blob in blobs)).index.body)


@pytest.mark.parametrize("make", [_itself, _deep, _wide, _no_digests, _odd_configs])
def test_hostile_indexes_are_bounded(make: Make, hostile: Gateway) -> None:
    make(hostile)
    started = time.monotonic()
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX, WIN), f"{hostile.host}/a/b:1")
        assert isinstance(store.tag(f"{hostile.host}/a/b:1"), Seen)
    assert len({one.path for one in hostile.log}) == len(hostile.log), "something was asked twice"
    assert done.failures or make is _deep
    assert done.requests <= 1 + 64 + 64 + 2
    assert time.monotonic() - started < 5
