"""Mistakes in a plan: all are reported together, each at its location, with a text that states what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import PlanError
from auditor.plan.load import load_plan
from tests.plan.made import HEAD, POOL, refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\npools: {one: {platfrom: linux}}\n", "plan.yaml:2:15: unknown key 'platfrom' (did you mean platform?)"),
        (HEAD + "imagse: []\n", "plan.yaml:3:1: unknown key 'imagse' (did you mean images?)"),
        ("version: 2\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:1:1: version: 2 is not a known plan version"),
        ("version: 1\n", "plan.yaml:1:1: 'pools' is missing"),
        ("version: 1\npools: {}\n", "plan.yaml:2:1: 'pools' must not be empty"),
        ("version: 1\npools: {one: {platform: windows/amd64}}\n", "plan.yaml:2:15: 'windows/amd64' has no Windows build"),
        ("version: 1\npools: {one: {platform: linux}}\n", "plan.yaml:2:15: 'linux' is not a platform"),
        (POOL % "nodes: 0", "plan.yaml:2:38: nodes: 0 should be greater"),
        (POOL % "nodes: [1]", "plan.yaml:2:38: nodes: expected a whole number"),
        (POOL % "disk: 200G", "plan.yaml:2:38: 'G' is ambiguous"),
        ("version: 1\npools: {'a b': {platform: linux/amd64}}\n", "plan.yaml:2:9: 'a b' is not a valid name"),
        (POOL % "root_updates: maybe", "plan.yaml:2:38: 'maybe' is not valid"),
        ("version: 1\nhorizon: soon\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:2:1: 'soon' is not a date"),
        ("version: 1\nhorizon: 9999-01-01\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:2:1: '9999-01-01' is no"),
        (HEAD + "images: [{ref: a, list: b}]\n", "plan.yaml:3:10: either list or ref, not list and ref"),
        (HEAD + "images: [{pools: [one]}]\n", "plan.yaml:3:10: list or ref is required"),
        (HEAD + "images: [{ref: a, pools: [oen]}]\n", "plan.yaml:3:27: unknown pool 'oen' (did you mean one?)"),
        (HEAD + "images: [{ref: a, pools: [xyzzy]}]\n", "unknown pool 'xyzzy' (pools: one)"),
        (HEAD + "images: [{list: b.txt}]\n", "plan.yaml:3:11: b.txt: the evidence does not contain it"),
        (HEAD + "endpoints: [r.local]\n", "plan.yaml:3:13: 'r.local' has no port: write r.local:443"),
        (HEAD + "endpoints: ['r.local:1', 'r.local:1']\n", "the endpoint r.local:1 is listed twice"),
        (HEAD + "endpoints: ['https://r.local']\n", "is a URL: write host:port"),
        (HEAD + "endpoints: ['r.local:99999']\n", "99999 is not a port"),
        (HEAD + "endpoints: ['-:1']\n", "is not a host name"),
        (HEAD + "registry: {host: 'a b'}\n", "plan.yaml:3:12: 'a b' is not host:port"),
        (HEAD + "registry: {host: 5}\n", 'expected text, but YAML does not read 5 as text (put it in quotes: "5")'),
        (HEAD + "registry: {host: ''}\n", "it is empty"),
        (HEAD + 'registry: {host: "a\\eb"}\n', "control characters are not allowed"),
        (HEAD + "network: {reachable: [10.0.0.0/99]}\n", "plan.yaml:3:23: '10.0.0.0/99' is neither a network"),
        (HEAD + "network: {reachable: ['http://x']}\n", "is a URL: write a host pattern"),
        (HEAD + "waivers: [{check: a, subject: b, owner: c, expires: 2027-01-01}]\n", "plan.yaml:3:11: 'reason' is missing"),
        (HEAD + "severity: {image-absent: fatal}\n", "plan.yaml:3:12: image-absent: 'fatal' is not one of"),
        (HEAD + "copy: {media: {size: 1GB, filesystem: fat99}}\n", "'fat99' is not a known filesystem"),
        (HEAD + "workloads: [{values: []}]\n", "manifests or chart or observed is required"),
        ("version: 1\npools: 3\n", "plan.yaml:2:1: pools: expected a mapping: {key: value}, not 3"),
        ("- 1\n", "plan.yaml:1:1: the plan: expected a mapping: {key: value}"),
        ("", "plan.yaml: the file is empty"),
        ("version: 1\nversion: 1\n", "plan.yaml:2:1: the key 'version' occurs twice (the first is at line 1)"),
        ("version: 1\n\tpools: 1\n", "indent with spaces, not with tabs"),
        ("version: [1\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "not YAML: but found another document"),
        ("? [a]\n: 1\n", "only plain keys are allowed here"),
        ("a: &a [1, *a]\n", "nested deeper"),
        (HEAD + "horizon: 2027-06-31\n", "plan.yaml:3:1: '2027-06-31' is not a date"),
        ("version: true\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:1:1: version: true is not a known plan version"),
        ("version: 1\npools: {one: {platform: linux/amd46}}\n", "have the architecture 'amd46': did you mean amd64?"),
        ("version: 1\npools: {one: {platform: linux/vax}}\n", "known: amd64, arm64"),
        ("version: 1\npools: {one: {platform: 'linux/amd64:ltsc2022'}}\n", "only Windows has builds; write linux/amd64"),
        ("version: 1\npools: {one: {platform: darwin/arm64}}\n", "linux or windows, not 'darwin'"),
        (POOL % "nodes: yes", "nodes: expected a whole number, not yes"),
        (POOL % "runtime: containerd latest", "'latest' is not a version, because it has no number"),
        (POOL % "disk: 1.5", "expected a size, such as 200GB"),
        (POOL % "disk: [1]", "expected a size, such as 200GB"),
        (POOL % "disk: {a: 1}", "expected a size, such as 200GB"),
        (POOL % f"nodes: 0x{'f' * 5000}", "nodes: "),
        (POOL % "root_updates: 'http://u:p@mirror/'", "a plan may not hold a password in a URL"),
        (HEAD + "copy: {staging: {disk: }}\n", "expected a size, such as 200GB"),
        (HEAD + "copy: {options: [--dest-creds, 'admin:hunter2']}\n", "plan.yaml:3:8: a plan may not hold credentials"),
        (HEAD + "registry: {host: 'r:1', rewrites: {docker.io: 'https://r:1'}}\n", "is a URL"),
        (HEAD + "registry: {host: 'r:1', rewrites: {docker.io/: 'r:1'}}\n", "'docker.io/' is not an image prefix"),
        (HEAD + "registry: {host: 'r:1', insecure: 5}\n", "insecure: expected true or false, not 5"),
        (HEAD + "network: {reachable: ['a b']}\n", "'a b' is neither a network nor a host pattern"),
        (HEAD + "network: {reachable: ['host:443']}\n", "without a port"),
        (HEAD + "endpoints: ['[zz]:1']\n", "'[zz]' is not an IPv6 address"),
        (HEAD + "endpoints: [5]\n", "item 1 of endpoints: expected a mapping: {key: value}, not 5"),
        (HEAD + "images:\n", "images is empty: expected a list: [one, two], or remove the key"),
        (HEAD + "cluster: {distribution: rke2, version: 1.30}\n", "expected text, but YAML does not read 1.30 as text"),
        (HEAD + "name: !!bool x\n", "is not allowed in a plan"),
        (HEAD + "name: !!timestamp x\n", "is not allowed in a plan"),
        (HEAD + 'name: !!int ""\n', "is not allowed in a plan"),
        (HEAD + 'name: !!float ""\n', "is not allowed in a plan"),
        (HEAD + 'name: "a\\u202eb"\n', "control characters are not allowed"),
        (HEAD + 'registry: {host: "r:1", ca: "a\\x9bb"}\n', "control characters are not allowed"),
        ("version: 1\nname: a\x07b\n", "plan.yaml:2:8: invisible character U+0007 (remove it)"),
    ],
)  # fmt: skip
def test_mistake_is_reported_at_its_location(text: str, expected: str) -> None:
    assert expected in refused(text)


def test_all_mistakes_are_reported_together_in_file_order() -> None:
    found = refused("version: 3\npools:\n  one: {platfrom: x, disk: 1X}\nwaivers: [{}]\n").splitlines()
    assert len(found) > 5
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)


def test_dangling_names_and_duplicate_keys_are_reported_with_the_others() -> None:
    found = refused(HEAD + "imagse: []\nimages: [{ref: a, pools: [oen]}, {list: gone.txt}]\nname: a\nname: b\n").splitlines()
    assert [problem.split(": ")[0] for problem in found] == [
        "plan.yaml:3:1",
        "plan.yaml:4:27",
        "plan.yaml:4:35",
        "plan.yaml:6:1",
    ]


def test_control_characters_of_a_key_are_escaped() -> None:
    said = refused(HEAD + 'severity: {"image\\e[31m": fatal}\n')
    assert "\x1b" not in said
    assert "image\\u001b[31m" in said


@pytest.mark.parametrize(
    ("text", "last"),
    [
        (POOL % f'runtime: "{"c " * 200_000}"', "too long for a plan"),
        (HEAD + "".join(f"key{number}: 1\n" for number in range(2_000)), "plan.yaml: and 1,950 more problems"),
        (HEAD + "name: x\n" * 2_000, "plan.yaml: and 1,949 more problems"),
        (HEAD + f"{'k' * 1_000}: 1\n", "require)"),
        (HEAD + f"images: [{{ref: a, pools: [{'p' * 100_000}]}}]\n", "(pools: one)"),
        (HEAD + f"images: [{{list: {'p' * 1_900}}}]\n", ""),
    ],
    ids=["value", "keys", "duplicates", "key", "pool", "file"],
)
def test_messages_have_a_bounded_length(text: str, last: str) -> None:
    said = refused(text)
    assert len(said) < 15_000
    assert last in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name: \xff\xfe", r"plan\.yaml:1: not UTF-8 text \(save it as UTF-8\)$"),
        ("version: 1\n".encode("utf-16"), "it is UTF-16: save it as UTF-8"),
        (b"#" * (4 * 1024 * 1024 + 1), "larger than 4,194,304 bytes"),
    ],
    ids=["bytes", "utf-16", "large"],
)
def test_plan_that_is_not_utf8_text_is_rejected(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "plan.yaml").write_bytes(data)
    with pytest.raises(PlanError, match=said):
        load_plan(tmp_path / "plan.yaml")
