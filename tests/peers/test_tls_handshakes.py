"""What real servers accept and ask for in handshakes: `openssl s_server` and nginx, over TLS 1.2 and TLS 1.3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.collectors.tls import observe_chain, observe_handshakes
from auditor.evidence.model import ClientAuth, Handshakes, Seen
from auditor.testing.certificates import SERVER, hierarchy
from tests.peers.programs import require
from tests.peers.tls import free_port, openssl_server, running

pytestmark = pytest.mark.peer
MADE = hierarchy(leaf=replace(SERVER, key_kind="rsa"))
CHAIN, KEY = MADE.leaf.pem + MADE.issuing.pem, MADE.leaf.key_pem


def served(folder: Path, *options: str) -> Handshakes:
    (folder / "ca.pem").write_bytes(MADE.root.pem)
    with openssl_server(require("openssl"), folder, CHAIN, KEY, *options) as port:
        return observe_handshakes("localhost", port)


@contextmanager
def nginx(folder: Path, settings: str) -> Iterator[int]:
    port = free_port()
    for name, data in (("chain.pem", CHAIN), ("server.key", KEY), ("ca.pem", MADE.root.pem)):
        (folder / name).write_bytes(data)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; server {{ listen 127.0.0.1:{port} ssl;\n"
        f"  ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/server.key; {settings} }} }}\n"
    )
    with running([require("nginx"), "-c", folder / "nginx.conf", "-p", folder, "-e", "stderr"], port):
        yield port


@pytest.mark.parametrize(
    ("options", "suites", "groups"),
    [
        (("-tls1_2", "-cipher", "AES128-GCM-SHA256"), ("TLS_RSA_WITH_AES_128_GCM_SHA256",), ()),
        (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"), ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",), ("x25519",)),
        (("-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"), ("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",), ()),
    ],
)
def test_suites_and_groups_of_tls_1_2_are_found(
    options: tuple[str, ...], suites: tuple[str, ...], groups: tuple[str, ...], tmp_path: Path
) -> None:
    found = served(tmp_path, *options, "-curves", "X25519")
    assert (found.old_suites, found.new_suites, found.old_groups) == (suites, (), groups)
    assert (found.all_old_suites, found.all_new_suites, found.all_old_groups) == (True, True, True)


def test_suites_and_groups_of_tls_1_3_are_found(tmp_path: Path) -> None:
    found = served(
        tmp_path, "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384", "-curves", "P-521:X448"
    )
    assert set(found.new_suites) == {"TLS_AES_128_CCM_SHA256", "TLS_AES_256_GCM_SHA384"}
    assert set(found.new_groups) == {"secp521r1", "x448"}
    assert (found.all_new_suites, found.all_new_groups, found.old_suites) == (True, True, ())


@pytest.mark.parametrize(
    ("version", "refusal"), [("-tls1_2", "handshake failure"), ("-tls1_3", "tlsv13 alert certificate required")]
)
def test_openssl_that_demands_a_client_certificate_refuses(version: str, refusal: str, tmp_path: Path) -> None:
    found = served(tmp_path, version, "-Verify", "1", "-CAfile", str(tmp_path / "ca.pem"))
    assert found.client_auth is ClientAuth.REQUIRED
    assert refusal in found.refusal
    assert found.authorities == ("CN=Corp Root",)


def test_openssl_that_asks_without_insisting_is_optional(tmp_path: Path) -> None:
    assert served(tmp_path, "-verify", "1", "-CAfile", str(tmp_path / "ca.pem"), "-www").client_auth is ClientAuth.OPTIONAL


def test_server_that_asks_for_nothing_has_no_demand(tmp_path: Path) -> None:
    assert served(tmp_path).client_auth is ClientAuth.NONE


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize(
    ("verify", "auth"),
    [
        ("ssl_verify_client on; return 200;", ClientAuth.REQUIRED),
        ("ssl_verify_client optional; return 200;", ClientAuth.OPTIONAL),
        ("ssl_verify_client optional_no_ca; return 401;", ClientAuth.OPTIONAL),
        ("ssl_verify_client optional; return 403;", ClientAuth.ASKED),
        ("ssl_verify_client off; return 403;", ClientAuth.NONE),
    ],
)
def test_nginx_demands_as_it_is_configured(protocols: str, verify: str, auth: ClientAuth, tmp_path: Path) -> None:
    settings = f"ssl_protocols {protocols}; ssl_client_certificate {tmp_path}/ca.pem; {verify}"
    with nginx(tmp_path, settings) as port:
        found = observe_handshakes("localhost", port)
    assert found.client_auth is auth
    if auth is ClientAuth.REQUIRED:
        assert found.refusal == "HTTP 400: No required SSL certificate was sent"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_stapled_response_is_observed(version: str, tmp_path: Path) -> None:
    (tmp_path / "staple.der").write_bytes(b"\x30\x03\x0a\x01\x06")
    found = served(tmp_path, version, "-status_file", str(tmp_path / "staple.der"))
    assert (found.staple, found.staple_known) == (b"\x30\x03\x0a\x01\x06", True)


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
def test_response_that_nginx_staples_is_observed(protocols: str, tmp_path: Path) -> None:
    (tmp_path / "staple.der").write_bytes(b"\x30\x03\x0a\x01\x06")
    settings = f"ssl_protocols {protocols}; ssl_stapling on; ssl_stapling_file {tmp_path}/staple.der; return 200;"
    with nginx(tmp_path, settings) as port:
        assert observe_handshakes("localhost", port).staple == b"\x30\x03\x0a\x01\x06"


@pytest.mark.parametrize("kind", ["p192", "p224", "secp256k1", "brainpool"])
def test_chain_with_an_unusual_key_is_captured(kind: str, tmp_path: Path) -> None:
    made = hierarchy(leaf=replace(SERVER, key_kind=kind, key_name=kind))
    options = ("-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-curves", "P-192:P-224:secp256k1:brainpoolP256r1:P-256")
    with openssl_server(require("openssl"), tmp_path, made.leaf.pem, made.leaf.key_pem, *options) as port:
        observed = observe_chain("localhost", port)
    assert isinstance(observed, Seen), observed
    assert observed.value.certificates[0] == made.leaf.certificate.der
