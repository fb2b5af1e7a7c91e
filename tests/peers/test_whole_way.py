"""The main task end to end: a registry filled by crane, an audit online, and the same audit offline."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.testing.certificates import SERVER, hierarchy
from tests.cli.runner import auditor, environment
from tests.peers.images import build_image, build_index, windows_image
from tests.peers.programs import cut_off, require
from tests.peers.registry import RunningRegistry, allow_urls, serve
from tests.peers.tls import python_server

pytestmark = pytest.mark.peer
URL = "https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:" + "ab" * 32
AT = ("--at", "2026-11-23")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A registry with a complete image, one without Windows, and one on a foreign layer, each copied there by crane."""
    crane = require("crane")
    with serve(tmp_path_factory.mktemp("registry"), more=allow_urls(".+")) as registry:
        linux = build_image("linux/amd64", label="linux")
        windows = build_image("windows/amd64:10.0.20348.587", label="windows")
        foreign = windows_image("windows/amd64:10.0.20348.587", url=URL)
        with registry.uploader() as uploader:
            uploader.index("made/complete", build_index(linux, windows), "1")
            uploader.index("made/linux-only", build_index(linux), "1")
            uploader.index("made/foreign", build_index(linux, foreign), "1")
        for name in ("complete", "linux-only", "foreign"):
            source, target = f"{registry.host}/made/{name}:1", f"{registry.host}/site/{name}:1"
            command = [crane, "copy", "--insecure", "--allow-nondistributable-artifacts", source, target]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        yield registry


@pytest.fixture
def plan(filled: RunningRegistry, tmp_path: Path) -> Iterator[Path]:
    """A plan for that registry, with a TLS endpoint that forgets its intermediate."""
    made = hierarchy(replace(SERVER, ips=("127.0.0.1",)))
    (tmp_path / "root.pem").write_bytes(made.root.pem)
    folder = tmp_path / "server"
    folder.mkdir()
    with python_server(folder, made.leaf.pem, made.leaf.key_pem) as port:
        (tmp_path / "images.txt").write_text(
            f"{filled.host}/site/complete:1\n{filled.host}/site/linux-only:1\n{filled.host}/site/foreign:1\n"
            f"{filled.host}/site/never-pushed:1\n"
        )
        (tmp_path / "plan.yaml").write_text(
            "version: 1\nname: whole-way\npools:\n"
            "  linux: {platform: linux/amd64, runtime: containerd 2.1.6, trust: [root.pem]}\n"
            "  windows: {platform: 'windows/amd64:ltsc2022', runtime: containerd 1.7.27, trust: [root.pem]}\n"
            f"images: [{{list: images.txt}}]\nregistry: {{host: '{filled.host}', disk: 1GB}}\n"
            f"endpoints: [{{host: '127.0.0.1:{port}', kind: registry}}]\n"
        )
        yield tmp_path / "plan.yaml"


def findings(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((finding["check"], finding["fingerprint"], finding["message"]) for finding in report["findings"])


def audited(*arguments: str, cwd: Path) -> dict[str, Any]:
    done = auditor("audit", *arguments, *AT, "--format", "json", cwd=cwd)
    assert done.returncode in {0, 1, 3}, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def cable_cut(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The auditor in a network namespace of its own, where not even loopback is up."""
    command = [*cut_off(), sys.executable, "-m", "auditor", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(cwd), capture_output=True, text=True, timeout=120, check=False)


def test_online_audit_and_offline_audit_of_evidence_agree(plan: Path) -> None:
    folder = plan.parent
    online = audited("plan.yaml", cwd=folder)
    assert online["verdict"] == "not-ready"
    found = {finding["check"] for finding in online["findings"]}
    assert found >= {"image-absent", "platform-absent", "foreign-layer-egress", "chain-incomplete", "image-unpinned"}
    assert auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=folder).returncode == 0
    moved = folder / "inside"
    moved.mkdir()
    shutil.copy(folder / "site.evidence", moved)
    done = cable_cut("audit", "site.evidence", *AT, "--format", "json", cwd=moved)
    assert done.returncode == 1, done.stderr
    inside = json.loads(done.stdout)
    assert findings(inside) == findings(online)
    assert inside["images"] == online["images"]
    assert inside["trust"] == online["trust"]
    assert inside["storage"] == online["storage"]


def test_stopped_registry_is_unreachable_and_does_not_pass(plan: Path) -> None:
    done = cable_cut("audit", "plan.yaml", *AT, "--format", "json", cwd=plan.parent)
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "undetermined"
    assert {item["kind"] for item in report["undetermined"]} >= {"unreachable"}
    assert not [row for row in report["checks"] if row["id"] == "image-absent" and row["status"] == "passed"]


def test_earlier_evidence_is_used_by_an_offline_audit(plan: Path) -> None:
    online = audited("plan.yaml", cwd=plan.parent)
    done = cable_cut("audit", "plan.yaml", "--offline", *AT, "--format", "json", cwd=plan.parent)
    assert findings(json.loads(done.stdout)) == findings(online)


def test_registry_that_stopped_answering_does_not_pass_unless_offline(filled: RunningRegistry, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(f"{filled.host}/site/complete:1\n")
    given = ("audit", "good.txt", "--platform", "linux/amd64")
    assert auditor(*given, cwd=tmp_path).returncode == 0
    cut = cable_cut(*given, cwd=tmp_path)
    assert cut.returncode == 3, cut.stdout
    assert "requests failed that succeeded in an earlier run" in cut.stderr
    assert cable_cut(*given, "--offline", cwd=tmp_path).returncode == 0
    assert auditor(*given, cwd=tmp_path).returncode == 0


def test_image_in_the_source_does_not_prove_the_target(filled: RunningRegistry, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {linux: {platform: linux/amd64}}\n"
        f"images: [{{ref: '{filled.host}/site/complete:1'}}]\n"
        f"registry: {{host: '{filled.host}', rewrites: {{'{filled.host}/site': '{filled.host}/nowhere'}}}}\n"
    )
    assert auditor("audit", "plan.yaml", cwd=tmp_path).returncode == 0
    done = auditor("audit", "plan.yaml", "--via", "target", cwd=tmp_path)
    assert done.returncode == 1
    assert "docker.io says" not in done.stdout
    assert auditor("collect", "plan.yaml", "-o", "one.evidence", cwd=tmp_path).returncode == 0
    mixed = auditor("collect", "plan.yaml", "-o", "one.evidence", "--via", "target", cwd=tmp_path)
    assert mixed.returncode == 0
    both = auditor("audit", "one.evidence", *AT, "--format", "json", cwd=tmp_path)
    assert both.returncode == 1, "one file holds both sides, and the one speaks for itself alone"
    assert [found["check"] for found in json.loads(both.stdout)["findings"] if found["severity"] == "error"] == [
        "image-missing-in-target"
    ]


def test_list_gate_uses_the_real_registry(filled: RunningRegistry, tmp_path: Path) -> None:
    platforms = ("--platform", "linux/amd64", "--platform", "windows/amd64:ltsc2022")
    (tmp_path / "good.txt").write_text(f"{filled.host}/site/complete:1\n")
    good = auditor("audit", "good.txt", *platforms, cwd=tmp_path)
    assert good.returncode == 0, good.stdout
    (tmp_path / "bad.txt").write_text(f"{filled.host}/site/complete:1\n{filled.host}/site/linux-only:1\n")
    bad = auditor("audit", "bad.txt", *platforms, cwd=tmp_path)
    assert bad.returncode == 1
    assert "bad.txt:2" in bad.stdout


def test_inspect_shows_a_real_image(filled: RunningRegistry, tmp_path: Path) -> None:
    done = auditor("inspect", f"{filled.host}/site/foreign:1", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row["platform"]: row for row in json.loads(done.stdout)["platforms"]}
    assert rows["linux/amd64"]["foreign_layers"] == 0
    assert rows["windows/amd64:10.0.20348.587"]["foreign_layers"] == 1


def test_internal_registry_is_requested_with_rewritten_names(filled: RunningRegistry, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {linux: {platform: linux/amd64}}\n"
        "images: [{ref: 'docker.io/library/complete:1'}, {ref: 'ghcr.io/site/complete:1'}]\n"
        f"registry: {{host: '{filled.host}', rewrites: {{docker.io/library: '{filled.host}/site'}}}}\n"
    )
    done = auditor("audit", "plan.yaml", "--via", "target", *AT, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [cell["status"] for image in json.loads(done.stdout)["images"] for cell in image["platforms"]] == ["ok", "ok"]
