"""registries.yaml of K3s and RKE2: endpoints, rewrites, and the registry that comes last."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.reference import parse_reference
from auditor.readers.node_config.rewriting import NotUnderstood, rewritten
from tests.readers.node_config.made import WINDOWS, node, problem, urls

HUB = "https://registry-1.docker.io/v2/library/busybox"


def asked(text: str, reference: str = "busybox:1") -> list[str]:
    """Return the requested URLs with this registries.yaml of RKE2."""
    config = node({"registries.yaml": text}, cluster="rke2")
    assert config.problems == ()
    return urls(config, reference)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mirrors: {docker.io: {endpoint: ['https://m:5000']}}", ["https://m:5000/v2/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: [m]}}", ["https://m/v2/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: ['localhost:5000']}}", ["http://localhost:5000/v2/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: ['https://m/v2']}}", ["https://m/v2/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: ['https://m/v2/hub']}}", ["https://m/v2/hub/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: ['https://m/hub']}}", ["https://m/hub/library/busybox", HUB]),
        ("mirrors: {'*': {endpoint: [m]}}", ["https://m/v2/library/busybox", HUB]),
        ("mirrors: {'*': {endpoint: [m]}, docker.io: {endpoint: [n]}}", ["https://n/v2/library/busybox", HUB]),
        ("mirrors: {'*': {endpoint: [m]}, docker.io: }", ["https://m/v2/library/busybox", HUB]),
        ("mirrors: {'*': {endpoint: [m]}}\nconfigs: {docker.io: {tls: {ca_file: x}}}", [HUB]),
        ("mirrors: {docker.io: {endpoint: [m, m, n]}}", ["https://m/v2/library/busybox", "https://n/v2/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: [m, docker.io]}}", ["https://m/v2/library/busybox", HUB]),
        ("mirrors: {docker.io: {endpoint: [m], rewrite: {'(.*)': 'hub/$1'}}}", ["https://m/v2/hub/library/busybox", HUB]),
        ("mirrors: {quay.io: {endpoint: [m]}}", [HUB]),
        ("mirrors:\nconfigs:\n", [HUB]),
    ],
)
def test_requests_for_an_image(text: str, expected: list[str]) -> None:
    assert asked(text) == expected


def test_registry_with_a_rewrite_to_itself_gets_one_request() -> None:
    text = "mirrors: {'r.local:5000': {endpoint: ['https://r.local:5000'], rewrite: {'^(.*)$': 'x/$1'}}}"
    assert asked(text, "r.local:5000/a:1") == ["https://r.local:5000/v2/x/a"]


def test_flag_ends_the_search_only_for_configured_registries() -> None:
    files = {
        "registries.yaml": "mirrors: {quay.io: {endpoint: [m]}}",
        "config.yaml": "disable-default-registry-endpoint: true\n",
    }
    config = node(files, cluster="k3s")
    assert urls(config, "quay.io/a:1") == ["https://m/v2/a"]
    assert urls(config, "busybox:1") == [HUB]


def test_a_comment_about_the_flag_sets_nothing() -> None:
    text = "# disable-default-registry-endpoint: true\nmirrors: {docker.io: {endpoint: [m]}}\n"
    assert asked(text) == ["https://m/v2/library/busybox", HUB]


@pytest.mark.parametrize("value", ["perhaps", "[true", "{}"])
def test_flag_that_is_not_a_boolean_is_unknown(value: str) -> None:
    text = f"disable-default-registry-endpoint: {value}\n"
    assert "n/config.yaml:" in problem(node({"config.yaml": text}, cluster="rke2"))


def test_registries_yaml_is_read_without_a_cluster_in_the_plan() -> None:
    assert urls(node({"r.yml": "mirrors: {'*': {endpoint: [m]}}"}, platform=WINDOWS), "quay.io/a:1")[0] == "https://m/v2/a"


def test_another_cluster_does_not_read_it() -> None:
    assert "only K3s and RKE2 read this file" in problem(node({"registries.yaml": "mirrors: {}"}, cluster="kubeadm"))


def test_misspelt_key_is_reported() -> None:
    config = node({"registries.yaml": "mirrors:\n  docker.io:\n    endpoints: [m]\n"}, cluster="rke2")
    assert "'endpoints' is not a key of a mirror" in config.notes[0].why
    assert config.notes[0].location.line == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mirrors: [docker.io]", "n/registries.yaml:1: `mirrors` must be a mapping"),
        ("mirrors:\n  docker.io: m", "n/registries.yaml:2: 'docker.io' must be a mapping"),
        ("mirrors: {docker.io: {endpoint: m}}", "must be a list"),
        ("mirrors: {docker.io: {endpoint: ['ftp://m']}}", "is not an http(s) URL"),
        ("mirrors: {docker.io: {endpoint: [m], rewrite: [x]}}", "`rewrite` must be a mapping"),
        ("mirrors: {}\n---\nmirrors: {}", "only the first of its documents"),
        ("mirrors: {docker.io: {}, docker.io: {}}", "occurs twice"),
        ("mirrors:\n\tdocker.io:", "not YAML"),
        ("mirrors: " + "[" * 5000, "nest"),
        ("mirrors: \x00", "U+0000"),
    ],
)
def test_unreadable_file_is_unknown_for_every_registry(text: str, why: str) -> None:
    assert why in problem(node({"registries.yaml": text}, cluster="rke2"))


@pytest.mark.parametrize(
    ("pattern", "instead", "result"),
    [
        ("^(.*)$", "hub/$1", "hub/rancher/pause"),
        ("(.*)", "hub/$1", "hub/rancher/pause"),  # Go does not replace the empty match at the end once more
        ("^rancher/(.*)", "x/$1", "x/pause"),
        ("^rancher/(?P<rest>.*)$", "${rest}/y", "pause/y"),
        ("^rancher/(.*)", "$1x", ""),  # to Go this is the group named 1x, which does not exist
        ("^rancher/(.*)", "${1}x", "pausex"),
        ("^quay/(.*)", "x/$1", "rancher/pause"),
        ("a", "$$", "r$ncher/p$use"),
        ("^([^/]+)/(.+)$", "$2/$1", "pause/rancher"),
        ("[a-c]{2}|p", "-$9", "rancher/-ause"),
        ("", "x/", "x/rx/ax/nx/cx/hx/ex/rx//x/px/ax/ux/sx/ex/"),
    ],
)
def test_rewrites_match_go(pattern: str, instead: str, result: str) -> None:
    assert rewritten([(pattern, instead)], "rancher/pause") == result


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|aa)+$", "(.*)*", "a**", "*a", "(?i)a", "(?=a)", "a\\1", "\\pL", "[[:alpha:]]", "(", "a" * 201,
     "a?" * 30 + "a" * 30, ".*.*.*.*x", "(a|a)" * 30 + "$", "[z-a]", "a{1001}", "\\Qa\\E", "a*+", "\x00("],
)  # fmt: skip
def test_slow_or_ambiguous_patterns_are_rejected(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        rewritten([(pattern, "x")], "a" * 100)


def test_several_matching_rewrites_are_unknown() -> None:
    rewrites = [("^a/", "x/"), ("^a", "y")]
    with pytest.raises(NotUnderstood, match="order is not defined"):
        rewritten(rewrites, "a/b")
    assert rewritten([("^a/", "x/"), ("^q/", "y/")], "a/b") == "x/b"


def test_unsupported_rewrite_makes_the_path_unknown() -> None:
    config = node({"registries.yaml": "mirrors: {docker.io: {endpoint: [m], rewrite: {'(a+)+': x}}}"}, cluster="rke2")
    (first, last) = config.asked(parse_reference("busybox"))
    assert (first.path, first.repository) == ("", "")
    assert "cannot be evaluated" in first.doubt
    assert last.doubt == ""


@given(st.text(alphabet="ab(|)*+?^$.[]{}1,-/\\", max_size=40), st.text(alphabet="$1{}ab/", max_size=10))
def test_any_pattern_ends_with_a_result_or_our_error(pattern: str, instead: str) -> None:
    started = time.process_time()
    with contextlib.suppress(NotUnderstood):
        rewritten([(pattern, instead)], "ab" * 60)
    assert time.process_time() - started < 2
