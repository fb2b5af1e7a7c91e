"""Loading plans: every key is kept with its place, every mistake is named at its place."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import AuditorError, Location, PlanError, UsageError
from auditor.oci.platform import Platform
from auditor.plan import files as plan_files
from auditor.plan.files import carried_files
from auditor.plan.load import load_plan, load_plan_files, plan_for_lists
from auditor.plan.model import Plan, Program
from auditor.plan.schema import json_schema
from auditor.plan.starter import starter_plan

WHOLE = """\
version: 1
name: plant-7
horizon: 2027-06-30
pools:
  control:  {platform: linux/amd64, nodes: 3, runtime: containerd 2.1.6, disk: 200GB}
  win2022:
    platform: windows/amd64:ltsc2022
    nodes: 4
    runtime: containerd 1.7.27
    disk: 128GB
    clients: [containerd, curl, powershell]
    trust: [certs/corp-root.pem, nodes/win2022-roots.json]
    root_updates: disabled
    config: [nodes/win2022]
cluster: {distribution: rke2, version: v1.33.5+rke2r1, cni: calico}
images:
  - {list: lists/linux.txt, pools: [control]}
  - {ref: "registry.example.com/shop/web:4.2", pools: [control, win2022]}
  - {ref: "registry.example.com/agent:1", host_process: true}
workloads:
  - {manifests: deploy/}
  - {chart: charts/shop, values: [values.yaml]}
copy:
  tool: crane 0.20.6
  options: [--allow-nondistributable-artifacts]
  scripts: [mirror.sh]
  archives: [media/images.tar]
  media: {size: 64GB, filesystem: exfat}
  staging: {disk: 200GB}
  rate: 400Mbit/s
  window: 4h
registry:
  host: registry.plant7.local:5000
  kind: harbor 2.12
  config: registry.yml
  ca: certs/corp-root.pem
  disk: 500GB
  rewrites: {docker.io: registry.plant7.local:5000/dockerhub}
sources: {"mirror.example:5000": {ca: certs/corp-root.pem}}
endpoints:
  - registry.plant7.local:5000
  - {host: "[fd00::1]:6443", chain: certs/api.pem}
network:
  reachable: ["*.plant7.local", 10.0.0.0/8]
waivers:
  - {check: certificate-expiring, subject: "registry.plant7.local:*", reason: rotation, owner: platform, expires: 2027-03-31}
severity: {image-unpinned: info}
"""
NAMED = (
    "certs/corp-root.pem", "nodes/win2022-roots.json", "nodes/win2022/hosts.toml", "nodes/win2022/daemon.json", "lists/linux.txt",
    "deploy/web.yaml", "charts/shop/Chart.yaml", "values.yaml", "mirror.sh", "registry.yml", "certs/api.pem",
)  # fmt: skip


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(WHOLE)
    for name in NAMED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path / "plan.yaml"


def problems(text: str, tmp_path: Path) -> list[str]:
    """What loading the text complains about, without the folder."""
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.yaml")
    return [str(problem).replace(f"{tmp_path}{os.sep}", "") for problem in caught.value.problems]


def test_every_key_is_kept(whole: Path) -> None:
    plan = load_plan(whole)
    assert plan.horizon == datetime.date(2027, 6, 30)
    win = plan.pool("win2022")
    assert win.platform == Platform("windows", "amd64", "", "10.0.20348")
    assert (win.nodes, win.runtime, win.disk) == (4, Program("containerd", "1.7.27"), 128 * 10**9)
    assert (win.clients, win.root_updates) == (("containerd", "curl", "powershell"), "disabled")
    assert plan.cluster is not None
    assert plan.cluster.cni == "calico"
    assert [source.pools for source in plan.images] == [("control",), ("control", "win2022"), ("control", "win2022")]
    assert plan.images[2].host_process
    assert plan.copy is not None
    assert (plan.copy.rate, plan.copy.window, plan.copy.staging) == (50_000_000, 14400, 200 * 10**9)
    assert plan.copy.media is not None
    assert plan.copy.media.filesystem == "exfat"
    assert plan.copy.archives == ("media/images.tar",)
    assert plan.registry is not None
    assert dict(plan.registry.rewrites) == {"docker.io": "registry.plant7.local:5000/dockerhub"}
    assert [source.host for source in plan.sources] == ["mirror.example:5000"]
    assert [endpoint.name for endpoint in plan.endpoints] == ["registry.plant7.local:5000", "[fd00::1]:6443"]
    assert plan.reachable == ("*.plant7.local", "10.0.0.0/8")
    assert plan.waivers[0].expires == datetime.date(2027, 3, 31)
    assert dict(plan.severities) == {"image-unpinned": "info"}
    with pytest.raises(KeyError):
        plan.pool("nobody")


def test_named_files_are_read_and_archives_are_not(whole: Path) -> None:
    plan = load_plan(whole)
    assert set(plan.files) == {"plan.yaml", *NAMED}
    assert plan.files["certs/api.pem"] == b"# certs/api.pem\n"


def test_keys_know_their_place(whole: Path) -> None:
    plan = load_plan(whole)
    assert plan.where("pools", "win2022", "disk") == Location(str(whole), 10, 5)
    assert plan.where("images", 1, "ref").line == 18
    assert plan.where("registry", "no-such-key") == plan.where("registry")
    assert plan.where("nothing") == Location(str(whole))
    assert plan.waivers[0].location.line == 46
    assert str(plan.where("copy", "rate")) == f"{whole}:30:3"


def test_a_plan_loads_from_carried_files_alone(whole: Path) -> None:
    plan = load_plan(whole)
    again = load_plan_files("plan.yaml", plan.files)
    assert again.sha256 == plan.sha256
    assert again.pools[1].platform == plan.pools[1].platform
    assert dict(again.files) == dict(plan.files)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\npools:\n  one: {platfrom: linux/amd64}\n", "plan.yaml:3:9: unknown key 'platfrom' (did you mean platform?)"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nimagse: []\n", "plan.yaml:3:1: unknown key 'imagse' (did you mean images?)"),
        ("version: 2\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:1:1: version: 2 is not one of 1"),
        ("version: 1\n", "plan.yaml:1:1: 'pools' is missing"),
        ("version: 1\npools: {}\n", "plan.yaml:2:1: 'pools' must not be empty"),
        ("version: 1\npools: {one: {platform: windows/amd64}}\n", "plan.yaml:2:15: 'windows/amd64' lacks the Windows build"),
        ("version: 1\npools: {one: {platform: linux}}\n", "plan.yaml:2:15: 'linux' is no platform"),
        ("version: 1\npools: {one: {platform: linux/amd64, nodes: 0}}\n", "plan.yaml:2:38: nodes: 0 should be greater"),
        ("version: 1\npools: {one: {platform: linux/amd64, nodes: [1]}}\n", "plan.yaml:2:38: nodes: should be a valid integer"),
        ("version: 1\npools: {one: {platform: linux/amd64, disk: 200G}}\n", "plan.yaml:2:38: 'G' can be read in two ways"),
        ("version: 1\npools: {'a b': {platform: linux/amd64}}\n", "plan.yaml:2:9: 'a b' is no name"),
        ("version: 1\npools: {one: {platform: linux/amd64, root_updates: maybe}}\n", "plan.yaml:2:38: 'maybe' is not understood"),
        ("version: 1\nhorizon: soon\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:2:1: 'soon' is no date"),
        ("version: 1\nhorizon: 9999-01-01\npools: {one: {platform: linux/amd64}}\n", "plan.yaml:2:1: '9999-01-01' is no"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nimages: [{ref: a, list: b}]\n", "plan.yaml:3:10: either list or ref, not list and ref"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nimages: [{pools: [one]}]\n", "plan.yaml:3:10: list or ref is needed"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nimages: [{ref: a, pools: [oen]}]\n", "plan.yaml:3:19: there is no pool 'oen' (did you mean one?)"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nimages: [{ref: a, pools: [xyzzy]}]\n", "there is no pool 'xyzzy' (pools: one)"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nimages: [{list: b.txt}]\n", "plan.yaml:3:11: b.txt: there is no such file"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nendpoints: [r.local]\n", "plan.yaml:3:13: 'r.local' lacks the port: write r.local:443"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nendpoints: ['r.local:1', 'r.local:1']\n", "the endpoint r.local:1 is listed twice"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nendpoints: ['https://r.local']\n", "is a URL: write host:port"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nendpoints: ['r.local:99999']\n", "99999 is no port"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nendpoints: ['-:1']\n", "is no host name"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nregistry: {host: 'a b'}\n", "plan.yaml:3:12: 'a b' is no host:port"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nregistry: {host: 5}\n", "text is needed, not 5: put it in quotes"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nregistry: {host: ''}\n", "this is empty"),
        ('version: 1\npools: {one: {platform: linux/amd64}}\nregistry: {host: "a\\eb"}\n', "control characters do not belong here"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nnetwork: {reachable: [10.0.0.0/99]}\n", "plan.yaml:3:23: '10.0.0.0/99' is no network"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nnetwork: {reachable: ['http://x']}\n", "is a URL: write a host pattern"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nwaivers: [{check: a, subject: b, owner: c, expires: 2027-01-01}]\n", "plan.yaml:3:11: 'reason' is missing"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nseverity: {image-absent: fatal}\n", "plan.yaml:3:12: image-absent: 'fatal' is not one of"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\ncopy: {media: {size: 1GB, filesystem: fat99}}\n", "'fat99' is no filesystem"),
        ("version: 1\npools: {one: {platform: linux/amd64}}\nworkloads: [{values: []}]\n", "manifests or chart is needed"),
        ("version: 1\npools: 3\n", "plan.yaml:2:1: pools: 3 should be a valid dictionary"),
        ("- 1\n", "plan.yaml:1:1: the plan: should be a valid dictionary"),
        ("", "plan.yaml: the file is empty"),
        ("version: 1\nversion: 1\n", "plan.yaml:2:1: 'version' stands here again (the first is at line 1)"),
        ("version: 1\n\tpools: 1\n", "indent with spaces, not with tabs"),
        ("version: [1\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "not YAML: but found another document"),
        ("? [a]\n: 1\n", "only plain keys are understood here"),
        ("a: &a [1, *a]\n", "nested deeper"),
        ("when: 2027-13-45\n", "plan.yaml:1:"),
    ],
)  # fmt: skip
def test_mistakes_are_named_at_their_place(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(text, tmp_path)
    assert any(expected in problem for problem in found), found


def test_all_mistakes_come_at_once_and_in_order(tmp_path: Path) -> None:
    found = problems("version: 3\npools:\n  one: {platfrom: x, disk: 1X}\nwaivers: [{}]\n", tmp_path)
    assert len(found) > 5
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)


def test_an_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert any("more than" in problem for problem in problems("\n".join(rows), tmp_path))


def test_other_hostile_plans(tmp_path: Path) -> None:
    assert any("deeper" in problem or "deeply" in problem for problem in problems("[" * 3000 + "]" * 3000, tmp_path))
    (tmp_path / "plan.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(PlanError, match="not UTF-8"):
        load_plan(tmp_path / "plan.yaml")
    (tmp_path / "plan.yaml").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(PlanError, match="more than"):
        load_plan(tmp_path / "plan.yaml")
    with pytest.raises(UsageError, match=r"nothing\.yaml"):
        load_plan(tmp_path / "nothing.yaml")


def test_a_named_file_must_be_a_regular_file_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = "version: 1\npools: {one: {platform: linux/amd64, trust: [%s]}}\n"
    os.mkfifo(tmp_path / "pipe")
    assert any("no regular file" in problem for problem in problems(head % "sub", _with_pipe(tmp_path)))
    (tmp_path / "roots.pem").write_text("x" * 100)
    assert "did you mean roots.pem?" in problems(head % "root.pem", tmp_path)[0]
    monkeypatch.setattr(plan_files, "MAX_FILE", 50)
    assert "larger than the 50 bytes" in problems(head % "roots.pem", tmp_path)[0]
    monkeypatch.setattr(plan_files, "MAX_FILE", 5000)
    monkeypatch.setattr(plan_files, "MAX_TOTAL", 50)
    assert "larger than 50 bytes together" in problems(head % "roots.pem", tmp_path)[0]
    monkeypatch.setattr(plan_files, "MAX_FILES", 1)
    assert "more than 1 files" in problems(head % "many", _with_many(tmp_path))[0]


def _with_pipe(folder: Path) -> Path:
    """A device that never ends, behind a link: opening a FIFO would wait for a writer."""
    (folder / "sub").symlink_to("/dev/zero")
    return folder


def _with_many(folder: Path) -> Path:
    (folder / "many").mkdir()
    for number in range(3):
        (folder / "many" / f"{number}.pem").write_text("x")
    return folder


def test_secrets_are_not_carried(whole: Path) -> None:
    folder = whole.parent
    (folder / "certs" / "api.pem").write_text("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n")
    (folder / "nodes" / "win2022" / "daemon.json").write_text('{"auths": {"r": {"auth": "c2VjcmV0"}}}')
    (folder / "nodes" / "win2022" / "hosts.toml").write_text('[header]\nAuthorization = "Basic abc"\n')
    (folder / "values.yaml").write_text(
        "tls:\n  key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlCQURBTkJna3Foa2lHOXcwQkFRRUY=\n"
    )
    (folder / "deploy" / "web.yaml").write_bytes(b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d")
    kept, left_out = carried_files(load_plan(whole))
    assert {entry.split(":")[0] for entry in left_out} == {
        "certs/api.pem", "nodes/win2022/daemon.json", "nodes/win2022/hosts.toml", "values.yaml", "deploy/web.yaml",
    }  # fmt: skip
    assert "plan.yaml" in kept
    assert "certs/corp-root.pem" in kept


def test_the_starter_loads_and_so_does_every_part_of_it_uncommented(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(starter_plan())
    assert load_plan(tmp_path / "plan.yaml").name == "my-site"
    (tmp_path / "plan.yaml").write_text(starter_plan().replace("#| ", ""))
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.yaml")
    assert {problem.message.split(": ")[1] for problem in caught.value.problems} == {"there is no such file"}


def test_the_schema_accepts_whole_plans_and_refuses_misspelt_ones() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for text in (WHOLE, starter_plan(), starter_plan().replace("#| ", "")):
        jsonschema.validate(_as_json(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_as_json(WHOLE.replace("horizon", "horizno")), schema)


def _as_json(text: str) -> object:
    return yaml.load(text, Loader=_DatesAsText)  # noqa: S506 - SafeLoader without dates


class _DatesAsText(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def test_lists_make_a_plan_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("busybox:1\n")
    plan = plan_for_lists([tmp_path / "a.txt"], ["linux/amd64", "windows/amd64:ltsc2022", "linux/amd64"])
    assert [pool.name for pool in plan.pools] == ["linux-amd64", "windows-amd64-ltsc2022"]
    assert plan.images[0].pools == ("linux-amd64", "windows-amd64-ltsc2022")
    for platform, said in (
        ("linux", "no platform"),
        ("windows/amd64", "lacks the Windows build"),
        ("darwin/arm64", "linux or windows"),
    ):
        with pytest.raises(UsageError, match=said):
            plan_for_lists([tmp_path / "a.txt"], [platform])
    with pytest.raises(PlanError, match="no such file"):
        plan_for_lists([tmp_path / "b.txt"], ["linux/amd64"])


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet="versionpl:1{}[]-&*!\n\t '\"#|>", max_size=120).map(str.encode)))
def test_any_bytes_give_a_plan_or_our_error(data: bytes) -> None:
    try:
        plan = load_plan_files("plan.yaml", {"plan.yaml": data})
    except AuditorError as error:
        assert error.summary
    else:
        assert isinstance(plan, Plan)
