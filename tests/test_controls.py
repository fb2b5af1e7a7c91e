"""The table of controls: each row names known checks once, and appears on pages and in reports."""

from __future__ import annotations

import json
import re
from pathlib import Path

from auditor.pipeline.catalogue import rule_named
from checks import CATALOGUE, control_table, controls_of
from tests.cli.runner import ROOT, auditor

FORMS = {
    "nist-800-53-r5": r"[A-Z]{2}-\d{1,2}(\(\d{1,2}\))?",
    "cis-kubernetes": r"\d\.\d{1,2}\.\d{1,2}",
    "iso-27001-2022": r"A\.[5-8]\.\d{1,2}",
}


def test_rows_name_known_checks_once() -> None:
    table = control_table()
    known = {check.id for check in CATALOGUE}
    assert table["frameworks"].keys() == FORMS.keys()
    seen = [(row["framework"], row["id"]) for row in table["controls"]]
    assert len(set(seen)) == len(seen)
    for row in table["controls"]:
        assert row.keys() == {"framework", "id", "title", "why", "checks"}
        assert re.fullmatch(FORMS[row["framework"]], str(row["id"])), row["id"]
        assert row["checks"], row["id"]
        assert set(row["checks"]) <= known, row["id"]
        assert len(set(row["checks"])) == len(row["checks"])
        assert row["why"].endswith(".")


def test_every_framework_has_a_source() -> None:
    assert all(row["title"] and row["source"] for row in control_table()["frameworks"].values())


def test_catalogue_has_the_controls_of_the_table() -> None:
    assert [(check.id, check.controls) for check in CATALOGUE] == [(check.id, controls_of(check.id)) for check in CATALOGUE]
    assert sum(bool(check.controls) for check in CATALOGUE) > 30
    assert rule_named("windows-build-mismatch").controls == (), "it proves that an image runs, which no control asks for"


def test_explain_and_the_page_show_the_controls(tmp_path: Path) -> None:
    line = "NIST SP 800-53 Revision 5, SC-7(5) Deny by Default — Allow by Exception: The site needs no connection to an"
    assert line in auditor("explain", "foreign-layer-egress", cwd=tmp_path).stdout
    assert line in (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert "## Controls" not in auditor("explain", "windows-build-mismatch", cwd=tmp_path).stdout


def test_json_report_names_the_controls() -> None:
    schema = json.loads((ROOT / "reports" / "report_v1.schema.json").read_text("utf-8"))
    assert "controls" in schema["$defs"]["check"]["required"]
