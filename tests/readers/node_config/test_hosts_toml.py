"""hosts.toml: the servers, their order and paths, and settings without effect."""

from __future__ import annotations

import pytest

from auditor.oci.reference import parse_reference
from tests.readers.node_config.made import LINUX, V3, WINDOWS, node, problem, urls

HUB = "https://registry-1.docker.io/v2/library/busybox"
M = "https://m.example:5000"


def hosts(text: str) -> list[str]:
    """Return the servers for busybox with this hosts.toml of docker.io."""
    config = node({"config.toml": V3, "certs.d/docker.io/hosts.toml": text})
    assert config.problems == ()
    return urls(config, "busybox:1")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param(f'[host."{M}"]\n', [f"{M}/v2/library/busybox", HUB], id="the registry itself comes last"),
        pytest.param(f'server = "{M}"\n', [f"{M}/v2/library/busybox"], id="server instead of it"),
        pytest.param('server = "m.example:5000"\n', [f"{M}/v2/library/busybox"], id="no scheme"),
        pytest.param('server = "https://docker.io"\n', ["https://docker.io/v2/library/busybox"], id="docker.io as written"),
        pytest.param(f'server = "{M}/v2/"\n', [f"{M}/v2/library/busybox"], id="v2 is not doubled"),
        pytest.param(f'server = "{M}/hub"\n', [f"{M}/hub/v2/library/busybox"], id="a path comes before v2"),
        pytest.param(f'server = "{M}/v2/hub"\n', [f"{M}/v2/hub/v2/library/busybox"], id="and is no prefix"),
        pytest.param(
            f'server = "{M}/v2/hub"\noverride_path = true\n', [f"{M}/v2/hub/library/busybox"], id="but with override_path"
        ),
        pytest.param(
            f'[host."http://b"]\n[host."{M}"]\n[host."http://b".header]\nx = "y"\n[host."http://a"]\n',
            [
                "http://b/v2/library/busybox",
                f"{M}/v2/library/busybox",
                "http://b/v2/library/busybox",
                "http://a/v2/library/busybox",
                HUB,
            ],
            id="order of the tables; one that is parted is asked twice",
        ),
        pytest.param(f'[host."{M}"]\ncapabilities = ["pull"]\n', [HUB], id="no right to look up tags"),
        pytest.param(f'[host."{M}"]\ncapabilities = ["PULL", "Resolve"]\n', [f"{M}/v2/library/busybox", HUB], id="any case"),
        pytest.param('server = "http://m"\ncapabilities = ["push"]\n', [], id="no server"),
        pytest.param("", [HUB], id="empty"),
        pytest.param("# nothing yet\n", [HUB], id="a comment"),
        pytest.param(f'x = """\n[host."http://no"]\n"""\n[host."{M}"]\n', [f"{M}/v2/library/busybox", HUB], id="in a string"),
    ],
)
def test_requests_for_an_image(text: str, asked: list[str]) -> None:
    assert hosts(text) == asked


def test_digest_needs_no_resolve_capability() -> None:
    config = node({"config.toml": V3, "certs.d/docker.io/hosts.toml": f'[host."{M}"]\ncapabilities = ["pull"]\n'})
    assert urls(config, "busybox@sha256:" + "a" * 64)[0] == f"{M}/v2/library/busybox"


def test_repository_is_the_path_after_v2() -> None:
    config = node({"config.toml": V3, "certs.d/docker.io/hosts.toml": f'[host."{M}/v2/hub"]\noverride_path = true\n'})
    first, last = config.asked(parse_reference("busybox"))
    assert (first.repository, last.repository) == ("hub/library/busybox", "library/busybox")
    assert (first.role, last.role) == ("mirror", "default")
    assert str(first.location) == "n/certs.d/docker.io/hosts.toml:1"
    rooted = node({"config.toml": V3, "certs.d/docker.io/hosts.toml": f'server = "{M}/api"\noverride_path = true\n'})
    assert rooted.asked(parse_reference("busybox"))[0].repository == ""


@pytest.mark.parametrize(
    ("platform", "folder", "reads"),
    [
        (LINUX, "m.example:5000", True),
        (LINUX, "m.example_5000_", True),
        (LINUX, "m.example5000", False),
        (LINUX, "_default", True),
        (LINUX, "m.example", False),
        (WINDOWS, "m.example_5000_", True),
        (WINDOWS, "m.example5000", True),
        (WINDOWS, "_default", True),
        (WINDOWS, "m.example:5000", False),
    ],
)
def test_folder_names_of_a_registry(platform: str, folder: str, reads: bool) -> None:
    config = node({"config.toml": V3, f"certs.d/{folder}/hosts.toml": 'server = "https://inside"\n'}, platform=platform)
    assert config.problems == ()
    assert urls(config, "m.example:5000/a:1") == ["https://inside/v2/a" if reads else f"{M}/v2/a"]


def test_folder_with_port_hides_plain_folder_and_both_hide_the_default() -> None:
    folders = ("m.example_5000_", "m.example:5000", "_default")
    files = {f"certs.d/{folder}/hosts.toml": f'server = "https://{number}"\n' for number, folder in enumerate(folders)}
    assert urls(node({"config.toml": V3, **files}), "m.example:5000/a:1") == ["https://0/v2/a"]
    del files["certs.d/m.example_5000_/hosts.toml"]
    assert urls(node({"config.toml": V3, **files}), "m.example:5000/a:1") == ["https://1/v2/a"]


def test_folder_with_only_a_certificate_hides_the_default() -> None:
    files = {
        "certs.d/_default/hosts.toml": 'server = "https://inside"\n',
        "certs.d/docker.io/ca.crt": "-----BEGIN CERTIFICATE-----",
    }
    config = node({"config.toml": V3, **files})
    assert urls(config, "busybox:1") == [HUB]
    assert urls(config, "quay.io/a:1") == ["https://inside/v2/a"]


def test_windows_folder_with_a_colon_is_reported() -> None:
    config = node({"certs.d/m.example:5000/hosts.toml": "", "config.toml": V3}, platform=WINDOWS)
    assert "name it m.example_5000_" in config.notes[0].why


def test_the_folders_are_searched_in_the_order_of_config_path() -> None:
    files = {
        "config.toml": V3.replace("/etc/containerd/certs.d", "/etc/second:/etc/first"),
        "first/docker.io/hosts.toml": 'server = "https://first"\n',
        "second/_default/hosts.toml": 'server = "https://second"\n',
    }
    assert urls(node(files), "busybox:1") == ["https://second/v2/library/busybox"]
    windows = {**files, "config.toml": V3.replace('"/etc/containerd/certs.d"', r"'C:\k\first;C:\k\second'")}
    assert urls(node(windows, platform=WINDOWS), "busybox:1") == ["https://first/v2/library/busybox"]


@pytest.mark.parametrize("text", ['host."http://m".capabilities = ["pull"]\n', '[host]\n"http://m" = {}\n'])
def test_host_without_a_separate_table_gets_no_request(text: str) -> None:
    config = node({"config.toml": V3, "certs.d/docker.io/hosts.toml": text})
    assert urls(config, "busybox:1") == [HUB]
    assert 'write [host."http://m"]' in config.notes[0].why


def test_rewrite_needs_k3s_or_rke2() -> None:
    text = f'[host."{M}"]\n[host."{M}".rewrite]\n"^library/(.*)" = "hub/$1"\n'
    plain = node({"config.toml": V3, "certs.d/docker.io/hosts.toml": text})
    assert urls(plain, "busybox:1")[0] == f"{M}/v2/library/busybox"
    assert "only the containerd of K3s and RKE2" in plain.notes[0].why
    k3s = node({"certs.d/docker.io/hosts.toml": text}, cluster="k3s")
    assert urls(k3s, "busybox:1") == [f"{M}/v2/hub/busybox", HUB]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('server = "x"\nserver = "y"\n', "not TOML: Cannot overwrite a value"),
        ("[host.\n", "not TOML"),
        ("server = 5\n", "1: 'server' must be text"),
        ('server = "http://"\n', "is not an http(s) URL"),
        ('server = "httpbin:5000"\n', "begins with http"),
        ('server = "http://m:port"\n', "is not a URL"),
        ('host = "x"\n', "`host` is not a table"),
        ('[host]\nx = 1\n[host."http://m"]\noverride_path = "yes"\n', "4: 'override_path' must be true or false"),
        ('\n[host."http://m"]\ncapabilities = ["pull", "watch"]\n', "3: 'watch' is not a capability"),
        ('server = "http://m"\ncapabilities = "pull"\n', "2: 'capabilities' must be a list"),
        ('server = "\x00"\n', "not TOML"),
        (b"\xff\xfes\x00", "it is UTF-16"),
        ("\ufeffserver = 'x'\n", "byte-order mark"),
    ],
)
def test_unreadable_hosts_toml_is_unknown_for_its_registry_only(text: str | bytes, why: str) -> None:
    files = {"certs.d/docker.io/hosts.toml": text, "certs.d/quay.io/hosts.toml": 'server = "https://inside"\n'}
    config = node({"config.toml": V3, **files})
    doubt = config.doubt("docker.io")
    assert doubt is not None
    assert doubt.kind == "malformed"
    assert why in f"{doubt.location.line}: {doubt.why}"
    assert config.doubt("quay.io") is None
    assert config.problems == ()


def test_containerd_reads_only_hosts_toml() -> None:
    assert "reads only hosts.toml" in problem(node({"certs.d/docker.io/hub.toml": 'server = "https://inside"\n'}))


@pytest.mark.parametrize("path", ["hosts.toml", "certs.d/hosts.toml", "win2022/hosts.toml"])
def test_folder_without_a_registry_name_is_reported(path: str) -> None:
    assert "not named after a registry" in problem(node({path: 'server = "https://inside"\n'}))
