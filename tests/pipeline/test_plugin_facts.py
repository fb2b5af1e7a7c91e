"""Facts of a plug-in: found through its entry point, with a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.runner import ROOT, environment

PLAN = 'version: 1\npools: {win: {platform: "windows/amd64:ltsc2022", runtime: containerd 9.9.0}}\n'
FACTS = """source: our laboratory
verified-through:
  known_issues: {containerd: "9.9.0"}
rows:
  known_issues:
    - {id: our-driver, subject: runtime, name: containerd, since: "9.9", before: "10", severity: warning, says: it stops,
       symptom: "driver error", remedy: Update the driver., source: our incident 17}
"""


def run(folder: Path, facts: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the auditor in a folder with a plug-in whose entry point is a text of facts."""
    (folder / "acme_facts.py").write_text(f"FACTS = {facts!r}\n")
    metadata = folder / "acme_facts-1.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-facts\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[auditor.facts]\nacme = acme_facts:FACTS\n")
    (folder / "plan.yaml").write_text(PLAN)
    command = [sys.executable, "-m", "auditor", *words]
    known = environment(folder, {"PYTHONPATH": f"{folder}:{ROOT}"})
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=120, check=False)


def test_facts_of_a_plug_in_are_in_use(tmp_path: Path) -> None:
    done = run(tmp_path, FACTS, "audit", "plan.yaml", "--offline", "--only", "known-issue", "--format", "json")
    report = json.loads(done.stdout)
    (finding,) = [one for one in report["findings"] if one["check"] == "known-issue"]
    assert finding["facts"]["stated_by"] == "plug-in acme:6"
    assert report["facts"]["overlays"] == ["plug-in acme"]
    assert report["verdict"] != "READY"


def test_problem_in_facts_of_a_plug_in_names_it(tmp_path: Path) -> None:
    done = run(tmp_path, FACTS.replace("severity", "severty"), "facts", "--plan", "plan.yaml")
    assert done.returncode == 2
    assert "plug-in acme:6:" in done.stderr
    assert "did you mean severity?" in done.stderr
