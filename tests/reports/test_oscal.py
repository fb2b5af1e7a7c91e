"""OSCAL assessment results: what they state, and that another project's models of NIST's schema accept them."""

from __future__ import annotations

import dataclasses
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from auditor.check import Control
from auditor.report import CheckRow, Report, Status
from reports import render
from reports.oscal import oscal_id
from tests.conftest import Golden
from tests.peers.validators import oscal_faults
from tests.reports.sample import ready_report, sample_report
from tests.reports.strategies import reports

CONTROLS = (
    Control("nist-800-53-r5", "NIST SP 800-53 Revision 5", "SC-7(5)", "Deny by Default", "No connection is needed."),
    Control("iso-27001-2022", "ISO/IEC 27001:2022 Annex A", "A.8.20", "Networks security", "No connection is needed."),
)


def document(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(report, "oscal"))["assessment-results"]
    return found


def result(report: Report) -> dict[str, Any]:
    (found,) = document(report)["results"]
    return dict(found)


def with_controls(report: Report, *statuses: Status) -> Report:
    """The report with checks of these statuses, which all evidence the same controls."""
    rules = (dataclasses.replace(row.rule, id=f"check-{number}", controls=CONTROLS) for number, row in enumerate(report.checks))
    rows = tuple(
        CheckRow(rule, row.severity, status, 1, "a reason")
        for rule, row, status in zip(rules, report.checks, statuses, strict=False)
    )
    assert len(rows) == len(statuses)
    return dataclasses.replace(report, checks=rows)


def test_oscal_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.oscal.json", render(sample_report(), "oscal"))


def test_every_check_finding_and_undetermined_outcome_is_stated() -> None:
    report = sample_report()
    found = result(report)
    assert len(found["observations"]) == len(report.checks)
    assert len(found["risks"]) == len(report.findings) + len(report.undetermined)
    waived = sum(not item.is_active for item in report.findings)
    assert sum(risk["status"] == "deviation-approved" for risk in found["risks"]) == waived
    assert sum(risk["status"] == "investigating" for risk in found["risks"]) == len(report.undetermined)


@pytest.mark.parametrize(
    ("statuses", "state", "reason"),
    [
        ((Status.PASSED,), "satisfied", "pass"),
        ((Status.PASSED, Status.PASSED), "satisfied", "pass"),
        ((Status.PASSED, Status.NOT_APPLICABLE), "satisfied", "pass"),
        ((Status.PASSED, Status.FAILED), "not-satisfied", "fail"),
        ((Status.PASSED, Status.UNDETERMINED), "not-satisfied", "other"),
        ((Status.UNDETERMINED, Status.FAILED), "not-satisfied", "fail"),
    ],
)
def test_control_is_satisfied_only_if_every_applicable_check_passed(
    statuses: tuple[Status, ...], state: str, reason: str
) -> None:
    (finding,) = result(with_controls(sample_report(), *statuses))["findings"]
    assert finding["target"]["target-id"] == "sc-7.5_smt"
    assert (finding["target"]["status"]["state"], finding["target"]["status"]["reason"]) == (state, reason)
    assert "not the whole control" in finding["target"]["status"]["remarks"]


def test_control_without_an_applicable_check_is_not_reviewed() -> None:
    found = result(with_controls(sample_report(), Status.NOT_APPLICABLE))
    assert "findings" not in found
    assert "include-controls" not in found["reviewed-controls"]["control-selections"][0]


def test_controls_of_other_frameworks_are_properties() -> None:
    (observation,) = result(with_controls(sample_report(), Status.PASSED))["observations"]
    assert {"nist-800-53-r5 SC-7(5)", "iso-27001-2022 A.8.20"} <= {prop["value"] for prop in observation["props"]}


def test_ids_are_unique_and_the_same_each_time() -> None:
    text = render(sample_report(), "oscal")
    assert text == render(sample_report(), "oscal")
    found = result(sample_report())
    ids = [row["uuid"] for key in ("observations", "risks", "findings") for row in found.get(key, [])]
    assert len(set(ids)) == len(ids)
    assert all(str(uuid.UUID(one)) == one for one in ids)


@pytest.mark.parametrize(
    ("control", "expected"), [("SC-7(5)", "sc-7.5"), ("CM-14", "cm-14"), ("IA-5(2)", "ia-5.2"), ("SI-2", "si-2")]
)
def test_control_has_the_id_of_the_nist_catalog(control: str, expected: str) -> None:
    assert oscal_id(control) == expected


@settings(max_examples=40, deadline=None)
@given(reports)
def test_any_report_has_no_empty_text_and_no_control_character(report: Report) -> None:
    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for item in value.values() for text in texts(item)]
        if isinstance(value, list):
            assert value, "OSCAL allows no empty list"
            return [text for item in value for text in texts(item)]
        return [value] if isinstance(value, str) else []

    assert all(text.strip() == text and text and text.isprintable() for text in texts(document(report)))


@pytest.mark.peer
def test_another_project_accepts_the_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for report in (sample_report(), ready_report(), with_controls(sample_report(), Status.PASSED, Status.FAILED)):
        path.write_text(render(report, "oscal"))
        assert oscal_faults(path) == ""
    path.write_text(render(sample_report(), "oscal").replace('"methods"', '"method"', 1))
    assert "method" in oscal_faults(path)
