"""JUnit XML, read back by another parser: which cases fail, which are skipped and why, and which do not pass."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from auditor.check import Area, Severity
from auditor.report import Report
from reports import render
from tests.conftest import Golden
from tests.reports.sample import beside_report, ready_report, sample_report
from tests.reports.strategies import reports


def cases(report: Report) -> list[TestCase]:
    document = JUnitXml.fromstring(render(report, "junit").encode())
    return [case for suite in document for case in suite]


def root_of(report: Report) -> ET.Element:
    return ET.fromstring(render(report, "junit"))  # noqa: S314 - our own output


def outcomes(report: Report) -> dict[str, list[TestCase]]:
    found: dict[str, list[TestCase]] = {"Error": [], "Failure": [], "Skipped": [], "passed": []}
    for case in cases(report):
        kinds = [type(result).__name__ for result in case.result if isinstance(result, Error | Failure | Skipped)]
        found[kinds[0] if kinds else "passed"].append(case)
    return found


def test_junit_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.junit.xml", render(sample_report(), "junit"))


def test_errors_fail_and_lower_severities_pass_with_their_message() -> None:
    found = outcomes(sample_report())
    assert {case.classname for case in found["Failure"]} == {
        "windows.foreign-layer-egress",
        "windows.windows-build-mismatch",
        "images.image-absent",
        "trust.chain-incomplete",
    }
    below = [case for case in found["passed"] if case.system_out]
    assert {case.classname.partition(".")[2] for case in below} >= {"image-unpinned", "registry-disk", "image-duplicate"}
    assert any("Fix: Give the registry at least 41.3 GB." in str(case.system_out) for case in below)


def test_threshold_decides_which_cases_fail() -> None:
    at = {severity: len(outcomes(dataclasses.replace(sample_report(), fail_on=severity))["Failure"]) for severity in Severity}
    assert at[Severity.ERROR] < at[Severity.WARNING] < at[Severity.INFO]


def test_undetermined_outcome_is_an_error_with_the_reason() -> None:
    found = outcomes(sample_report())["Error"]
    assert len(found) == 3
    assert all(case.result[0].message.startswith("undetermined: ") for case in found)


def test_waived_baselined_and_not_applicable_are_skipped_with_the_reason() -> None:
    reasons = [case.result[0].message for case in outcomes(beside_report())["Skipped"]]
    assert "waived by platform team until 2027-03-31: rotation is planned for March" in reasons
    assert reasons.count("baselined: already in the report of plant-7 as of 2026-10-01") == beside_report().counts.baselined
    assert "not applicable: the plan names no copy tool" in reasons
    assert len(outcomes(beside_report())["Failure"]) == 1


def test_location_is_stated() -> None:
    case = next(case for case in cases(sample_report()) if case.classname == "images.image-absent" and case.result)
    assert "at examples/plant-7/plan.yaml:31:5" in case.result[0].text
    element = root_of(sample_report()).find(".//testcase[@file='examples/plant-7/plan.yaml'][@line='31']")
    assert element is not None


def test_passed_check_is_a_case() -> None:
    passed = [case.name for case in outcomes(sample_report())["passed"] if not case.system_out]
    assert "No finding: An entry of an image list is no image reference: 21 examined" in passed
    assert [case.classname for case in cases(ready_report())] == [f"scope.{area.value}" for area in Area]


def test_id_used_as_a_title_is_cleaned() -> None:
    row, *rest = sample_report().checks
    plain = dataclasses.replace(row, rule=dataclasses.replace(row.rule, id="a\x1fb", title=""))
    root = root_of(dataclasses.replace(sample_report(), checks=(plain, *rest)))
    assert root.find(".//testcase[@name='No finding: a b: 21 examined']") is not None


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_well_formed_and_counts_add_up(report: Report) -> None:
    root = root_of(report)
    every = root.findall(".//testcase")
    for name, path in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert sum(int(suite.attrib[name]) for suite in root.findall("testsuite")) == len(root.findall(f".//{path}"))
        assert name == "skipped" or int(root.attrib[name]) == len(root.findall(f".//{path}"))
    assert "skipped" not in root.attrib  # the schema has it for suites only
    assert int(root.attrib["tests"]) == len(every)
    accepted = [item for item in report.findings if not item.is_active]
    assert bool(accepted) <= bool(root.findall(".//skipped"))
    assert bool(report.undetermined) is bool(root.findall(".//error"))
    fails = any(item.is_active and item.severity.at_least(report.fail_on) for item in report.findings)
    assert fails is bool(root.findall(".//failure"))
