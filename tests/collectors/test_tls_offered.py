"""What a TLS server offers, with real servers that offer little, much, or nothing."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.collectors.tls import observe_offered
from auditor.evidence.model import Failed, Kind, Observation, Seen, TlsOffered
from auditor.testing.certificates import SERVER, hierarchy
from tests.peers.programs import require
from tests.peers.tls import free_port, listening, nginx_server, openssl_server, python_server

MADE = hierarchy(leaf=replace(SERVER, key_kind="rsa"))
CHAIN, KEY = MADE.leaf.pem, MADE.leaf.key_pem
OLD = ("TLSv1", "TLSv1.1")
EVERYTHING = "ALL:@SECLEVEL=0"


def seen(observed: Observation[TlsOffered]) -> TlsOffered:
    assert isinstance(observed, Seen), observed
    return observed.value


def failed(observed: Observation[TlsOffered]) -> tuple[Kind, str]:
    assert isinstance(observed, Failed), observed
    return observed.kind, observed.detail


@pytest.mark.peer
@pytest.mark.parametrize(
    ("protocols", "versions"),
    [
        ("TLSv1.2", ("TLSv1.2",)),
        ("TLSv1.3", ("TLSv1.3",)),
        ("TLSv1.2 TLSv1.3", ("TLSv1.2", "TLSv1.3")),
        ("TLSv1 TLSv1.1", OLD),
        ("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", (*OLD, "TLSv1.2", "TLSv1.3")),
    ],
)
def test_nginx_offers_its_configured_versions(protocols: str, versions: tuple[str, ...], tmp_path: Path) -> None:
    with nginx_server(require("nginx"), tmp_path, CHAIN, KEY, protocols, EVERYTHING) as port:
        observed = observe_offered("localhost", port)
    assert seen(observed).versions == versions
    assert isinstance(observed, Seen)
    assert observed.source == f"tls://localhost:{port}"


@pytest.mark.peer
def test_all_ciphers_are_found_in_the_servers_order(tmp_path: Path) -> None:
    names = ("AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305", "AES256-GCM-SHA384")
    with nginx_server(require("nginx"), tmp_path, CHAIN, KEY, "TLSv1.2 TLSv1.3", ":".join(names)) as port:
        offered = seen(observe_offered("127.0.0.1", port))
    assert offered.ciphers == ("TLS_AES_256_GCM_SHA384", *names)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("options", "versions", "cipher"),
    [
        (("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), ("TLSv1.3",), "TLS_CHACHA20_POLY1305_SHA256"),
        (("-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0"), ("TLSv1.1",), "AES128-SHA"),
        (("-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"), ("TLSv1",), "AES128-SHA"),
        (("-tls1_2", "-cipher", "AES128-SHA256"), ("TLSv1.2",), "AES128-SHA256"),
    ],
)
def test_openssl_offers_one_thing(options: tuple[str, ...], versions: tuple[str, ...], cipher: str, tmp_path: Path) -> None:
    with openssl_server(require("openssl"), tmp_path, CHAIN, KEY, *options) as port:
        assert seen(observe_offered("127.0.0.1", port)) == TlsOffered(versions, (cipher,))


@pytest.mark.peer
def test_every_openssl_cipher_is_found_within_the_limit(tmp_path: Path) -> None:
    with openssl_server(require("openssl"), tmp_path, CHAIN, KEY, "-cipher", EVERYTHING) as port:
        offered = seen(observe_offered("127.0.0.1", port))
    assert offered.versions == (*OLD, "TLSv1.2", "TLSv1.3")
    assert {"ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-SHA"} <= set(offered.ciphers)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_server_that_requires_a_client_certificate_offers_its_version(version: str, tmp_path: Path) -> None:
    with python_server(tmp_path, CHAIN, KEY, ask=version) as port:
        offered = seen(observe_offered("127.0.0.1", port))
    assert offered.versions == (version.replace("_", "."),)
    assert offered.ciphers


def agrees(context: ssl.SSLContext, hello: bytes) -> bool:
    """Return whether a server with this context continues after a client's first message."""
    incoming = ssl.MemoryBIO()
    incoming.write(hello)
    try:
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()
    except ssl.SSLWantReadError:
        return True
    except ssl.SSLError:
        return False
    raise AssertionError("a handshake of one message")


@contextlib.contextmanager
def only_tls13(folder: Path, *, hangs_up: bool) -> Iterator[int]:
    """Run a server of TLS 1.3 that closes other connections silently, or stays silent."""
    (folder / "chain.pem").write_bytes(CHAIN)
    (folder / "key.pem").write_bytes(KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    done = threading.Event()

    def behave(connection: socket.socket) -> None:
        if agrees(context, connection.recv(4096, socket.MSG_PEEK)):
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(1)
        elif not hangs_up:
            done.wait(2)

    with listening(behave) as port:
        yield port
        done.set()


def test_closed_connection_is_a_refusal_if_another_version_was_accepted(tmp_path: Path) -> None:
    with only_tls13(tmp_path, hangs_up=True) as port:
        assert seen(observe_offered("127.0.0.1", port)).versions == ("TLSv1.3",)


def test_silence_is_not_a_refusal(tmp_path: Path) -> None:
    with only_tls13(tmp_path, hangs_up=False) as port:
        kind, detail = failed(observe_offered("127.0.0.1", port, timeout=0.5))
    assert (kind, "no answer in time" in detail) == (Kind.UNREACHABLE, True)


def test_alerts_to_every_version_are_not_an_outage() -> None:
    def alert(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x15\x03\x03\x00\x02\x02\x46")

    with listening(alert) as port:
        kind, detail = failed(observe_offered("127.0.0.1", port))
    assert kind is Kind.UNSUPPORTED
    assert "rejects everything that was offered" in detail


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(b"", Kind.UNREACHABLE), (b"HTTP/1.1 400 Bad Request\r\n\r\n", Kind.MALFORMED), (bytes(range(256)), Kind.MALFORMED)],
)
def test_server_without_tls_offers_nothing(answer: bytes, kind: Kind) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    with listening(behave) as port:
        assert failed(observe_offered("127.0.0.1", port))[0] is kind


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid", "nul\x00byte"])
def test_endpoint_without_a_server_is_unreachable(host: str) -> None:
    assert failed(observe_offered(host, free_port(), timeout=5))[0] is Kind.UNREACHABLE


def test_slow_server_hits_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in b"\x16\x03\x03\x3f\xff" + bytes(40):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with listening(drip) as port:
        assert failed(observe_offered("127.0.0.1", port, timeout=0.3))[0] is Kind.UNREACHABLE


def test_incomplete_cipher_list_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.collectors.tls.offered.MAX_CIPHERS", 2)
    with python_server(tmp_path, CHAIN, KEY) as port:
        offered = seen(observe_offered("127.0.0.1", port))
    assert set(offered.versions) >= {"TLSv1.2", "TLSv1.3"}
    assert offered.ciphers == ("TLS_AES_256_GCM_SHA384",)
