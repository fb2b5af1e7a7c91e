"""A kubeconfig gives the CA of its current cluster, as client-go reads it; other files give a reason."""

from __future__ import annotations

import base64
import json

import pytest

from auditor.readers.kubeconfig import UnreadableKubeconfig, is_kubeconfig, read_kubeconfig, without_users

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()


def config(cluster: str, more: str = "") -> bytes:
    return f"""apiVersion: v1
kind: Config
clusters:
- name: other
  cluster: {{certificate-authority: /other.crt}}
- name: plant
  cluster: {{server: "https://k8s:6443", {cluster}}}
contexts:
- name: here
  context: {{cluster: plant, user: node}}
current-context: here
users:
- name: node
  user: {{token: s3cr3t-T0ken-of-a-node}}
{more}""".encode()


def test_data_of_the_current_cluster_has_priority_over_the_file() -> None:
    found = read_kubeconfig(config(f"certificate-authority-data: {DATA}, certificate-authority: /etc/ca.crt"))
    assert (found.ca, found.skips_verification) == (PEM, False)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/var/lib/rancher/rke2/agent/server-ca.crt", "server-ca.crt"), (r"C:\k\pki\ca.crt", "ca.crt"), ("ca.pem", "ca.pem")],
)
def test_file_on_the_node_is_named(path: str, name: str) -> None:
    found = read_kubeconfig(config(f"certificate-authority: '{path}'"))
    assert (found.ca, found.ca_file, found.ca_name) == (None, path, name)


def test_verification_can_be_off_and_the_ca_missing() -> None:
    found = read_kubeconfig(config("insecure-skip-tls-verify: true"))
    assert (found.ca, found.ca_file, found.skips_verification) == (None, "", True)


def test_json_and_an_excerpt_with_one_cluster_are_read() -> None:
    document = {"clusters": [{"name": "c", "cluster": {"certificate-authority-data": DATA}}]}
    data = json.dumps(document).encode()
    assert is_kubeconfig(data)
    assert read_kubeconfig(data).ca == PEM


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (config(f"certificate-authority-data: {DATA[:-5]}%"), "certificate-authority-data is not base64"),
        (config("a: b").replace(b"current-context: here", b"current-context: there"), "no context there"),
        (config("a: b").replace(b"cluster: plant", b"cluster: gone"), "no cluster gone"),
        (config("a: b").replace(b"current-context: here", b""), "no current-context and 2 clusters"),
        (config("a: b").replace(b"name: other", b"name: plant"), "duplicate name plant in clusters"),
        (b"clusters: [", "not YAML"),
        (b"- clusters", "not one mapping"),
        (b"clusters: {}\ncurrent-context: [x]", "no clusters"),
    ],
)
def test_file_that_client_go_cannot_use_gives_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableKubeconfig, match=reason):
        read_kubeconfig(data)


def test_certificates_are_no_kubeconfig() -> None:
    assert not is_kubeconfig(PEM)
    assert not is_kubeconfig(b"\x30\x82clusters\x00")


def test_users_are_left_out() -> None:
    kept = without_users(config(f"certificate-authority-data: {DATA}"))
    assert b"s3cr3t" not in kept
    assert b"users" not in kept
    assert read_kubeconfig(kept).ca == PEM
