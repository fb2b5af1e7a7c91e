"""Endpoints behind a proxy: a real one, with and without a login, and servers that are not proxies."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.collectors.tls import observe_chain, observe_offered
from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Seen
from auditor.testing.certificates import SERVER, hierarchy
from tests.peers.proxy import proxying
from tests.peers.tls import free_port, listening, python_server

MADE = hierarchy(leaf=replace(SERVER, key_kind="rsa"))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def failed(observed: Observation[ChainSeen]) -> tuple[Kind, str]:
    assert isinstance(observed, Failed), observed
    return observed.kind, observed.detail


@pytest.mark.peer
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_endpoint_is_observed_through_a_real_proxy(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str | None] = []
    with python_server(tmp_path, MADE.leaf.pem, MADE.leaf.key_pem, names=names) as port, proxying(tmp_path) as (proxy, log):
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}127.0.0.1:{proxy}")
        observed = observe_chain("localhost", port)
        assert isinstance(observed, Seen), observed
        assert observed.value.certificates == (MADE.leaf.certificate.der,)
        assert observed.source == f"tls://localhost:{port}"
        assert f"CONNECT localhost:{port}" in log.read_text()
        assert isinstance(observe_offered("localhost", port), Seen)
    assert set(names) == {"localhost"}


@pytest.mark.peer
def test_endpoint_without_proxy_gets_a_direct_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with python_server(tmp_path, MADE.leaf.pem, MADE.leaf.key_pem) as port, proxying(tmp_path) as (proxy, log):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        monkeypatch.setenv("NO_PROXY", "localhost")
        assert isinstance(observe_chain("localhost", port), Seen)
        assert "CONNECT localhost" not in log.read_text()


@pytest.mark.peer
def test_proxy_login_is_sent_only_to_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        python_server(tmp_path, MADE.leaf.pem, MADE.leaf.key_pem) as port,
        proxying(tmp_path, "BasicAuth robot pass-w0rd") as (proxy, _),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://robot:pass-w0rd@127.0.0.1:{proxy}")
        assert isinstance(observe_chain("localhost", port), Seen)
        monkeypatch.setenv("HTTPS_PROXY", f"http://robot:wrong-w0rd@127.0.0.1:{proxy}")
        kind, detail = failed(observe_chain("localhost", port))
    assert kind is Kind.DENIED
    assert f"the proxy http://127.0.0.1:{proxy}" in detail
    assert "w0rd" not in detail


@pytest.mark.peer
def test_endpoint_that_the_proxy_cannot_reach_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxying(tmp_path) as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        kind, detail = failed(observe_chain("localhost", free_port()))
    assert (kind, "refuses the connection: 500" in detail) == (Kind.UNREACHABLE, True)


@pytest.mark.peer
def test_a_proxy_may_forbid_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxying(tmp_path, "ConnectPort 443") as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        assert failed(observe_chain("localhost", 6443))[0] is Kind.DENIED


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"", Kind.MALFORMED, "not answer like a proxy"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Kind.MALFORMED, "not answer like a proxy"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, Kind.MALFORMED, "not answer like a proxy"),
        (b"HTTP/1.1 407 Login\x1b[31m\r\n\r\n", Kind.DENIED, "407 Login [31m"),
        (b"HTTP/1.1 200 Connection established\r\n\r\n", Kind.UNREACHABLE, "closed the connection"),
    ],
)
def test_misbehaving_proxy_is_a_failure(answer: bytes, kind: Kind, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def behave(connection: socket.socket) -> None:
        assert connection.recv(4096).startswith(b"CONNECT [2001:db8::7]:443 HTTP/1.1\r\nHost: [2001:db8::7]:443\r\n")
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass

    with listening(behave) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        found = failed(observe_chain("2001:db8::7", 443))
    assert found[0] is kind
    assert words in found[1]


@pytest.mark.parametrize(
    ("proxy", "kind"),
    [
        ("socks5://user:secret@127.0.0.1:1080", Kind.UNSUPPORTED),
        ("https://user:secret@127.0.0.1:3128", Kind.UNSUPPORTED),
        ("http://127.0.0.1:nonsense", Kind.UNSUPPORTED),
        ("http://", Kind.UNSUPPORTED),
        ("http://xn--a:3128", Kind.UNSUPPORTED),
        ("http://user:secret@127.0.0.1:1", Kind.UNREACHABLE),
    ],
)
def test_server_that_is_not_a_proxy_is_a_failure(proxy: str, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    found = failed(observe_chain("registry.plant7.local", 443))
    assert found[0] is kind
    assert "secret" not in found[1]


def test_silent_proxy_hits_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with listening(silent) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        kind, detail = failed(observe_chain("registry.plant7.local", 443, timeout=0.3))
    assert (kind, "timed out" in detail) == (Kind.UNREACHABLE, True)
