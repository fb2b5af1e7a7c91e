"""Which hosts stay reachable, and what a URL would dial."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.transfer.network import Dial, dial_of, is_reachable


@pytest.mark.parametrize(
    ("url", "dial"),
    [
        ("https://mcr.microsoft.com/v2/x", Dial("mcr.microsoft.com", 443, "https")),
        ("HTTP://Go.Microsoft.com./fwlink/?linkid=1", Dial("go.microsoft.com", 80, "http")),
        ("https://registry.plant7.local:5000/x", Dial("registry.plant7.local", 5000, "https")),
        ("https://[fd00::7]:8443/x", Dial("fd00::7", 8443, "https")),
        ("https://inside.local@mcr.microsoft.com/x", Dial("mcr.microsoft.com", 443, "https")),
        ("https://user:secret@10.0.0.7/x", Dial("10.0.0.7", 443, "https")),
        ("https://./x", Dial(".", 443, "https")),
    ],
)
def test_a_url_dials_its_host_and_port(url: str, dial: Dial) -> None:
    assert dial_of(url) == dial


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/x",
        "file:///etc/passwd",
        "/v2/x",
        "mcr.microsoft.com/x",
        "https://[::1",
        "https://host:port/",
        "https:///x",
    ],
)
def test_what_no_runtime_fetches_dials_nothing(url: str) -> None:
    assert dial_of(url) is None


@pytest.mark.parametrize(
    ("host", "pattern", "reachable"),
    [
        ("registry.plant7.local", "*.plant7.local", True),
        ("REGISTRY.plant7.LOCAL", "*.Plant7.local", True),
        ("plant7.local", "*.plant7.local", False),
        ("plant7.local.evil.example", "*.plant7.local", False),
        ("mcr.microsoft.com", "mcr.microsoft.com", True),
        ("mcr.microsoft.com.evil.example", "mcr.microsoft.com", False),
        ("10.20.30.40", "10.0.0.0/8", True),
        ("10.20.30.40", "10.20.30.40", True),
        ("10.20.30.40", "10.20.30.1/24", True),
        ("11.0.0.1", "10.0.0.0/8", False),
        ("ten.plant7.local", "10.0.0.0/8", False),
        ("fd00::7", "fd00::/8", True),
        ("fd00:0:0::7", "fd00::7", True),
        ("fd00::7", "[fd00::7]", True),
        ("fe80::1", "fd00::/8", False),
        ("10.0.0.7", "fd00::/8", False),
        ("", "10.0.0.0/8", False),
    ],
)
def test_globs_and_networks_cover_hosts(host: str, pattern: str, reachable: bool) -> None:
    assert is_reachable(host, (pattern,)) is reachable
    assert is_reachable(host, ("nothing.example", pattern)) is reachable


def test_nothing_is_reachable_unless_the_plan_says_so() -> None:
    assert not is_reachable("localhost", ())


@given(url=st.one_of(st.text(max_size=60), st.text("htps:/@[]:.0x%\\?#", max_size=40)), pattern=st.text(max_size=20))
def test_hostile_urls_and_patterns_never_raise(url: str, pattern: str) -> None:
    dial = dial_of(url)
    if dial is not None:
        assert dial.host
        assert 0 < dial.port < 65536
        assert dial.scheme in {"http", "https"}
        is_reachable(dial.host, (pattern,))
