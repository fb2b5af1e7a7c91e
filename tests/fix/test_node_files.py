"""Node files keep their settings, and the next audit no longer has the findings that they fix."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.fix.node_files import DROP_IN
from auditor.testing import site_of
from tests.fix.made import assert_circle, checks_of, written

IN = "in.example:5000"
REGISTRIES = f"""# of the site
configs:
  "{IN}":
    tls:
      ca_file: /etc/ssl/private-ca.pem   # from the PKI team
    auth: {{username: puller, password: s3cret}}
mirrors:
  quay.io:                # the old mirror
    endpoint:
      - https://quay-cache.example
"""
RKE2: dict[str, Any] = {
    "plan": f"""
version: 1
pools: {{linux: {{platform: linux/amd64, runtime: containerd 2.1.4-k3s1, config: [nodes]}}}}
cluster: {{distribution: rke2, version: v1.33.5+rke2r1}}
images: [{{ref: "src.example/shop/web:1"}}, {{ref: "docker.io/library/busybox:1"}}]
registry: {{host: "{IN}", rewrites: {{docker.io: "{IN}/hub"}}}}
network: {{reachable: [quay-cache.example]}}
""",
    "files": {"nodes/registries.yaml": REGISTRIES},
}


def rke2(registries: str | None, *, version: str = "v1.33.5+rke2r1", **files: str) -> dict[str, Any]:
    """The site with another registries.yaml, and other files under `nodes`."""
    named = {f"nodes/{name}": text for name, text in files.items()}
    named |= {"nodes/registries.yaml": registries} if registries is not None else {}
    return {"plan": RKE2["plan"].replace("v1.33.5+rke2r1", version), "files": named}


def test_registries_yaml_keeps_configs_mirrors_and_comments() -> None:
    files = assert_circle(RKE2)
    text = files["nodes/linux/registries.yaml"].text
    before, after = yaml.safe_load(REGISTRIES), yaml.safe_load(text)
    assert after["configs"] == before["configs"]
    assert after["mirrors"]["quay.io"] == before["mirrors"]["quay.io"]
    assert after["mirrors"]["docker.io"] == {"endpoint": [f"https://{IN}"], "rewrite": {"^(.*)$": "hub/$1"}}
    assert all(line in text for line in REGISTRIES.splitlines())
    assert files["nodes/linux/registries.yaml"].is_secret


def test_flag_is_written_to_a_separate_file() -> None:
    files = assert_circle(RKE2)
    assert files[f"nodes/linux/{DROP_IN}"].text == "disable-default-registry-endpoint: true\n"
    assert f"/etc/rancher/rke2/{DROP_IN}" in files["nodes/linux/install.sh"].text


def test_only_the_flag_is_written_if_the_mirrors_are_valid() -> None:
    mirrors = yaml.safe_load(REGISTRIES)
    mirrors["mirrors"] = {
        "src.example": {"endpoint": [f"https://{IN}"]},
        "docker.io": {"endpoint": [f"https://{IN}"], "rewrite": {"^(.*)$": "hub/$1"}},
    }
    files = assert_circle(rke2(yaml.safe_dump(mirrors)))
    assert "nodes/linux/registries.yaml" not in files
    assert checks_of(files[f"nodes/linux/{DROP_IN}"]) == {"mirror-not-configured"}


@pytest.mark.parametrize(
    "registries",
    [
        "configs: {}\n",
        "mirrors:\n",
        "mirrors: {}\nconfigs:\n",
        'mirrors: {"docker.io": {endpoint: ["https://else.example"]}}\nconfigs: {"x.example": {auth: {token: abc}}}\n',
        "mirrors:\n  docker.io:\n    endpoint: ['https://in.example:5000']\n    rewrite: {'^(.*)$': 'wrong/$1'}\n# end\n",
        "mirrors:\n    docker.io: &hub\n        endpoint: [https://else.example]\n    ghcr.io: *hub\n",
        "configs:\r\n  x.example:\r\n    tls: {ca_file: /ca.pem}\r\n",
        'mirrors:\n  "*":\n    endpoint: ["https://mirror.outside.example"]\n',
    ],
)
def test_every_spelling_of_registries_yaml_keeps_its_keys(registries: str) -> None:
    files = assert_circle(rke2(registries))
    before, after = yaml.safe_load(registries), yaml.safe_load(files["nodes/linux/registries.yaml"].text)
    assert (after.get("configs") or {}) == (before.get("configs") or {})
    kept = {name: entry for name, entry in (before.get("mirrors") or {}).items() if name not in {"docker.io", "src.example"}}
    assert {name: after["mirrors"][name] for name in kept} == kept


def test_release_without_the_flag_is_not_reported_as_fixed() -> None:
    form = rke2(None, version="v1.28.5+rke2r1", **{"config.yaml": "disable-default-registry-endpoint: true\n"})
    form["files"]["nodes/registries.yaml"] = f"mirrors: {{src.example: {{endpoint: ['https://{IN}']}}}}\n"
    files = written(site_of(form))
    assert not [path for path in files if path.endswith(DROP_IN)]
    assert not [file for file in files.values() if any(f.subject.id == "src.example" for f in file.resolves if file.place)]


def test_file_with_credentials_outside_the_evidence_is_never_replaced() -> None:
    form = rke2(None, **{"config.yaml": "write-kubeconfig-mode: '0600'\n"})
    form["files"]["plan.yaml.left-out"] = '{"nodes/registries.yaml": "it holds credentials"}'
    files = written(site_of(form))
    assert "nodes/linux/registries.yaml" not in files
    part = files["nodes/linux/registries-mirrors.yaml"]
    assert set(yaml.safe_load(part.text)) == {"mirrors"}
    assert not part.resolves
    script = files["nodes/linux/install.sh"].text
    assert "registries.yaml" not in script.replace("registries-mirrors.yaml", "")
    assert "Merge it by hand" in script
    assert "exit 3" in script


CONTAINERD: dict[str, Any] = {
    "plan": f"""
version: 1
pools: {{linux: {{platform: linux/amd64, runtime: containerd 2.1.6, config: [nodes]}}}}
images: [{{ref: "docker.io/library/busybox:1"}}]
registry: {{host: "{IN}", rewrites: {{docker.io: "{IN}/hub"}}}}
""",
    "files": {
        "nodes/config.toml": """version = 3
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/containerd/certs.d"
"""
    },
}


@pytest.mark.parametrize(
    "hosts",
    [
        """server = "https://registry-1.docker.io"

# by ada
[host."https://in.example:5000/v2/hub"]
override_path = true
ca = "/etc/ca.pem"
  [host."https://in.example:5000/v2/hub".header]
  x-site = "plant7"
""",
        '# ours\n[host."https://mirror.outside.example"]\ncapabilities = ["pull", "resolve"]\n',
        f'server = "https://{IN}"\noverride_path = true\n',
        'capabilities = ["pull"]\nskip_verify = true\n',
    ],
)
def test_hosts_toml_keeps_existing_settings(hosts: str) -> None:
    place = "nodes/certs.d/docker.io/hosts.toml"
    form = {"plan": CONTAINERD["plan"], "files": {**CONTAINERD["files"], place: hosts}}
    text = assert_circle(form)["nodes/linux/certs.d/docker.io/hosts.toml"].text
    after, before = tomllib.loads(text), tomllib.loads(hosts)
    assert after["server"] == f"https://{IN}/v2/hub"
    kept = {url: table for url, table in before.get("host", {}).items() if "outside" not in url}
    assert after.get("host", {}) == kept
    assert after.get("ca") == next((table["ca"] for table in kept.values() if "ca" in table), None)
    assert after.get("skip_verify") == before.get("skip_verify")
    assert all(line.strip() in text for line in hosts.splitlines())


def run_installer(folder: Path, *, certs_d: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CERTS_D": str(certs_d)}
    command = ["bash", str(folder / "install.sh")]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Path, Path, str]:
    """A folder of written files, the folder of the node, and the content of the node's hosts.toml."""
    hosts = 'server = "https://registry-1.docker.io"\n# password = "s3cret"\n'
    form = {"plan": CONTAINERD["plan"], "files": {**CONTAINERD["files"], "nodes/certs.d/docker.io/hosts.toml": hosts}}
    for path, file in written(site_of(form)).items():
        (tmp_path / "fix" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fix" / path).write_text(file.text)
    node = tmp_path / "node"
    (node / "docker.io").mkdir(parents=True)
    (node / "docker.io/hosts.toml").write_text(hosts)
    return tmp_path / "fix/nodes/linux", node, hosts


def test_install_shows_the_difference_and_keeps_the_old_file(installed: tuple[Path, Path, str]) -> None:
    folder, node, hosts = installed
    done = run_installer(folder, certs_d=node)
    assert done.returncode == 0, done.stderr
    assert f'+server = "https://{IN}/v2/hub"' in done.stdout
    assert "s3cret" not in done.stdout
    (kept,) = (node / "docker.io").glob("hosts.toml.before-*")
    assert kept.read_text() == hosts
    again = run_installer(folder, certs_d=node)
    assert (again.returncode, "is up to date" in again.stdout) == (0, True)


def test_install_rejects_a_node_file_that_differs_from_the_plan(installed: tuple[Path, Path, str]) -> None:
    folder, node, _ = installed
    (node / "docker.io/hosts.toml").write_text("# another\n")
    done = run_installer(folder, certs_d=node)
    assert done.returncode == 3
    assert "refused" in done.stderr
    assert (node / "docker.io/hosts.toml").read_text() == "# another\n"


def test_install_rejects_a_node_file_that_the_plan_does_not_have(tmp_path: Path) -> None:
    for path, file in written(site_of(CONTAINERD)).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(file.text)
    target = tmp_path / "node/docker.io/hosts.toml"
    target.parent.mkdir(parents=True)
    target.write_text("# of the node\n")
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    assert run_installer(tmp_path / "nodes/linux", certs_d=tmp_path / "node").returncode == 3
    assert hashlib.sha256(target.read_bytes()).hexdigest() == digest
