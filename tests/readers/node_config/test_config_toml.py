"""containerd's config.toml: its versions, config_path, the old mirrors, the sandbox image; and daemon.json."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.node_config.marked_toml import MAX_BYTES, load_toml
from auditor.readers.node_config.model import Unreadable
from tests.readers.node_config.made import V2, V3, WINDOWS, node, problem, urls

HOSTS = {"certs.d/docker.io/hosts.toml": 'server = "https://inside"\n[host]\n'}
INSIDE = ["https://inside/v2/library/busybox"]
HUB = ["https://registry-1.docker.io/v2/library/busybox"]
MIRRORS = '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://inside"]\n'
V1_MIRRORS = '[plugins.cri.registry.mirrors."*"]\nendpoint = ["https://inside"]\n'


@pytest.mark.parametrize(
    ("text", "image", "line"),
    [
        ('version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "r/pause:3.10"\n', "r/pause:3.10", 3),
        ("version = 3\n[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = 'r/pause:3.10'\n", "r/pause:3.10", 3),
        ('version = 3\nplugins."io.containerd.cri.v1.images".pinned_images.sandbox = "p"\n', "p", 2),
        ('[plugins.cri]\nsandbox_image = "p"\n', "p", 2),
        ('version = 2\n[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "p"\n', "p", 3),
    ],
)
def test_the_sandbox_image_and_its_line(text: str, image: str, line: int) -> None:
    found = node({"c.toml": text}).sandbox_image
    assert found is not None
    assert (found.text, found.location.file, found.location.line) == (image, "n/c.toml", line)


@pytest.mark.parametrize(
    ("text", "runtime"),
    [
        ('version = 3\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "p"\n', "containerd 2.1.6"),
        ('version = 2\n[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "p"\n', "containerd 1.7.27"),
        ('[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "p"\n', "containerd 1.7.27"),
    ],
)
def test_setting_at_the_location_of_another_version_is_reported(text: str, runtime: str) -> None:
    config = node({"config.toml": text}, runtime=runtime)
    assert config.sandbox_image is None
    assert "so containerd reads the registry settings from [plugins." in config.notes[0].why


def test_unsupported_file_version_is_reported() -> None:
    assert "containerd 1.7.27 does not read a configuration of version 3" in problem(
        node({"config.toml": V3}, runtime="containerd 1.7.27")
    )


@pytest.mark.parametrize(
    ("config", "platform", "runtime", "asked"),
    [
        (V3, "linux/amd64", "containerd 2.1.6", INSIDE),
        (V2 + 'config_path = "/c"\n', "linux/amd64", "containerd 1.7.27", INSIDE),
        ("version = 3\n", "linux/amd64", "containerd 2.1.6", HUB),
        ("version = 3\n", "linux/amd64", "containerd 2.2.0", INSIDE),
        ("version = 3\n", WINDOWS, "containerd 2.2.0", HUB),
        ("version = 3\n", WINDOWS, "", HUB),
        (V3, WINDOWS, "", INSIDE),
    ],
)
def test_whether_hosts_toml_is_read(config: str, platform: str, runtime: str, asked: list[str]) -> None:
    found = node({"config.toml": config, **HOSTS}, platform=platform, runtime=runtime)
    assert found.problems == ()
    assert urls(found, "busybox:1") == asked
    assert [note.why for note in found.notes if "does not read it" in note.why] == [note.why for note in found.notes]
    assert bool(found.notes) == (asked == HUB)


def test_hosts_toml_is_unknown_without_a_version() -> None:
    assert "the pool's config has no config.toml" in problem(node(HOSTS))
    assert "does not state the version of containerd" in problem(node({"config.toml": "version = 3\n", **HOSTS}, runtime=""))
    assert "the pool's config does not include one" in problem(node({"config.toml": V3}))
    assert node(HOSTS, runtime="containerd 2.2.0").problems == ()


def test_old_mirrors_come_before_the_registry_itself() -> None:
    assert urls(node({"config.toml": V2 + MIRRORS}), "busybox:1") == INSIDE + HUB
    any_host = node({"config.toml": V1_MIRRORS}, runtime="containerd 1.6.8")
    assert urls(any_host, "quay.io/a:1") == ["https://inside/v2/a", "https://quay.io/v2/a"]
    slash = MIRRORS.replace("https://inside", "https://inside/v2/hub")
    assert urls(node({"config.toml": V2 + slash}), "busybox:1")[0] == "https://inside/v2/hub/library/busybox"
    own = MIRRORS.replace("docker.io", "quay.io").replace("https://inside", "http://quay.io")
    assert urls(node({"config.toml": V2 + own}), "quay.io/a:1") == ["http://quay.io/v2/a"]


def test_registry_mirrors_disable_hosts_toml() -> None:
    config = node({"config.toml": V2 + MIRRORS.replace("inside", "other"), **HOSTS})
    assert urls(config, "busybox:1")[0] == "https://other/v2/library/busybox"
    assert config.notes[0].why == "containerd does not read hosts.toml if registry.mirrors is set"


@pytest.mark.parametrize(
    ("text", "runtime", "refused"),
    [
        (V2 + 'config_path = "/c"\n' + MIRRORS, "containerd 1.7.27", True),
        (V2 + MIRRORS, "containerd 2.2.0", True),
        (V2 + MIRRORS, "containerd 2.2.2", False),
        (V2 + 'config_path = ""\n' + MIRRORS, "containerd 1.7.27", False),
    ],
)
def test_mirrors_with_config_path_are_rejected(text: str, runtime: str, refused: bool) -> None:
    config = node({"config.toml": text}, runtime=runtime)
    assert (config.refusal is not None) == refused
    if config.refusal is not None:
        assert "cannot be set when `config_path` is provided" in config.refusal.why
        assert config.refusal.location.line >= 3


def test_mirrors_of_an_unknown_containerd_are_not_known_to_count() -> None:
    assert "does not state the version of containerd" in problem(node({"config.toml": V2 + MIRRORS}, runtime=""))


def test_missing_imports_are_reported() -> None:
    text = 'imports = ["/etc/containerd/conf.d/*.toml"]\nversion = 3\n'
    assert node({"config.toml": text}).unjudged == ("/etc/containerd/conf.d/*.toml, which n/config.toml imports",)
    assert node({"config.toml": text, "conf.d/site.toml": V3, **HOSTS}).unjudged == ()


def test_conflicting_config_paths_are_unknown() -> None:
    other = V3.replace("certs.d", "other")
    assert "two files set config_path" in problem(node({"config.toml": V3, "other.toml": other, **HOSTS}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("version = 'three'\n", "1: `version` must be a number"),
        (V2 + "config_path = 5\n", "3: 'config_path' must be text"),
        (V2 + "mirrors = 5\n", "must be a table"),
        (V2 + MIRRORS.replace('["https://inside"]', "5"), "4: the endpoint of 'docker.io' must be a list of URLs"),
        (V2 + MIRRORS.replace("https", "ftp"), "is not an http(s) URL"),
        ("version = 2\nplugins = 5\n", ""),
        ('{{ template "base" . }}\n[plugins]\n', "a template"),
        ("version = 3\na = " + "[" * 3000, "not TOML: nested too deeply"),
        ("version = " + "9" * 5000, "not TOML"),
        ("version = 3\nx = '''", "not TOML"),
        (b"version = 3 # \xff", "not UTF-8"),
    ],
)
def test_unreadable_file_is_unknown(text: str | bytes, why: str) -> None:
    config = node({"config.toml": text})
    assert [why in f"{found.location.line}: {found.why}" for found in config.problems] == ([True] if why else [])


def test_hostile_toml_is_bounded() -> None:
    started = time.process_time()
    for data in (
        b"a" * 10_000_000,
        b"version = 3\n" + b"[" * (MAX_BYTES - 100),
        ("x = 1\n" + "a." * 4000 + "a = 1\n").encode() * 30,
        b"[" + b"a." * 4000 + b"a]\n" * 1,
        b'version = 3\nx = "' + b"\\u0041" * 1000 + b'"\n' * 2,
    ):
        problem(node({"config.toml": data})) if data.count(b"\n") != 1 else node({"config.toml": data})
    many = "".join(f"[a{number}.b]\nc = 1\n" for number in range(12_000))
    assert load_toml(many.encode()).line("a11999", "b", "c") == 24_000
    assert time.process_time() - started < 10


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    try:
        load_toml(data)
    except Unreadable as error:
        assert str(error)
    for name in ("config.toml", "certs.d/docker.io/hosts.toml", "registries.yaml", "daemon.json", "other"):
        urls(node({name: data}), "busybox:1")


def test_file_left_out_of_evidence_is_unknown() -> None:
    from dataclasses import replace

    from auditor.readers.node_config import read_node_config
    from auditor.testing import plan_of

    plan = plan_of("version: 1\npools: {one: {platform: linux/amd64, config: [n]}}\n", {"n/x.txt": b"x"})
    for path, known in (("n/registries.yaml", False), ("n/certs.d/docker.io/client.key", True), ("m/x", True)):
        config = read_node_config(replace(plan, left_out={path: "it holds credentials"}), plan.pools[0])
        assert (config.problems == ()) == known, path
        assert known or "name a copy without them" in config.problems[0].why


def test_docker_mirrors_apply_to_docker_hub_only() -> None:
    daemon = '{"registry-mirrors": ["https://inside"]}'
    config = node({"daemon.json": daemon, **HOSTS}, runtime="docker 27.5.1")
    assert urls(config, "busybox:1") == INSIDE + HUB
    assert urls(config, "quay.io/a:1") == ["https://quay.io/v2/a"]
    assert config.unjudged == ("n/daemon.json except its registry-mirrors",)
    assert node({"daemon.json": daemon}).unjudged == ("n/daemon.json",)
    for text, why in (
        ('{"registry-mirrors": "x"}', "must be a list"),
        ('{"registry-mirrors": ["https://x/hub"]}', "the mirror has a path"),
        ('{"registry-mirrors": ["ftp://x"]}', "is not an http(s) URL"),
        ('{"registry-mirrors": [', "unexpected end of JSON input"),
    ):
        assert why in problem(node({"daemon.json": text}, runtime="docker 27.5.1"))


def test_unknown_runtime_is_unknown() -> None:
    assert "registry configuration of cri-o" in problem(node({"config.toml": V3}, runtime="cri-o 1.33"))


def test_other_files_and_client_certificates_are_reported() -> None:
    hosts = {"certs.d/docker.io/hosts.toml": 'server = "https://inside"\nclient = 7\n', "certs.d/docker.io/ca.crt": "x"}
    config = node({"config.toml": V3, "kubelet.yaml": "kind: KubeletConfiguration\n", **hosts})
    assert config.unjudged == ("the client certificates for its mirrors", "n/kubelet.yaml")
    configs = node({"registries.yaml": "configs: {r: {tls: {key_file: x}}}"}, cluster="rke2")
    assert configs.unjudged == ("the client certificates for its mirrors",)
    assert node({"kubelet.yaml": "kind: KubeletConfiguration\n"}).has_mirrors is False
    assert config.has_mirrors
