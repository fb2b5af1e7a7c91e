"""Small rules of requests: challenges, addresses, routes, waits and texts."""

from __future__ import annotations

import datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.collect import wishes_of
from auditor.collectors.image_walk import WantedPlatform
from auditor.collectors.registry.addresses import Addresses
from auditor.collectors.registry.challenge import Challenge, may_follow, parse_challenges
from auditor.collectors.registry.failures import MAX_DETAIL, plain, shown
from auditor.collectors.registry.retries import Retries, retry_after
from auditor.net import is_loopback
from auditor.oci.reference import parse_reference
from auditor.plan.model import Program, Registry, SourceRegistry
from auditor.plan.rewrites import placed
from tests.collectors.asking import LINUX, PLACE, WIN, needs_of, plan_of

NOW = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", ()),
        ("Basic", (Challenge("basic"),)),
        ('Basic realm="a, b"', (Challenge("basic", "a, b"),)),
        (
            'Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull,push"',
            (Challenge("bearer", "https://auth.example/token", "r", "repository:a/b:pull,push"),),
        ),
        ('BEARER Realm = "x" , Service=y', (Challenge("bearer", "x", "y"),)),
        ('Basic realm="x", Bearer realm="y"', (Challenge("basic", "x"), Challenge("bearer", "y"))),
        ('Negotiate, Basic realm="q\\"uoted"', (Challenge("negotiate"), Challenge("basic", 'q"uoted'))),
        ('Bearer realm="a",realm="b"', (Challenge("bearer", "a"),)),
    ],
)
def test_challenges(header: str, found: tuple[Challenge, ...]) -> None:
    assert parse_challenges(header) == found


@given(st.text(max_size=300))
def test_any_header_is_read_in_bounded_time(header: str) -> None:
    assert len(parse_challenges(header)) <= len(header)


def test_a_huge_header_is_cut() -> None:
    assert len(parse_challenges("Basic, " * 100_000)) < 2000


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "registry.localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1.example", "localhost.example", "10.0.0.1", "x127.0.0.1", ""])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("asked", "named", "may"),
    [
        ("https://r.example", "https://auth.example/t", True),
        ("https://r.example", "http://auth.example/t", False),
        ("https://r.example", "http://127.0.0.1/t", False),
        ("https://r.example", "https://localhost/t", False),
        ("http://127.0.0.1:5000", "http://localhost:5001/t", True),
        ("http://127.0.0.1:5000", "http://r.example/t", False),
        ("https://r.example", "ftp://r.example/t", False),
        ("https://r.example", "/t", False),
    ],
)
def test_redirect_targets_that_a_server_may_name(asked: str, named: str, may: bool) -> None:
    assert may_follow(httpx.URL(asked), httpx.URL(named)) is may


def test_addresses() -> None:
    plan = plan_of(
        LINUX,
        files={"ca.pem": b"CA", "other.pem": b"OTHER"},
        registry=Registry("inside.example:5000", PLACE, ca="ca.pem"),
        sources=(
            SourceRegistry("lab.example", PLACE, insecure=True),
            SourceRegistry("127.0.0.1:5001", PLACE, ca="other.pem"),
            SourceRegistry("docker.io", PLACE, ca="other.pem"),
        ),
    )
    found = Addresses(plan)
    told = {name: found.of(name) for name in ("inside.example:5000", "lab.example", "127.0.0.1:5001", "docker.io", "quay.io")}
    assert [(at.scheme, at.host, at.ca) for at in told.values()] == [
        ("https", "inside.example:5000", b"CA"),
        ("http", "lab.example", b""),
        ("https", "127.0.0.1:5001", b"OTHER"),
        ("https", "registry-1.docker.io", b"OTHER"),
        ("https", "quay.io", b""),
    ]
    for name in ("localhost", "localhost:5000", "127.0.0.1", "[::1]:5000", "[::1]"):
        assert found.of(name).scheme == "http", name
        assert str(found.of(name).url("/v2/")) == f"http://{name}/v2/"


@pytest.mark.parametrize(
    ("reference", "route"),
    [
        ("busybox", ("mirror.example", "hub/library/busybox")),
        ("docker.io/rancher/pause:3", ("mirror.example", "rancher/pause")),
        ("quay.io/a/b", ("inside.example:5000", "a/b")),
        ("ghcr.io/org/app", ("inside.example:5000", "org/app")),
        ("ghcr.io/organic/app", ("inside.example:5000", "organic/app")),
    ],
)
def test_routes_on_the_internal_registry(reference: str, route: tuple[str, str]) -> None:
    rewrites = {
        "docker.io": "mirror.example/hub",
        "docker.io/rancher": "mirror.example/rancher",
        "ghcr.io/org": "inside.example:5000/org/",
    }
    plan = plan_of(LINUX, registry=Registry("inside.example:5000", PLACE, rewrites=rewrites))
    parsed = parse_reference(reference)
    assert plan.registry is not None
    inside = placed(plan.registry, parsed)
    assert (inside.domain, inside.path) == route
    assert (inside.tag, inside.digest) == (parsed.tag, parsed.digest)
    assert placed(plan.registry, inside) == inside or "mirror" in inside.domain, "what is inside already stays"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Mon, 23 Nov 2020 12:00:30 GMT", 0.0),
        ("-5", None),
        ("9" * 400, None),
        ("1e9", None),
        ("Mon, 99 Nov 2026 99:00:30 GMT", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_any_retry_after_is_read(header: str) -> None:
    assert (retry_after(header, NOW) or 0.0) >= 0.0


def test_waits_double_and_end() -> None:
    retries = Retries(random=lambda: 1.0)
    assert [retries.wait(attempt, {}, NOW) for attempt in range(1, 6)] == [0.5, 1.0, 2.0, 4.0, None]
    assert Retries(tries=99, random=lambda: 1.0).backoff(40) == 60.0
    assert [retries.wait(1, {"retry-after": text}, NOW) for text in ("60", "61")] == [60.0, None]


def test_addresses_are_shown_without_secrets() -> None:
    assert shown("https://me:secret@storage.example:8443/blob?X-Signature=secret#f") == "https://storage.example:8443/blob"


@given(st.text())
def test_external_text_becomes_one_printable_line(text: str) -> None:
    cleaned = plain(text)
    assert cleaned.isprintable()
    assert len(cleaned) <= MAX_DETAIL


def test_wishes() -> None:
    reference = parse_reference("busybox")
    strict = plan_of(WIN, LINUX, runtime=Program("containerd", "1.6.0"))
    windows, linux = (pool.platform for pool in strict.pools)
    assert wishes_of(strict, needs_of(strict, "busybox"))[reference] == (
        WantedPlatform(windows),
        WantedPlatform(windows, strict=True),
        WantedPlatform(linux),
    )
    loose = plan_of(WIN, WIN, runtime=Program("nobody-knows", "1"))
    assert wishes_of(loose, needs_of(loose, "busybox", host_process=True))[reference] == (
        WantedPlatform(windows, any_build=True),
    )
