"""Baselined findings stay visible and marked in every format."""

from __future__ import annotations

import dataclasses
import json

import pytest

from auditor.report import Counts, Verdict
from reports import render
from reports.headline import meaning
from tests.reports.sample import beside_report, sample_report


def test_json_marks_each_baselined_finding() -> None:
    shown = json.loads(render(beside_report(), "json"))
    assert [row["baselined"] for row in shown["findings"]] == [item.baselined for item in beside_report().findings]
    assert shown["baseline"] == {"plan": "plant-7", "audited_at": "2026-10-01", "findings": 4}
    assert shown["summary"]["baselined"] == 4
    assert json.loads(render(sample_report(), "json"))["baseline"] is None


def test_text_lists_baselined_findings_separately() -> None:
    shown = render(beside_report(), "text=full")
    assert "NOT READY: 1 error, 4 warnings, 1 info, 3 undetermined, 1 waived, 4 baselined." in shown
    section = shown.partition("-- Baselined: 4 findings already in the baseline")[2]
    assert "already in the report of plant-7 as of 2026-10-01" in section
    assert "registry.example.com/shop/web:4.2 (error image-absent)" in section
    assert "Baselined" not in render(sample_report(), "text=full")


def test_html_has_a_table_of_baselined_findings() -> None:
    shown = render(beside_report(), "html")
    table = shown.partition('<h2 id="baselined">')[2].partition("</section>")[0]
    assert table.count("<tr>") == 1 + 4
    assert "examples/plant-7/plan.yaml:31:5" in table
    assert 'id="baselined"' not in render(sample_report(), "html")


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_ready_with_a_blocking_baselined_finding_has_no_promise(severity: str) -> None:
    report = beside_report()
    alike = [item for item in report.findings if item.waived is None and item.severity == severity]
    known = tuple(dataclasses.replace(item, baselined=True) for item in alike)
    ready = dataclasses.replace(report, findings=known, verdict=Verdict.READY, counts=Counts(0, 0, 0, 0, 0, 9, len(known)))
    assert ("may still fail offline" in meaning(ready)) is (severity == "error")
