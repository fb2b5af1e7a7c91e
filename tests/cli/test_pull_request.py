"""A pull request takes a Windows image off a list that a workload needs: the gate marks the line, and only what is new."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor, environment

GONE = "docker.io/library/mongo:4-windowsservercore-1809"
WRITTEN = "mongo:4-windowsservercore-1809"
WORKLOAD = "site/deploy/recorder.yaml"
RECORDER = f"""# Records what the line measures.
apiVersion: apps/v1
kind: Deployment
metadata: {{name: recorder, namespace: line}}
spec:
  template:
    spec:
      nodeSelector: {{kubernetes.io/os: windows}}
      containers:
        - name: store
          image: {WRITTEN}
"""
# Checks that need no more than the files of the repository, so that every answer is yes or no.
CHECKS = ("image-not-listed", "image-reference-invalid", "image-unpinned")
ONLY = tuple(argument for check in CHECKS for argument in ("--only", check))
AUDIT = ("audit", "site/plan.yaml", "--evidence", "site/plant-7.evidence", "--at", "2026-11-23")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the example as its site, the report of its main branch, and a branch that loses a line."""
    shutil.copytree(EXAMPLE, tmp_path / "site")
    (tmp_path / WORKLOAD).write_text(RECORDER)
    # The chart that the site's HelmChart fetches is not rendered: a list says what it runs, so that every answer is yes or no.
    (tmp_path / "site" / "lists" / "exporter.txt").write_text("ghcr.io/prometheus-community/windows-exporter:0.31.3\n")
    plan = tmp_path / "site" / "plan.yaml"
    listed = "{manifests: deploy, operator_images: {HelmChart.helm.cattle.io: lists/exporter.txt}}"
    plan.write_text(plan.read_text().replace("{manifests: deploy}", listed))
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "The site")
    auditor(*AUDIT, "--format", "json=main.json", cwd=tmp_path)
    git(tmp_path, "switch", "--quiet", "--create", "tidy-lists")
    images = tmp_path / "site" / "lists" / "windows.txt"
    kept = [line for line in images.read_text().splitlines(keepends=True) if line.strip() != WRITTEN]
    images.write_text("".join(kept))
    git(tmp_path, "commit", "--quiet", "--all", "--message", "Tidy the lists")
    assert git(tmp_path, "diff", "--shortstat", "main").strip() == "1 file changed, 1 deletion(-)"
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    )
    return done.stdout


NEEDED_AT = next(number for number, line in enumerate(RECORDER.splitlines(), 1) if WRITTEN in line)


def errors(stdout: str) -> list[str]:
    return [line for line in stdout.splitlines() if line.startswith("::error ")]


def test_gate_fails_with_an_annotation_on_the_line_that_needs_the_image(repository: Path) -> None:
    done = auditor(*AUDIT, *ONLY, "--format", "github", cwd=repository)
    assert done.returncode == 1, done.stderr
    marked = [line for line in errors(done.stdout) if GONE in line]
    assert len(marked) == 1
    assert marked[0].startswith(f"::error file={WORKLOAD},line={NEEDED_AT},col=")
    assert ",title=image-not-listed::" in marked[0]
    assert "which is not listed" in marked[0]
    assert len(errors(done.stdout)) > 1  # what was wrong before is there too


def test_with_the_report_of_main_as_baseline_only_the_new_finding_fails(repository: Path) -> None:
    done = auditor(*AUDIT, *ONLY, "--baseline", "main.json", "--format", "github", "--format", "json=pr.json", cwd=repository)
    assert done.returncode == 1, done.stderr
    (only,) = errors(done.stdout)
    assert f"file={WORKLOAD},line={NEEDED_AT}," in only
    report = json.loads((repository / "pr.json").read_text())
    counting = [row for row in report["findings"] if not row["baselined"] and row["severity"] == "error"]
    assert [row["subject"]["id"] for row in counting] == [GONE]
    assert report["summary"]["baselined"] > 1


def test_main_passes_with_its_own_report_as_baseline_and_shows_old_findings(repository: Path) -> None:
    git(repository, "switch", "--quiet", "main")
    done = auditor(*AUDIT, *ONLY, "--baseline", "main.json", "--format", "text=full", cwd=repository)
    assert done.returncode == 0, done.stdout
    assert "already in the baseline" in done.stdout
    assert "the environment may still fail offline" in " ".join(done.stdout.split())


def test_diff_reports_the_same_new_finding(repository: Path) -> None:
    auditor(*AUDIT, "--format", "json=pr.json", cwd=repository)
    done = auditor("diff", "main.json", "pr.json", cwd=repository)
    assert done.returncode == 1
    assert f"+ error image-not-listed: {GONE} at {WORKLOAD}:{NEEDED_AT}" in done.stdout


def test_invalid_plan_is_annotated_at_its_faulty_line(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("version: 1\npools: {one: {platform: linux/amd46}}\nimagse: []\n")
    done = auditor("audit", "plan.yaml", "--format", "github", cwd=tmp_path)
    assert done.returncode == 2
    first, second = done.stdout.splitlines()
    assert first.startswith(
        "::error file=plan.yaml,line=2,col=15,title=the plan cannot be read::'linux/amd46': linux nodes cannot"
    )
    assert second == (
        "::error file=plan.yaml,line=3,col=1,title=the plan cannot be read::unknown key 'imagse' (did you mean images?)"
    )
    assert done.stderr.startswith("auditor: plan.yaml:2:15: ")
