"""The evidence records the command line of its collection, and the report states it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.runner import auditor

PLAN = 'version: 1\npools: {a: {platform: linux/amd64}}\nimages: [{ref: "127.0.0.1:9/x:1"}]\n'


def test_report_states_how_the_evidence_was_collected(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    auditor("collect", "plan.yaml", "-o", "s.evidence", "--timeout", "2", cwd=tmp_path)
    auditor("audit", "s.evidence", "--format", "json=report.json", "--format", "html=report.html", cwd=tmp_path)
    basis = json.loads((tmp_path / "report.json").read_text())["evidence_basis"]
    assert basis["command"].endswith("collect plan.yaml -o s.evidence --timeout 2")
    assert basis["places"] == ["source"]
    assert basis["collected_with"]
    assert "collect plan.yaml -o s.evidence --timeout 2" in (tmp_path / "report.html").read_text()
