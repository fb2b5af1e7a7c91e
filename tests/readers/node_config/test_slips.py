"""Configuration files by the grammar of the program that reads them: each mistake has a location and a suggestion."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.readers.node_config.slips import ConfigSlip, Effect, Grammar
from tests.readers.node_config.made import LINUX, V2, V3, WINDOWS, node

DOCKER = "docker 28.5.1"
IMAGES = 'plugins."io.containerd.cri.v1.images".registry'
REGISTRY = "https://r.local:5000"


def slips(files: dict[str, str | bytes], runtime: str = DOCKER, platform: str = LINUX, cluster: str = "") -> list[ConfigSlip]:
    return list(node(files, runtime=runtime, platform=platform, cluster=cluster).slips)


def only(files: dict[str, str | bytes], runtime: str = DOCKER, platform: str = LINUX, cluster: str = "") -> ConfigSlip:
    (found,) = slips(files, runtime, platform, cluster)
    return found


def of_daemon(text: str | bytes, runtime: str = DOCKER, platform: str = LINUX) -> list[tuple[str, str, str]]:
    found = slips({"daemon.json": text}, runtime, platform)
    return [(one.key, one.effect.value, one.instead) for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"registry-mirrors": ["https://r.local"], "debug": true, "log-opts": {"max-size": "1m"}}', []),
        ('{"features": {"anything": true}, "proxies": {"http-proxy": "http://p"}, "debug": null}', []),
        ("", []),
        ("{}", []),
        ("null", []),
        ('{"regsitry-mirrors": []}', [("regsitry-mirrors", "refused", "registry-mirrors")]),
        ('{"registry_mirrors": []}', [("registry_mirrors", "refused", "registry-mirrors")]),
        ('{"Registry-Mirrors": []}', [("Registry-Mirrors", "refused", "registry-mirrors")]),
        ('{"registry-mirror": ["https://r.local"]}', [("registry-mirror", "ignored", "registry-mirrors")]),
        ('{"insecure-registry": []}', [("insecure-registry", "ignored", "insecure-registries")]),
        ('{"_comment": "x"}', [("_comment", "refused", "")]),
        ('{"registry": {"registry-mirrors": []}}', [("registry.registry-mirrors", "ignored", "registry-mirrors")]),
        ('{"registry": {"mirrors": []}}', [("registry.mirrors", "refused", "")]),
        ('{"registry": {}}', [("registry", "ignored", "")]),
        ('{"proxies": {"htp-proxy": "x"}}', [("proxies.htp-proxy", "refused", "proxies.http-proxy")]),
        ('{"registry-mirrors": "https://r.local"}', [("registry-mirrors", "refused", "a list of texts")]),
        ('{"registry-mirrors": {"docker.io": "x"}}', [("registry-mirrors", "refused", "a list of texts")]),
        ('{"insecure-registries": [5000]}', [("insecure-registries", "refused", "a list of texts")]),
        ('{"debug": "true"}', [("debug", "refused", "true or false")]),
        ('{"mtu": "1500"}', [("mtu", "refused", "a number")]),
        ('{"data-root": ["/x"]}', [("data-root", "refused", "text")]),
        ('{"debug": true, "debug": false}', [("debug", "replaced", "")]),
        ("[]", [("", "refused", "")]),
        ('{"regsitry-mirrors": [],}', [("", "refused", "")]),
        ("registry-mirrors: []\n", [("", "refused", "")]),
        ('{"registry-mirrors": ["https://r.local/path"]}', [("", "refused", "")]),
    ],
)
def test_daemon_json(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert of_daemon(text) == expected


def test_dockerd_prints_the_message_of_the_slip() -> None:
    found = only({"daemon.json": '{\n  "regsitry-mirrors": []\n}'})
    assert found.message == "the following directives don't match any configuration option: regsitry-mirrors"
    assert str(found.location) == "n/daemon.json:2:3"
    broken = only({"daemon.json": '{"registry-mirrors": [],}'})
    assert broken.message.startswith("invalid character '}' looking for beginning of object key string")
    assert str(broken.location) == "n/daemon.json:1:25"


@pytest.mark.parametrize(
    ("text", "runtime", "platform", "expected"),
    [
        ('{"graph": "/x"}', "docker 23.0.6", LINUX, []),
        ('{"graph": "/x"}', "docker 24.0.9", LINUX, [("graph", "refused", "")]),
        ('{"bip6": "x"}', "docker 27.5.1", LINUX, [("bip6", "refused", "bip")]),
        ('{"iptables": false}', DOCKER, WINDOWS, [("iptables", "refused", "")]),
        ('{"iptables": false}', DOCKER, LINUX, []),
        ('{"graph": "/x"}', "docker", LINUX, []),
    ],
)
def test_the_keys_depend_on_version_and_system(
    text: str, runtime: str, platform: str, expected: list[tuple[str, str, str]]
) -> None:
    assert of_daemon(text, runtime, platform) == expected


@pytest.mark.parametrize(
    ("key", "runtime", "beyond"),
    [
        ("some-new-key", "docker 31.0.0", "29.0"),
        ("some-new-key", "docker", "29.0"),
        ("some-new-key", "docker 28.5.1", ""),
        ("regsitry-mirrors", "docker", ""),
        ("regsitry-mirrors", "docker 31.0.0", "29.0"),
        ("_comment", "docker 31.0.0", ""),
    ],
)
def test_a_newer_program_may_know_a_key(key: str, runtime: str, beyond: str) -> None:
    assert only({"daemon.json": f'{{"{key}": 1}}'}, runtime).unsure_beyond == beyond


def test_daemon_json_is_ignored_on_a_node_without_docker() -> None:
    assert slips({"daemon.json": '{"x": 1}', "config.toml": V3}, "containerd 2.1.6") == []


@pytest.mark.parametrize(
    ("text", "key", "effect", "instead"),
    [
        ('sever = "https://m"\n', "sever", "ignored", "server"),
        ('[hosts."https://m"]\n', "hosts", "ignored", "host"),
        (
            '[host."https://m"]\ncapabilties = ["pull"]\n',
            "host.https://m.capabilties",
            "ignored",
            "host.https://m.capabilities",
        ),
        ('[host."https://m"]\nserver = "https://n"\n', "host.https://m.server", "ignored", "server"),
        ('[host."https://m"]\ncolour = "red"\n', "host.https://m.colour", "ignored", ""),
        ('[host."https://m"]\nskip_verify = "true"\n', "host.https://m.skip_verify", "unread", "true or false"),
        ('[host."https://m"]\nca = 5\n', "host.https://m.ca", "unread", "text or a list of texts"),
        ('[host."https://m"]\ncapabilities = "pull"\n', "host.https://m.capabilities", "unread", "a list of texts"),
        ('[host."https://m"]\ndial_timeout = "3"\n', "host.https://m.dial_timeout", "unread", "30s"),
        ('[host."https://m"]\ncapabilities = ["referrers"]\n', "host.https://m.capabilities", "unread", ""),
        ('[host."https://m"]\n[host."https://m"]\n', "", "unread", ""),
        ('[host."https://m"\n', "", "unread", ""),
        ('[host."https://m"]\ncapabilities = ["watch"]\n', "", "unread", ""),
        ("server = https://m\n", "", "unread", ""),
        ('{"server": "https://m"}\n', "", "unread", ""),
        ('\ufeffserver = "https://m"\n', "", "unread", ""),
    ],
)
def test_hosts_toml(text: str, key: str, effect: str, instead: str) -> None:
    found = only({"certs.d/docker.io/hosts.toml": text}, "containerd 2.1.6")
    assert (found.key, found.effect.value, found.instead) == (key, effect, instead)


@pytest.mark.parametrize("timeout", ["30s", "1m30s", "1.5h", "100ms", "0"])
def test_durations(timeout: str) -> None:
    assert (
        slips({"certs.d/docker.io/hosts.toml": f'[host."https://m"]\ndial_timeout = "{timeout}"\n'}, "containerd 2.1.6") == []
    )


def test_containerd_before_2_ignores_hosts_toml_without_a_host_table() -> None:
    """Executed: containerd 1.7.28 logs "invalid `host` tree" and connects to the registry itself."""
    files: dict[str, str | bytes] = {
        "config.toml": V2 + 'config_path = "/c"\n',
        "certs.d/docker.io/hosts.toml": f'server = "{REGISTRY}"\n',
    }
    found = only(files, "containerd 1.7.28")
    assert (found.effect, found.instead, str(found.location)) == (Effect.UNREAD, "[host]", "n/certs.d/docker.io/hosts.toml:1")
    assert [one.host for one in node(files, runtime="containerd 1.7.28").servers("docker.io")] == ["registry-1.docker.io"]
    assert slips(files, "containerd 2.0.5") == []
    unknown = node(files, runtime="containerd").doubt("docker.io")
    assert unknown is not None
    assert unknown.kind == "missing-evidence"
    files["certs.d/docker.io/hosts.toml"] = f'server = "{REGISTRY}"\n[host]\n'
    assert slips(files, "containerd 1.7.28") == []
    assert [one.host for one in node(files, runtime="containerd 1.7.28").servers("docker.io")] == ["r.local:5000"]


@pytest.mark.parametrize(
    ("text", "key", "effect", "instead"),
    [
        ("mirror:\n  docker.io: {endpoint: [m]}\n", "mirror", "ignored", "mirrors"),
        ("Mirrors: {}\n", "Mirrors", "ignored", "mirrors"),
        ("mirrors: {docker.io: {endpoints: [m]}}", "mirrors.docker.io.endpoints", "ignored", "mirrors.docker.io.endpoint"),
        ("mirrors: {docker.io: {endpoint: m}}", "mirrors.docker.io.endpoint", "refused", "a list of texts"),
        ("mirrors: [docker.io]", "mirrors", "refused", "a mapping"),
        ("mirrors: {docker.io: [m]}", "mirrors.docker.io", "refused", "a mapping"),
        ("mirrors: {a: {endpoint: [m], rewrite: [x]}}", "mirrors.a.rewrite", "refused", "a mapping"),
        ("mirrors: {a: {endpoint: [m], rewrite: {x: [y]}}}", "mirrors.a.rewrite.x", "refused", "text"),
        (
            "configs: {a: {tls: {insecure_skip_verify: 'true'}}}",
            "configs.a.tls.insecure_skip_verify",
            "refused",
            "true or false",
        ),
        ("configs: {a: {tls: {ca: x}}}", "configs.a.tls.ca", "ignored", ""),
        ("configs: {a: {ca_file: x}}", "configs.a.ca_file", "ignored", "configs.*.tls.ca_file"),
        ("- a\n", "", "refused", ""),
        ("mirrors:\n\tdocker.io: {}\n", "", "refused", ""),
    ],
)
def test_registries_yaml(text: str, key: str, effect: str, instead: str) -> None:
    """Executed with rancher/wharfie v0.7.1, which reads the file for K3s and RKE2."""
    found = only({"registries.yaml": text}, "", cluster="rke2")
    assert (found.key, found.effect.value, found.instead) == (key, effect, instead)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mirrors:\nconfigs:\n",
        "mirrors: {docker.io: {endpoint: [5000, true]}}",
        "configs: {a: {tls: {insecure_skip_verify: yes}}}",
        "mirrors: {docker.io: }",
        "{}",
        "mirrors: {}\n---\nmirrors: {}\n",
    ],
)
def test_values_that_k3s_accepts(text: str) -> None:
    assert slips({"registries.yaml": text}, "", cluster="k3s") == []


@pytest.mark.parametrize(
    ("text", "key", "effect", "instead"),
    [
        ("verison = 3\n[plugins]\n", "verison", "ignored", "version"),
        ('version = "3"\n[plugins]\n', "version", "refused", "a number"),
        (V3.replace("config_path", "config-path"), "registry.config-path", "ignored", "registry.config_path"),
        (V3.replace(".registry]", "]"), "plugins.io.containerd.cri.v1.images.config_path", "ignored", f"{IMAGES}.config_path"),
        ('version = 3\nconfig_path = "/c"\n[plugins]\n', "config_path", "ignored", f"{IMAGES}.config_path"),
        (V3 + 'headers = "x"\n', "registry.headers", "refused", "a mapping"),
        ("version = 3\n[plugins\n", "", "refused", ""),
    ],
)  # fmt: skip
def test_config_toml(text: str, key: str, effect: str, instead: str) -> None:
    found = slips({"config.toml": text}, "containerd 2.1.6")[0]
    assert (found.key, found.effect.value, found.instead) == (key, effect, instead)


def test_a_misspelt_flag_of_the_server() -> None:
    found = only({"config.yaml": "write-kubeconfig-mode: '0644'\ndisable-default-registry-endpont: true\n"}, "", cluster="rke2")
    assert (found.instead, found.location.line) == ("disable-default-registry-endpoint", 2)


@settings(deadline=None)
@given(
    st.sampled_from(["daemon.json", "certs.d/docker.io/hosts.toml", "registries.yaml", "config.toml"]), st.binary(max_size=200)
)
def test_any_file_gives_a_result_or_our_error(name: str, data: bytes) -> None:
    assert all(one.location.file for one in slips({name: data}))


def test_every_program_has_keys() -> None:
    for file in ("dockerd", "hosts.toml", "registries.yaml", "config.toml", "config.toml registry"):
        assert Grammar(file).names(())
