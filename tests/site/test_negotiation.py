"""Versions, suites and groups that clients and endpoints have in common, by version, Windows build and dump of a node."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from auditor.evidence.model import Handshakes
from auditor.pki.client_offers import offers_of
from auditor.pki.clients import client_models
from auditor.pki.stores.node_state import NodeState
from auditor.site.trust.negotiation import Agreed, Agreement, Lacking, negotiate

RSA_ONLY = Handshakes(old_suites=("TLS_RSA_WITH_AES_128_GCM_SHA256",), all_old_suites=True)
TRIPLE_DES = Handshakes(old_suites=("TLS_RSA_WITH_3DES_EDE_CBC_SHA",), all_old_suites=True)
SHA1 = Handshakes(
    old_suites=("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",), all_old_suites=True, old_groups=("x25519",), all_old_groups=True
)
P521 = Handshakes(new_suites=("TLS_AES_128_GCM_SHA256",), all_new_suites=True, new_groups=("secp521r1",), all_new_groups=True)
NEW_ONLY_CCM = Handshakes(
    old_suites=("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",), new_suites=("TLS_AES_128_CCM_SHA256",), all_new_suites=True
)
OLD, BOTH, NEW = ("TLSv1.2",), ("TLSv1.2", "TLSv1.3"), ("TLSv1.3",)


def result(
    client: str,
    os: str,
    seen: Handshakes,
    versions: tuple[str, ...],
    *nodes: NodeState,
    version: str = "",
    build: int | None = None,
) -> Agreement:
    model = client_models(client, os).rows[0]
    return negotiate(offers_of(model, version, build, nodes), versions, seen)


@pytest.mark.parametrize(
    ("client", "version", "agreed"),
    [
        ("containerd", "1.7.27", Agreed.YES),  # its go.mod names Go 1.21
        ("containerd", "1.7.28", Agreed.NO),
        ("containerd", "2.1.6", Agreed.NO),
        ("containerd", "", Agreed.UNKNOWN),
        ("kubelet", "v1.29.4", Agreed.YES),
        ("kubelet", "v1.34.9+rke2r1", Agreed.NO),
        ("go", "1.21", Agreed.YES),
        ("go", "1.26", Agreed.NO),
        ("curl", "", Agreed.YES),
        ("python", "3.9", Agreed.YES),
        ("python", "3.12", Agreed.NO),
    ],
)
def test_rsa_key_exchange_depends_on_the_version_of_the_client(client: str, version: str, agreed: Agreed) -> None:
    assert result(client, "linux", RSA_ONLY, OLD, version=version).agreed is agreed


@pytest.mark.parametrize(
    ("build", "agreed"), [(14393, Agreed.YES), (17763, Agreed.YES), (20348, Agreed.NO), (26100, Agreed.NO)]
)
def test_triple_des_depends_on_the_windows_build(build: int, agreed: Agreed) -> None:
    assert result("curl", "windows", TRIPLE_DES, OLD, build=build).agreed is agreed
    assert result("curl", "linux", TRIPLE_DES, OLD).agreed is Agreed.NO


def test_python_offers_no_suite_with_sha1() -> None:
    assert result("python", "linux", SHA1, OLD, version="3.12").lacking is Lacking.SUITE
    assert result("curl", "linux", SHA1, OLD).agreed is Agreed.YES


def test_windows_has_no_p521_unless_the_dump_shows_it() -> None:
    assert result("curl", "windows", P521, NEW, build=20348).lacking is Lacking.GROUP
    node = NodeState(windows="10.0.20348.1", curves=("NistP256", "nistP521"))
    assert result("curl", "windows", P521, NEW, node, build=20348).agreed is Agreed.YES


def test_dump_decides_about_protocols_and_suites() -> None:
    off = NodeState(windows="10.0.20348.1", protocols=MappingProxyType({"TLS 1.3\\Client": False}))
    assert result("curl", "windows", P521, NEW, off).lacking is Lacking.VERSION
    few = NodeState(windows="10.0.17763.1", suites=("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",))
    found = result("powershell", "windows", SHA1, OLD, few)
    assert found.lacking is Lacking.SUITE
    assert found.why.endswith("by the dump of the node")


def test_no_server_falls_back_to_an_older_version() -> None:
    assert result("curl", "linux", NEW_ONLY_CCM, BOTH).agreed is Agreed.NO
    assert result("curl", "windows", NEW_ONLY_CCM, BOTH, build=17763).agreed is Agreed.YES  # it supports only TLS 1.2


def test_incomplete_list_of_suites_leaves_it_open() -> None:
    partial = Handshakes(old_suites=("TLS_RSA_WITH_AES_128_GCM_SHA256",))
    assert result("containerd", "linux", partial, OLD, version="2.1.6").agreed is Agreed.UNKNOWN
