"""The Python API, on the example, without a network."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import auditor.api
from auditor.api import Severity, Verdict, audit, load_plan, render
from auditor.errors import AuditorError
from auditor.pipeline.cache import path_for
from tests.cli.runner import EXAMPLE, ROOT, environment
from tests.cli.runner import auditor as run

EVIDENCE = EXAMPLE / "plant-7.evidence"
DAY = "2026-11-23"


def test_audit_equals_that_of_the_command_line(tmp_path: Path) -> None:
    report = audit(EVIDENCE, at=DAY)
    done = run("audit", EVIDENCE, "--at", DAY, "--format", "json", cwd=tmp_path)
    assert json.loads(render(report, "json")) == json.loads(done.stdout)
    assert (report.verdict, report.exit_code) == (Verdict.NOT_READY, done.returncode)


def test_plan_is_audited_with_and_without_evidence() -> None:
    plan = load_plan(EXAMPLE / "plan.yaml")
    known = audit(plan, evidence=EVIDENCE, at=datetime.date.fromisoformat(DAY), only=["image-absent"])
    assert [item.finding.check for item in known.findings if item.severity is Severity.ERROR] == ["image-absent"]
    unknown = audit(plan, at=DAY, only=["image-absent"])
    assert (unknown.verdict, len(unknown.undetermined) > 0) == (Verdict.UNDETERMINED, True)
    assert audit(plan, at=DAY, only=["image-absent"], strict=True).exit_code == 1


def test_scope_and_required_areas_equal_those_of_the_command_line() -> None:
    plan = load_plan(EXAMPLE / "plan.yaml")
    report = audit(plan, at=DAY, only=["image-reference-invalid"], require=["storage", "trust"])
    assert {row.area.value for row in report.scope if row.is_required} == {"storage", "trust"}
    assert {item.subject.id for item in report.undetermined} == {"storage", "trust"}
    assert report.works_offline_until is None
    assert all(row.is_required for row in audit(plan, at=DAY, require=["site"]).scope)
    with pytest.raises(AuditorError, match="there is no such area"):
        audit(plan, at=DAY, require=["storag"])


def test_audit_without_evidence_ignores_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line keeps one per plan. The result of the API depends on its arguments alone."""
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path))
    plan = load_plan(EXAMPLE / "plan.yaml")
    shutil.copy(EVIDENCE, path_for(plan))
    extra = {"AUDITOR_CACHE": str(tmp_path)}
    assert run("audit", plan.path, "--offline", "--at", DAY, cwd=tmp_path, extra=extra).returncode == 1
    assert audit(plan, at=DAY, only=["image-absent"]).verdict is Verdict.UNDETERMINED


def test_waivers_and_a_baseline_count_as_on_the_command_line(tmp_path: Path) -> None:
    first = audit(EVIDENCE, at=DAY, only=["image-absent"])
    assert first.counts.error == 1
    baseline, waivers = tmp_path / "before.json", tmp_path / "accepted.yaml"
    baseline.write_text(render(first, "json"))
    second = audit(EVIDENCE, at=DAY, only=["image-absent"], baseline=baseline)
    assert (second.counts.error, second.counts.baselined) == (0, first.counts.error + first.counts.warning)
    accepted = "{check: image-absent, subject: '*', reason: known, owner: ada, expires: 2026-12-31}"
    waivers.write_text(f"[{accepted}]\n")
    third = audit(EVIDENCE, at=DAY, only=["image-absent"], waivers=waivers)
    assert (third.counts.error, third.counts.waived) == (0, first.counts.waived + 1)


def test_invalid_input_is_an_error_with_its_location(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("version: 1\npools: {}\nspools: {}\n")
    with pytest.raises(AuditorError, match=r"plan\.yaml:3:1"):
        load_plan(path)


def test_every_public_name_is_documented() -> None:
    page = (ROOT / "docs/api.md").read_text()
    for name in auditor.api.__all__:
        assert f"`{name}" in page, name


def test_example_of_the_page_runs_unchanged(tmp_path: Path) -> None:
    """In a folder with the example's files, and no registry to ask: what needs one is undetermined."""
    shutil.copytree(EXAMPLE, tmp_path / "site")
    page = (ROOT / "docs/api.md").read_text()
    (script,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "site",
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "not-ready" in done.stdout
    assert (tmp_path / "site/report.html").is_file()
