"""Audit, fix and audit with real parts: a private CA, a registries.yaml with `configs`, pinned lists, a foreign layer.

Audit, fix, apply every file, run the script of one tool, audit again: READY, and a second fix writes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.runner import auditor
from tests.peers.authority import make_authority
from tests.peers.images import build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import Authority, allow_urls, free_port, serve

pytestmark = pytest.mark.peer
# The plans name no distribution, so the pause image of their nodes is unknown. That is not what these tests are about.
WITHOUT_PAUSE = ("--skip", "default-image-missing")
BOTH = ("--via", "source", "--via", "target")
LINUX, ARM, WINDOWS, OLD = "linux/amd64", "linux/arm64", "windows/amd64:10.0.20348.2", "windows/amd64:10.0.17763.5"
TOOLS = {"crane": "crane 0.20.6", "regctl": "regctl 0.11.7", "skopeo": "skopeo 1.9.3"}
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: api}}
spec: {{nodeSelector: {{kubernetes.io/os: linux}}, containers: [{{name: api, image: "{image}"}}]}}
"""


@dataclass(frozen=True)
class Circle:
    """A folder with a plan, a source without TLS and an internal registry with a certificate of a private CA."""

    folder: Path
    source: str
    inside: str
    authority: Authority

    def audit(self) -> dict[str, Any]:
        """The report of the plan as the registries and files are now."""
        done = auditor("audit", "plan.yaml", *BOTH, *WITHOUT_PAUSE, "--format", "json", cwd=self.folder)
        assert done.returncode in {0, 1, 3}, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def fix(self, output: str) -> Path:
        """The folder that `auditor fix` writes, if it writes any."""
        done = auditor("fix", "plan.yaml", *BOTH, "-o", output, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.folder / output

    def copy(self, fixed: Path, tool: str) -> subprocess.CompletedProcess[str]:
        """Run the copy script of a tool, on a machine that trusts the private CA."""
        folders = [str(Path(require(program)).parent) for program in TOOLS]
        path = os.pathsep.join([*folders, os.environ["PATH"]])
        places = {"WORK": str(self.folder / "work"), "HOME": str(self.folder), "SSL_CERT_FILE": str(self.authority.ca)}
        command = [str(fixed / f"copy/copy-{tool}.sh")]
        environment = {**os.environ, "PATH": path, **places}
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)

    def apply(self, fixed: Path) -> None:
        """Put every file of `fixed` where the page says: node files into the pools' folders, the pinned lists into the plan."""
        for pool in fixed.glob("nodes/*"):
            for path in [path for path in pool.rglob("*") if path.is_file() and path.suffix in {".yaml", ".toml"}]:
                target = self.folder / "nodes" / pool.name / path.relative_to(pool)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        shutil.copytree(fixed / "lists", self.folder / "lists")
        page = (fixed / "README.md").read_text()
        plan = yaml.safe_load((self.folder / "plan.yaml").read_text())
        plan["images"] = yaml.safe_load(page.partition("# pinned\n")[2].partition("~~~")[0])
        (self.folder / "plan.yaml").write_text(yaml.safe_dump(plan))


def registries(inside: str, extra: str) -> str:
    return f"""# managed by the site
mirrors:
  ghcr.io:   # kept
    endpoint: ["https://{inside}"]
configs:
  "{inside}":
    tls:
      ca_file: /etc/ssl/site-ca.pem
{extra}"""


@pytest.fixture
def circle(tmp_path: Path) -> Iterator[Circle]:
    """A site where nothing is copied yet, and whose nodes have a registries.yaml that lacks the mirrors."""
    authority = make_authority(tmp_path, days=3650)
    source, inside = f"localhost:{free_port()}", f"127.0.0.1:{free_port()}"
    made = Circle(tmp_path, source, inside, authority)
    linux, arm, windows = (real_image(platform) for platform in (LINUX, ARM, WINDOWS))
    old = real_image(OLD, docker=True, foreign="http://127.0.0.2:9/v2/shop/old/blobs/")
    with contextlib.ExitStack() as running:
        there = running.enter_context(serve(tmp_path / "source", more=allow_urls(".+"), port=int(source.rpartition(":")[2])))
        running.enter_context(serve(tmp_path / "inside", authority=authority, port=int(inside.rpartition(":")[2])))
        with there.uploader() as push:
            push.index("shop/web", build_index(linux, arm, windows), "1")
            push.index("shop/api", build_index(linux, arm), "1")
            push.index("shop/old", build_index(old), "1")
            push.index("shop/both", build_index(linux, windows), "1")
        pinned = f"{source}/shop/api:1@{build_index(linux, arm).digest}"
        (tmp_path / "linux.txt").write_text(f"{source}/shop/web:1\n{pinned}\n{source}/shop/both:1\n")
        (tmp_path / "w2022.txt").write_text(f"{source}/shop/web:1\n{source}/shop/both:1\n")
        (tmp_path / "w2019.txt").write_text(f"{source}/shop/old:1\n")
        (tmp_path / "pod.yaml").write_text(POD.format(image=f"{source}/shop/api:1"))
        for pool in ("linux", "w2022", "w2019"):
            (tmp_path / "nodes" / pool).mkdir(parents=True)
            login = "    auth: {username: node, password: s3cret}\n" if pool == "linux" else ""
            (tmp_path / "nodes" / pool / "registries.yaml").write_text(registries(inside, login))
            shutil.copy(authority.ca, tmp_path / "nodes" / pool / "site-ca.pem")
        yield made


def write_plan(circle: Circle, tool: str) -> None:
    builds = {"linux": LINUX, "w2022": "windows/amd64:ltsc2022", "w2019": "windows/amd64:ltsc2019"}
    pools = {
        name: {"platform": build, "runtime": "containerd 1.7.27", "config": [f"nodes/{name}"], "trust": ["ca.pem"]}
        for name, build in builds.items()
    }
    plan = {
        "version": 1,
        "name": "circle",
        "pools": pools,
        "images": [{"list": f"{name}.txt", "pools": [name]} for name in builds],
        "workloads": [{"manifests": "pod.yaml"}],
        "copy": {"tool": TOOLS[tool]},
        "registry": {
            "host": circle.inside,
            "kind": "distribution 2.8.2",
            "ca": "ca.pem",
            "rewrites": {circle.source: f"{circle.inside}/mirror"},
        },
    }
    (circle.folder / "plan.yaml").write_text(yaml.safe_dump(plan))


@pytest.mark.parametrize("tool", TOOLS)
def test_audit_is_ready_after_fix_and_a_second_fix_writes_nothing(circle: Circle, tool: str) -> None:
    write_plan(circle, tool)
    before = circle.audit()
    wrong = {finding["check"] for finding in before["findings"] if finding["severity"] == "error"}
    assert {"image-missing-in-target", "mirror-not-configured", "foreign-layer-egress"} <= wrong
    assert before["fix"]["command"] == f"auditor fix plan.yaml {' '.join(BOTH)} -o fix"
    fixed = circle.fix("fix")
    done = circle.copy(fixed, tool)
    assert done.returncode == 0, done.stdout + done.stderr
    circle.apply(fixed)
    after = circle.audit()
    found = [(finding["check"], finding["subject"]["id"], finding["message"]) for finding in after["findings"]]
    assert after["verdict"] == "ready", (found, after["undetermined"])
    assert (after["summary"]["error"], after["summary"]["undetermined"], after["exit_code"]) == (0, 0, 0)
    promised = {finding["fingerprint"] for finding in before["findings"] if finding["fixable"]}
    assert not promised & {finding["fingerprint"] for finding in after["findings"]}
    assert not circle.fix("again").exists()
    nodes = yaml.safe_load((circle.folder / "nodes/linux/registries.yaml").read_text())
    assert nodes["configs"][circle.inside]["auth"] == {"username": "node", "password": "s3cret"}
    assert nodes["mirrors"]["ghcr.io"] == {"endpoint": [f"https://{circle.inside}"]}
    assert "s3cret" not in (fixed / "README.md").read_text()
