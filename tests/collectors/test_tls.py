"""The TLS collector against real servers, good and bad."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collectors.tls import observe_chain
from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Seen
from auditor.pki.certificate import parse_certificate
from auditor.testing.certificates import CA, HOST, SERVER, hierarchy, make
from tests.peers.programs import require
from tests.peers.tls import free_port, listening, openssl_server, python_server

MADE = hierarchy(leaf=replace(SERVER, key_kind="rsa"), issuing=replace(CA, key_kind="rsa"))
CHAIN = MADE.leaf.pem + MADE.issuing.pem
EXPECTED = (MADE.leaf.certificate.der, MADE.issuing.certificate.der)


def seen(observed: Observation[ChainSeen]) -> ChainSeen:
    assert isinstance(observed, Seen), observed
    return observed.value


def failed(observed: Observation[ChainSeen]) -> Failed:
    assert isinstance(observed, Failed), observed
    return observed


def test_chain_is_observed_as_served(tmp_path: Path) -> None:
    names: list[str | None] = []
    with python_server(tmp_path, CHAIN, MADE.leaf.key_pem, names=names) as port:
        observed = observe_chain("localhost", port)
    chain = seen(observed)
    assert chain.certificates == EXPECTED
    assert chain.protocol == "TLSv1.3"
    assert isinstance(observed, Seen)
    assert observed.source == f"tls://localhost:{port}"
    assert observed.at.utcoffset() is not None
    assert names == ["localhost"]


def test_an_address_sends_no_name(tmp_path: Path) -> None:
    names: list[str | None] = []
    with python_server(tmp_path, CHAIN, MADE.leaf.key_pem, names=names) as port:
        assert seen(observe_chain("127.0.0.1", port)).certificates == EXPECTED
    assert names == [None]


def test_ipv6_endpoint_is_observed(tmp_path: Path) -> None:
    try:
        with python_server(tmp_path, CHAIN, MADE.leaf.key_pem, address="::1") as port:
            observed = observe_chain("::1", port)
    except OSError:
        pytest.skip("no IPv6 on loopback")
    assert isinstance(observed, Seen)
    assert observed.source == f"tls://[::1]:{port}"


@pytest.mark.parametrize("certificates", [MADE.leaf.pem, MADE.leaf.pem + MADE.issuing.pem + MADE.root.pem])
def test_chain_is_stored_without_additions_or_omissions(tmp_path: Path, certificates: bytes) -> None:
    with python_server(tmp_path, certificates, MADE.leaf.key_pem) as port:
        assert len(seen(observe_chain("127.0.0.1", port)).certificates) == certificates.count(b"BEGIN")


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_server_that_requires_a_client_certificate_is_observed(tmp_path: Path, version: str) -> None:
    with python_server(tmp_path, CHAIN, MADE.leaf.key_pem, ask=version) as port:
        assert seen(observe_chain("127.0.0.1", port)).certificates == EXPECTED


@pytest.mark.peer
@pytest.mark.parametrize(("option", "protocol"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_openssl_serves_it(tmp_path: Path, option: str, protocol: str) -> None:
    with openssl_server(require("openssl"), tmp_path, CHAIN, MADE.leaf.key_pem, option) as port:
        chain = seen(observe_chain("127.0.0.1", port))
    assert chain.certificates[0] == EXPECTED[0]
    assert set(EXPECTED) == set(chain.certificates)
    assert chain.protocol == protocol


@pytest.mark.peer
@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_old_protocols_are_observed(tmp_path: Path, option: str) -> None:
    with openssl_server(require("openssl"), tmp_path, CHAIN, MADE.leaf.key_pem, option, "-cipher", "ALL:@SECLEVEL=0") as port:
        assert seen(observe_chain("127.0.0.1", port)).protocol in {"TLSv1", "TLSv1.1"}


@pytest.mark.peer
def test_weak_keys_are_observed(tmp_path: Path) -> None:
    weak = hierarchy(leaf=replace(SERVER, key_kind="rsa1024", key_name="weak"))
    with openssl_server(require("openssl"), tmp_path, weak.leaf.pem, weak.leaf.key_pem, "-cipher", "ALL:@SECLEVEL=0") as port:
        (der, *_) = seen(observe_chain("127.0.0.1", port)).certificates
    assert parse_certificate(der).key_size == 1024


@pytest.mark.peer
def test_a_server_without_a_certificate_is_malformed_or_refused(tmp_path: Path) -> None:
    options = ("-nocert", "-cipher", "aNULL:@SECLEVEL=0", "-tls1_2")
    with openssl_server(require("openssl"), tmp_path, CHAIN, MADE.leaf.key_pem, *options) as port:
        found = failed(observe_chain("127.0.0.1", port))
    assert found.kind is Kind.MALFORMED
    assert "no certificate" in found.detail


def test_closed_port_is_unreachable() -> None:
    port = free_port()
    found = failed(observe_chain("127.0.0.1", port))
    assert found.kind is Kind.UNREACHABLE
    assert found.detail == f"127.0.0.1:{port}: Connection refused"


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example", "nul\x00byte", "é" * 80])
def test_a_name_that_cannot_be_resolved_is_unreachable(host: str) -> None:
    assert failed(observe_chain(host, 443, timeout=5)).kind is Kind.UNREACHABLE


def test_invalid_port_is_unreachable() -> None:
    assert failed(observe_chain("127.0.0.1", 70_000)).kind is Kind.UNREACHABLE


def test_plain_http_server_is_not_tls() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with listening(answer) as port:
        found = failed(observe_chain("127.0.0.1", port))
    assert found.kind is Kind.MALFORMED
    assert "not answer with TLS" in found.detail


def test_a_server_that_hangs_up_is_unreachable() -> None:
    with listening(lambda _: None) as port:
        found = failed(observe_chain("127.0.0.1", port))
    assert found.kind is Kind.UNREACHABLE
    assert "closed the connection" in found.detail


def test_a_server_that_resets_is_unreachable() -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with listening(reset) as port:
        assert failed(observe_chain("127.0.0.1", port)).kind is Kind.UNREACHABLE


def test_a_tls_alert_is_unreachable() -> None:
    def alert(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
        connection.recv(4096)

    with listening(alert) as port:
        found = failed(observe_chain("127.0.0.1", port))
    assert found.kind is Kind.UNREACHABLE
    assert "handshake failed" in found.detail


@pytest.mark.parametrize("drip", [b"", b"\x16"])
def test_stalling_or_slow_server_hits_the_deadline(drip: bytes) -> None:
    def stall(connection: socket.socket) -> None:
        header = b"\x16\x03\x03\x3f\xff"
        for number in range(30):
            if drip:
                connection.sendall(header[number : number + 1] or b"\x00")
            time.sleep(0.05)

    with listening(stall) as port:
        started = time.monotonic()
        found = failed(observe_chain("127.0.0.1", port, timeout=0.4))
        assert time.monotonic() - started < 1.5
    assert (found.kind, found.detail.endswith("no answer in time")) == (Kind.UNREACHABLE, True)


def test_zero_timeout_is_a_time_out() -> None:
    assert failed(observe_chain("127.0.0.1", free_port(), timeout=0)).detail.endswith("no answer in time")


def many(count: int) -> bytes:
    """Return a chain of this many unrelated certificates."""
    return b"".join(make(f"CA {number}", None, replace(CA, key_name="same")).pem for number in range(count))


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (lambda: MADE.leaf.pem + many(1_000), "larger than OpenSSL reads"),
        (lambda: make(HOST, MADE.issuing, replace(SERVER, key_kind="rsa", padding=1_000_000)).pem, "larger than OpenSSL reads"),
        (lambda: MADE.leaf.pem + many(80), "81 certificates, more than the limit of 64"),
    ],
    ids=["1,000 certificates", "1 MB", "81 certificates"],
)
def test_a_chain_without_end_is_malformed(chain: Callable[[], bytes], words: str, tmp_path: Path) -> None:
    with python_server(tmp_path, chain(), MADE.leaf.key_pem) as port:
        found = failed(observe_chain("127.0.0.1", port))
    assert found.kind is Kind.MALFORMED
    assert words in found.detail


@pytest.mark.parametrize("garbage", [b"\x00" * 5000, bytes(range(256)) * 20, b"\x16\x03\x03\x40\x00" + b"\x0b\xff" * 8192])
def test_garbage_is_malformed_or_refused(garbage: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(garbage)
        connection.recv(4096)

    with listening(behave) as port:
        assert failed(observe_chain("127.0.0.1", port)).kind in {Kind.MALFORMED, Kind.UNREACHABLE}


def test_arbitrary_bytes_never_raise() -> None:
    held = [b""]

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(held[0])

    with listening(behave) as port:

        @settings(max_examples=100, deadline=None)
        @given(st.binary(max_size=3000))
        def observed(answer: bytes) -> None:
            held[0] = answer
            failed(observe_chain("127.0.0.1", port, timeout=5))

        observed()
