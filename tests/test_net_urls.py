"""URLs, authorities and addresses: one canonical form, and no error for any text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.net import (
    Reach,
    Remote,
    Scope,
    authority,
    canonical,
    fetch_remote,
    is_malformed,
    remote_of,
)


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("https://mcr.microsoft.com/v2/x", Remote("mcr.microsoft.com", 443, "https")),
        ("HTTP://Go.Microsoft.com./fwlink/?linkid=1", Remote("go.microsoft.com", 80, "http")),
        ("https://registry.plant7.local:5000/x", Remote("registry.plant7.local", 5000, "https")),
        ("https://[fd00::7]:8443/x", Remote("fd00::7", 8443, "https")),
        ("https://inside.local@mcr.microsoft.com/x", Remote("mcr.microsoft.com", 443, "https")),
        ("https://user:secret@10.0.0.7/x", Remote("10.0.0.7", 443, "https")),
        ("https://./x", Remote(".", 443, "https")),
    ],
)
def test_url_gives_host_port_and_scheme(url: str, remote: Remote) -> None:
    assert remote_of(url) == remote


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
def test_runtimes_connect_to_nothing_for_other_urls(url: str) -> None:
    assert remote_of(url) is None


def test_more_schemes_are_fetched_by_tools() -> None:
    assert fetch_remote("oci://ghcr.io/charts") == Remote("ghcr.io", 443, "https")
    assert fetch_remote("git@github.com:plant7/site.git") == Remote("github.com", 22, "ssh")
    assert fetch_remote("git+ssh://github.com/x") == Remote("github.com", 22, "ssh")


@pytest.mark.parametrize("url", ["file://server/share", "FILE:///roots", "\\\\server\\share"])
def test_file_shares_are_internal(url: str) -> None:
    assert Reach().of_url(url) is Scope.INTERNAL


@pytest.mark.parametrize(
    ("one", "other", "scheme"),
    [
        ("registry.example", "Registry.example:443", "https"),
        ("registry.example.", "registry.example:80", "http"),
        ("[FD00::7]:5000", "[fd00:0::7]:5000", "https"),
        ("fd00::7", "[fd00::7]:443", "https"),
        ("127.1:5000", "127.0.0.1:5000", "https"),
    ],
)
def test_authority_has_one_spelling(one: str, other: str, scheme: str) -> None:
    assert authority(one, scheme) == authority(other, scheme)


@given(
    url=st.one_of(st.text(max_size=60), st.text("htps:/@[]:.0x%\\?#", max_size=40)),
    pattern=st.one_of(st.text(max_size=20), st.text("[]*?!.:/0af", max_size=20)),
)
def test_hostile_urls_and_patterns_never_raise(url: str, pattern: str) -> None:
    reach = Reach((pattern,), (url[:30],))
    reach.of_url(url)
    assert reach.of(url) in Scope
    authority(url)
    if (remote := remote_of(url)) is not None:
        assert remote.host
        assert 0 < remote.port < 65536
        assert remote.scheme in {"http", "https"}
        assert not is_malformed(url)
        assert reach.of(remote.host) is reach.of(canonical(remote.host))


@given(st.one_of(st.text(max_size=40), st.text("abA.:[]%0123xfF\u3002\uff0e", max_size=30)))
@example("[[")
@example("[a:1]")
@example("a:1.")
@example("a :1")
@example("a. .")
def test_canonical_form_is_stable(host: str) -> None:
    assert canonical(canonical(host)) == canonical(host)
