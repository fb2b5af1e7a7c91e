"""Charts that helm and oras push to a real registry: missing ones in the internal registry, and the script that copies them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import auditor
from tests.peers.programs import require
from tests.peers.registry import free_port, serve

pytestmark = pytest.mark.peer

CHECK = "chart-missing-in-target"
RELEASE = """
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: podinfo, namespace: apps}}
spec: {{url: "oci://{host}/charts/podinfo", ref: {{tag: {version}}}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: podinfo, namespace: apps}}
spec: {{chartRef: {{kind: OCIRepository, name: podinfo}}}}
"""


@dataclass(frozen=True)
class Two:
    """A folder with a plan, a source with two versions of a chart, and an internal registry with the older one."""

    folder: Path
    source: str
    inside: str

    def write(self, host: str, version: str = "6.15.0") -> None:
        """Write a plan whose release pulls the chart from `host`."""
        (self.folder / "deploy.yaml").write_text(RELEASE.format(host=host, version=version))
        plan = (
            "version: 1\npools: {control: {platform: linux/amd64}}\nworkloads: [{manifests: deploy.yaml}]\n"
            f"registry: {{host: '{self.inside}'}}\ncopy: {{tool: crane 0.20.6}}\n"
        )
        (self.folder / "plan.yaml").write_text(plan)

    def judged(self, *via: str) -> dict[str, Any]:
        """Return the findings and undetermined outcomes of the check."""
        words = [word for place in via for word in ("--via", place)]
        done = auditor("audit", "plan.yaml", *words, "--only", CHECK, "--format", "json", cwd=self.folder)
        assert done.returncode in {0, 1, 3}, done.stdout + done.stderr
        report = json.loads(done.stdout)
        return {key: [one for one in report[key] if one["check"] == CHECK] for key in ("findings", "undetermined")}


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    helm, oras = require("helm"), require("oras")
    made = Two(tmp_path, f"localhost:{free_port()}", f"127.0.0.1:{free_port()}")
    chart = tmp_path / "podinfo"
    (chart / "templates").mkdir(parents=True)
    source, inside = (int(host.rpartition(":")[2]) for host in (made.source, made.inside))
    with serve(tmp_path / "source", port=source), serve(tmp_path / "inside", port=inside):
        for version in ("6.14.0", "6.15.0"):
            (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: podinfo\nversion: {version}\n")
            subprocess.run([helm, "package", str(chart), "-d", str(tmp_path)], check=True, capture_output=True)
            archive = str(tmp_path / f"podinfo-{version}.tgz")
            subprocess.run(
                [helm, "push", archive, f"oci://{made.source}/charts", "--plain-http"], check=True, capture_output=True
            )
        words = [f"{made.source}/charts/podinfo:6.14.0", f"{made.inside}/charts/podinfo:6.14.0"]
        subprocess.run([oras, "copy", "--from-plain-http", "--to-plain-http", *words], check=True, capture_output=True)
        yield made


def test_wrong_chart_version_in_the_internal_registry_is_an_error(two: Two) -> None:
    """The internal registry has 6.14.0, and the release wants 6.15.0 from there."""
    two.write(two.inside)
    (found,) = two.judged("target")["findings"]
    assert found["severity"] == "error"
    assert f"does not have the chart {two.inside}/charts/podinfo:6.15.0" in found["message"]
    two.write(two.inside, "6.14.0")
    assert two.judged("target") == {"findings": [], "undetermined": []}


def test_source_is_requested_on_the_connected_side(two: Two) -> None:
    two.write(two.source)
    assert two.judged("source") == {"findings": [], "undetermined": []}
    two.write(two.source, "6.16.0")
    (found,) = two.judged("source")["findings"]
    assert "Its source does not have the chart" in found["message"]


def test_copy_script_copies_the_chart(two: Two) -> None:
    """Audit, fix, run the script, audit again."""
    two.write(two.source)
    both = ("source", "target")
    assert len(two.judged(*both)["findings"]) == 1
    done = auditor("fix", "plan.yaml", "--via", "source", "--via", "target", "-o", "fixed", cwd=two.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    script = two.folder / "fixed/copy/copy-crane.sh"
    path = os.pathsep.join([str(Path(require("crane")).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HOME": str(two.folder), "WORK": str(two.folder / "work")}
    run = subprocess.run([str(script)], capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    assert two.judged(*both) == {"findings": [], "undetermined": []}
    pulled = [require("helm"), "pull", f"oci://{two.inside}/charts/podinfo", "--version", "6.15.0", "--plain-http"]
    shutil.rmtree(two.folder / "pulled", ignore_errors=True)
    subprocess.run([*pulled, "-d", str(two.folder)], check=True, capture_output=True)


def test_registry_that_does_not_answer_is_undetermined(two: Two) -> None:
    two.write(f"localhost:{free_port()}")
    (found,) = two.judged("source")["undetermined"]
    assert found["kind"] == "unreachable"
