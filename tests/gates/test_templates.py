"""The templates for pipelines: their shell lines run unchanged, with the auditor under test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports import format_names
from tests.cli.runner import ROOT, environment

# What each hook looks at, and what it leaves alone.
NAMED = {
    "airgap-lists": (
        "images.txt",
        "lists/rancher-images.txt",
        "image-list.txt",
        "imagelist.txt",
        "images-windows.txt",
        "windows_images.txt",
        "lists/rancher-windows-images.txt",
        "rke2-images.linux-amd64.txt",
        "rke2-images-core.linux-amd64.txt",
        "k3s-images.txt",
        "images.list",
        "lists/linux.txt",
        "site/lists/windows.lst",
    ),
    "airgap-plan": ("plan.yaml", "site/plan.yml", "sites/plant-7-plan.yaml", "north.plan.yml"),
}
OTHERS = (
    "README.md",
    "imagery.txt",
    "images.tar",
    "images/notes.txt",
    "lists/old/notes.txt",
    "checklists/a.txt",
    "lists/a.yaml",
    "images.yaml",
    "explan.yaml",
    "plan.txt",
    "plans.yaml",
)
LIST = "busybox:1\n{{ .Values.image }}\n"


def parsed(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines as the pipeline's shell does; the auditor stands where its installation would have put it."""
    for place in (folder / "temp/airgap-auditor/bin", folder / ".airgap-auditor/bin"):
        place.mkdir(parents=True)
        (place / "auditor").write_text(f'#!/bin/sh\nexec {sys.executable} -m auditor "$@"\n')
        (place / "auditor").chmod(0o755)
    (folder / "images.txt").write_text(LIST)
    known = {**environment(folder, variables), "RUNNER_TEMP": str(folder / "temp")}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=120, check=False)


def assert_formats_exist(script: str) -> None:
    named = re.findall(r"--format [\"']?(\w+)", script)
    assert named
    assert set(named) <= set(format_names())


def test_action_gates_a_list_and_annotates_its_line(tmp_path: Path) -> None:
    action = parsed(".ci/github/action.yml")
    assert action["runs"]["using"] == "composite"
    step = action["runs"]["steps"][-1]
    assert_formats_exist(step["run"])
    assert set(re.findall(r"inputs\.(\w+)", str(action["runs"]["steps"]))) == set(action["inputs"])
    given = {"INPUTS": "images.txt", "PLATFORMS": "linux/amd64", "ARGUMENTS": "--offline", "REPORT": "out"}
    given |= {"REQUIRE": "storage trust", "SHOW": "warning"}
    assert given.keys() == step["env"].keys()
    done = run(step["run"], tmp_path, **given, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert done.returncode == 1, done.stderr
    assert "::error file=images.txt,line=2" in done.stdout
    scope = json.loads((tmp_path / "out/report.json").read_text())["scope"]
    assert [row["area"] for row in scope if row["required"]] == ["storage", "trust"]
    assert (tmp_path / "out/report.html").is_file()
    assert "::notice" not in done.stdout
    assert "has a tag but no digest" in (tmp_path / "out/report.json").read_text()
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("## ❌ NOT READY")
    assert "not shown (`--show`)" in summary
    assert json.loads((tmp_path / "out/report.sarif").read_text())["version"] == "2.1.0"


def test_gitlab_job_writes_the_reports_that_it_names(tmp_path: Path) -> None:
    job = parsed(".ci/gitlab/airgap-audit.yml")[".airgap-audit"]
    script = "\n".join(job["script"])
    assert_formats_exist(script)
    given = dict.fromkeys(job["variables"], "")
    given |= {"AUDITOR_INPUTS": "images.txt", "AUDITOR_PLATFORMS": "linux/amd64", "AUDITOR_ARGUMENTS": "--offline"}
    given |= {"AUDITOR_REQUIRE": "storage trust", "AUDITOR_SHOW": job["variables"]["AUDITOR_SHOW"]}
    done = run(script, tmp_path, **given)
    assert done.returncode == 1, done.stderr
    assert "scope-required" in done.stdout
    for report in job["artifacts"]["reports"].values():
        assert (tmp_path / report).stat().st_size > 0


@pytest.mark.parametrize("hook", parsed(".pre-commit-hooks.yaml"), ids=lambda hook: hook["id"])
def test_hooks_read_only_files(hook: dict[str, Any], tmp_path: Path) -> None:
    assert hook["entry"].split()[0] == "auditor"
    assert_formats_exist(hook["entry"])
    assert "--offline" in hook["entry"]  # and not in `args`, which a user may replace
    named = NAMED[hook["id"]]
    assert [name for name in (*named, *OTHERS) if re.search(hook["files"], name)] == [*named]
    (tmp_path / "images.txt").write_text(LIST)
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {linux: {platform: linux/amd64}}\nimages: [{list: images.txt, pools: [linux]}]\n"
    )
    command = [sys.executable, "-m", *hook["entry"].split(), *hook["args"], named[0]]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "images.txt:2:1" in done.stdout
