"""How node configuration makes a runtime verify a registry: the CA files that it names, and where the plan holds them."""

from __future__ import annotations

import pytest

from auditor.errors import Location
from auditor.readers.node_config.tls import TlsSetting, file_of
from tests.readers.node_config.made import V3, node

HOSTS = "certs.d/registry.local_5000_/hosts.toml"


def settings(files: dict[str, str], **more: str) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(one.host, one.ca, one.skip_verify) for one in node(files, **more).tls]


def test_hosts_toml_tables_apply_to_their_host_and_the_top_to_the_server() -> None:
    text = """
server = "https://upstream.local"
ca = "top.crt"
[host."https://mirror.local:8443/v2/hub"]
ca = ["a.crt", "b.crt"]
[host."http://plain.local"]
skip_verify = true
[host."https://silent.local"]
capabilities = ["pull"]
"""
    assert settings({"config.toml": V3, HOSTS: text}) == [
        ("upstream.local", ("top.crt",), False),
        ("mirror.local:8443", ("a.crt", "b.crt"), False),
        ("plain.local", (), True),
    ]


def test_without_server_the_top_applies_to_the_registry_of_the_folder() -> None:
    assert settings({"config.toml": V3, HOSTS: 'ca = "ca.crt"\n'}) == [("registry.local_5000_", ("ca.crt",), False)]


def test_registries_yaml_names_a_file_by_host() -> None:
    text = """
configs:
  "registry.local:5000": {tls: {ca_file: /etc/ca.pem}}
  other.local: {tls: {insecure_skip_verify: true}}
  third.local: {tls: {cert_file: a, key_file: b}}
  fourth.local: {auth: {username: x}}
"""
    assert settings({"registries.yaml": text}, cluster="rke2") == [
        ("registry.local:5000", ("/etc/ca.pem",), False),
        ("other.local", (), True),
        ("third.local", (), False),
    ]
    assert [one.client for one in node({"registries.yaml": text}, cluster="rke2").tls] == [False, False, True]


def test_a_certificate_in_a_folder_without_hosts_toml_counts() -> None:
    files = {"certs.d/registry.local/ca.crt": "x", "certs.d/registry.local/client.key": "x"}
    assert settings({"config.toml": V3, **files}) == [("registry.local", ("ca.crt",), False)]
    beside = {"certs.d/registry.local/hosts.toml": 'server = "https://x"\n', **files}
    assert settings({"config.toml": V3, **beside}) == []  # only what hosts.toml names


@pytest.mark.parametrize(
    ("ca", "files", "found"),
    [
        ("ca.crt", ["n/certs.d/r/ca.crt"], "n/certs.d/r/ca.crt"),
        ("../ca.crt", ["n/certs.d/ca.crt"], "n/certs.d/ca.crt"),
        ("sub\\ca.crt", ["n/certs.d/r/ca.crt"], ""),
        ("/etc/containerd/certs.d/r/ca.crt", ["n/certs.d/r/ca.crt"], "n/certs.d/r/ca.crt"),
        ("C:\\certs\\ca.crt", ["n/certs.d/r/ca.crt"], "n/certs.d/r/ca.crt"),
        ("C:\\certs\\root.pem", ["near/root.pem"], "near/root.pem"),
        ("/etc/root.pem", ["near/root.pem", "near/more/root.pem"], ""),  # two candidates
        ("root.pem", ["near/root.pem"], ""),  # it would lie beside the file that names it
        ("/etc/gone.pem", ["near/root.pem"], ""),
    ],
)
def test_path_of_a_ca_file_in_the_plan(ca: str, files: list[str], found: str) -> None:
    setting = TlsSetting("r", (ca,), skip_verify=False, file="n/certs.d/r/hosts.toml", location=Location("x"))
    assert file_of(setting, ca, dict.fromkeys(files, b""), tuple(files)) == found
