"""GitLab's code quality report: the fields of its documentation, and distinct fingerprints."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from hypothesis import given, settings
from jsonschema import Draft202012Validator

from auditor.report import Report
from reports import render
from reports.headline import unexamined
from reports.wording import asked
from tests.conftest import Golden
from tests.reports.sample import beside_report, ready_report, sample_report
from tests.reports.strategies import reports

# The table "Code Quality report format" of GitLab's documentation, as a schema.
FORMAT = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "location", "severity"],
            "properties": {
                "description": {"type": "string"},
                "check_name": {"type": "string"},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "not": {"pattern": "^\\./"}},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)


def issues(report: Report) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = json.loads(render(report, "gitlab"))
    return shown


def test_issues_equal_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.codequality.json", render(sample_report(), "gitlab"))


def test_issue_names_check_location_and_severity() -> None:
    first = issues(sample_report())[0]
    assert (first["check_name"], first["severity"]) == ("foreign-layer-egress", "critical")
    assert first["location"] == {"path": "examples/plant-7/lists/windows-images.txt", "lines": {"begin": 4}}
    assert issues(ready_report()) == []


def test_outcome_without_a_location_is_at_the_plan() -> None:
    paths = {row["location"]["path"] for row in issues(sample_report()) if row["description"].startswith("Undetermined")}
    assert paths == {"examples/plant-7/plan.yaml"}
    bare = issues(dataclasses.replace(sample_report(), plan_path=""))
    assert {row["location"]["path"] for row in bare if row["description"].startswith("Undetermined")} == {"audit"}


def test_waived_finding_is_info_and_names_the_owner() -> None:
    (waived,) = [row for row in issues(sample_report()) if row["description"].startswith("Waived")]
    assert waived["severity"] == "info"
    assert waived["description"].startswith("Waived by platform team until 2027-03-31 (rotation is planned for March): ")
    marked = [row for row in issues(beside_report()) if row["description"].startswith("Baselined: ")]
    assert len(marked) == beside_report().counts.baselined


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_conforms_with_one_issue_per_outcome(report: Report) -> None:
    shown = issues(report)
    FORMAT.validate(shown)
    assert len(shown) == len(report.findings) + len(list(asked(report.undetermined))) + len(unexamined(report))
    assert len({row["fingerprint"] for row in shown}) == len(shown)
