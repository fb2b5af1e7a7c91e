"""SARIF: the shape that code scanning reads, checked with Microsoft's validator and its copy of the schema."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator

from auditor.check import Finding, Severity, Subject, Undetermined
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.report import JudgedFinding, Report
from reports import render
from reports.sarif import uri
from reports.wording import asked as reasons
from tests.conftest import Golden
from tests.peers.programs import missing, require
from tests.reports.sample import beside_report, ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

TOOL = "sarif-multitool"


def run_of(report: Report) -> dict[str, Any]:
    log = json.loads(render(report, "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_sarif_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.sarif", render(sample_report(), "sarif"))


def test_every_check_is_a_rule_with_its_page() -> None:
    report = sample_report()
    rules = run_of(report)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [row.rule.id for row in report.checks]
    assert all("## How to fix" in rule["help"]["markdown"] for rule in rules)
    assert rules[0]["name"] == "ImageReferenceInvalid"


def test_findings_fail_at_their_location_and_undetermined_ones_are_open() -> None:
    report = sample_report()
    run = run_of(report)
    rules = run["tool"]["driver"]["rules"]
    found = run["results"][: len(report.findings)]
    asked = run["results"][len(report.findings) :]
    for result, item in zip(found, report.findings, strict=True):
        assert (result["kind"], rules[result["ruleIndex"]]["id"]) == ("fail", item.finding.check)
        assert result["partialFingerprints"]["airgapAuditor/v1"] == item.finding.fingerprint
    physical = found[0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "examples/plant-7/lists/windows-images.txt"
    assert physical["region"] == {"startLine": 4, "startColumn": 1}
    assert {(result["kind"], result["level"]) for result in asked} == {("open", "none")}
    assert len(asked) == len(list(reasons(report.undetermined)))
    assert len({result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]}) == len(run["results"])


def test_waivers_are_suppressions_and_the_baseline_is_a_state() -> None:
    report = beside_report()
    for result, item in zip(run_of(report)["results"], report.findings, strict=False):
        assert bool(result["suppressions"]) is (item.waived is not None)
        assert result["baselineState"] == ("unchanged" if item.baselined else "new")
    assert not any("baselineState" in result for result in run_of(sample_report())["results"])
    (suppression,) = next(result["suppressions"] for result in run_of(report)["results"] if result["suppressions"])
    assert "platform team, until 2027-03-31" in suppression["justification"]


def test_crashed_check_is_a_notification_of_the_run() -> None:
    bug = Undetermined(Subject("check", "image-absent"), Kind.BUG, "it failed", check="image-absent")
    run = run_of(dataclasses.replace(sample_report(), undetermined=(bug,)))
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["associatedRule"]["id"] == "image-absent"
    assert run_of(ready_report())["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("lists/a b.txt", "lists/a%20b.txt"),
        ("./plan.yaml", "plan.yaml"),
        ("../lists/ä#1.txt", "../lists/%C3%A4%231.txt"),
        ("/srv/plan.yaml", "file:///srv/plan.yaml"),
        ("//host/plan.yaml", "file:///host/plan.yaml"),
        ("lists\\windows.txt", "lists/windows.txt"),
    ],
)
def test_file_names_become_uris(file: str, wanted: str) -> None:
    assert uri(file) == wanted


@functools.cache
def schema() -> Draft7Validator:
    """The schema that the validator brings with it."""
    program = Path(require(TOOL)).resolve()
    found = next(program.parent.rglob("sarif-2.1.0.json"), None)
    if found is None:
        missing(f"{program.parent} has no sarif-2.1.0.json")
    document = json.loads(found.read_text("utf-8"))
    return Draft7Validator({key: value for key, value in document.items() if key not in {"$schema", "id"}})


@pytest.mark.peer
@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_conforms_to_the_schema(report: Report) -> None:
    shown = render(report, "sarif")
    assert shown.isascii()
    schema().validate(json.loads(shown))


@pytest.mark.peer
def test_validator_finds_no_error_with_the_rules_of_github(tmp_path: Path) -> None:
    odd = Finding(Subject("line", ""), "", location=Location("a b/ü.txt"), check="x", severity=Severity.INFO)
    bare = dataclasses.replace(ready_report(), findings=(JudgedFinding(odd, Severity.INFO),))
    for number, report in enumerate((sample_report(), beside_report(), ready_report(), undetermined_report(), bare)):
        assert not errors_in(render(report, "sarif"), tmp_path / str(number))


@pytest.mark.peer
def test_validator_finds_a_planted_error(tmp_path: Path) -> None:
    assert errors_in(render(sample_report(), "sarif").replace('"ruleIndex"', '"ruleNumber"'), tmp_path)


def errors_in(shown: str, folder: Path) -> list[str]:
    """The errors that the validator finds; warnings and notes are matters of taste."""
    folder.mkdir(exist_ok=True)
    log, found = folder / "report.sarif", folder / "found.sarif"
    log.write_text(shown, encoding="utf-8")
    # Its launcher hands arguments to a shell, so the semicolon needs quotes of its own.
    command = [require(TOOL), "validate", str(log), "--rule-kind", "'Sarif;Ghas'", "--output", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert found.is_file(), done.stdout + done.stderr
    results = json.loads(found.read_text("utf-8-sig"))["runs"][0].get("results", [])
    return [result["ruleId"] for result in results if result.get("level") == "error"]
