"""The headline: every format shows the scope with the verdict, and only a complete scope gives the promise."""

from __future__ import annotations

import dataclasses
import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from auditor.check import Area
from auditor.report import Report, Verdict
from reports import FORMATS, render
from reports.headline import headline, meaning, title, unexamined
from reports.index import IndexedSite, as_text
from tests.reports.sample import FULL_SCOPE, partly_ready_report, ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

PROMISE = "This environment will work offline until 2027-06-30."
LEFT_OUT = (
    "Not examined: internal registry or archives (not declared), storage per stage (partly examined; not declared), "
    "TLS trust per pool (partly examined; undetermined), workloads (switched off)."
)
SAYS_IT = [row.name for row in FORMATS if row.name not in {"json", "csv", "egress", "gitlab"}]


def words(report: Report, format: str) -> str:
    return " ".join(render(report, format).split())


@pytest.mark.parametrize("format", SAYS_IT)
def test_complete_scope_gives_the_promise_in_every_format_with_a_headline(format: str) -> None:
    assert PROMISE in words(ready_report(), format)
    assert "Not examined" not in words(ready_report(), format)


@pytest.mark.parametrize("format", SAYS_IT)
def test_partial_scope_is_named_next_to_the_verdict(format: str) -> None:
    said = words(partly_ready_report(), format)
    assert "READY for what was examined: images at their source, how nodes reach it, external connections" in said
    assert LEFT_OUT in said
    assert PROMISE not in said


@pytest.mark.parametrize("format", [row.name for row in FORMATS])
@pytest.mark.parametrize("report", [partly_ready_report(), sample_report(), undetermined_report()])
def test_no_format_promises_anything_else(format: str, report: Report) -> None:
    assert "will work offline" not in words(report, format)


def test_each_verdict_has_its_headline() -> None:
    assert (title(ready_report()), headline(ready_report())) == ("READY", "READY: no findings")
    assert title(partly_ready_report()) == "READY for what was examined"
    assert headline(sample_report()).startswith("NOT READY: 5 errors")
    assert meaning(sample_report()) == f"This environment will not work offline. {LEFT_OUT}"
    assert meaning(partly_ready_report()) == f"{LEFT_OUT} No findings."
    assert meaning(undetermined_report()) == "This is not a pass: some checks could not be decided."


def test_json_has_the_rows_in_the_order_of_the_areas() -> None:
    shown = json.loads(render(sample_report(), "json"))
    assert [row["area"] for row in shown["scope"]] == [*Area]
    assert shown["scope"][1]["hint"] == "Collect with `--via target`."
    assert json.loads(render(ready_report(), "json"))["works_offline_until"] == "2027-06-30"


def test_junit_has_a_case_per_area() -> None:
    root = ET.fromstring(render(partly_ready_report(), "junit"))  # noqa: S314 - we wrote it
    suite = root.find("testsuite[@name='scope']")
    assert suite is not None
    assert (suite.get("tests"), suite.get("skipped")) == ("10", "4")
    skipped = suite.find("testcase[@classname='scope.workloads']/skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("switched off: Run without `--only`")


def test_gitlab_has_an_issue_per_unexamined_area() -> None:
    issues = json.loads(render(partly_ready_report(), "gitlab"))
    assert [issue["check_name"] for issue in issues] == ["scope"] * 4
    assert issues[0]["description"].startswith("Not examined: internal registry or archives (not declared). Collect with")
    assert {issue["severity"] for issue in issues} == {"info"}
    assert json.loads(render(ready_report(), "gitlab")) == []


def test_sarif_has_a_notification_per_unexamined_area() -> None:
    (run,) = json.loads(render(partly_ready_report(), "sarif"))["runs"]
    notes = run["invocations"][0]["toolConfigurationNotifications"]
    assert [note["descriptor"]["id"] for note in notes] == [
        f"scope/{row.area.value}" for row in unexamined(partly_ready_report())
    ]
    assert len(run["properties"]["scope"]) == 10
    assert run["properties"]["headline"].startswith("READY for what was examined: ")


def test_html_shows_the_rows_and_a_partially_ready_verdict_is_not_green() -> None:
    shown = render(partly_ready_report(), "html")
    assert 'class="verdict i"' in shown
    assert shown.count('<span class="b o">examined</span>') == 6
    assert "Collect with <code>--via target</code>." in shown
    assert 'class="verdict o"' in render(ready_report(), "html")


def test_index_of_a_fleet_states_the_examined_areas() -> None:
    entries = (
        IndexedSite.of("a.yaml", ready_report()),
        IndexedSite.of("b.yaml", partly_ready_report()),
        IndexedSite.failed("c.yaml", 2, "x"),
    )
    lines = as_text(entries).splitlines()[2:]
    assert lines[0].split()[:5] == ["a.yaml", "ready", "10", "of", "10"]
    assert lines[1].split()[:9] == ["b.yaml", "ready", "for", "what", "was", "examined", "6", "of", "10"]
    assert "not audited" in lines[2]


@settings(max_examples=200, deadline=None)
@given(reports)
def test_only_a_ready_report_with_all_areas_has_the_promise(report: Report) -> None:
    if "will work offline until" in meaning(report):
        assert report.verdict is Verdict.READY
        assert {row.area for row in report.scope if row.is_examined} == set(Area)
    for row in FULL_SCOPE:
        left = tuple(other for other in FULL_SCOPE if other is not row)
        assert dataclasses.replace(report, scope=left).works_offline_until is None
