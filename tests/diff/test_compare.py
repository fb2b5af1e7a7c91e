"""Differences of two reports: new, resolved and worse findings, and findings that were not checked again."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.check import Finding, Severity, Subject, Undetermined
from auditor.diff import as_json, as_text, compare
from auditor.evidence.model import Kind
from auditor.report import EgressRow, JudgedFinding, Report, Status, Verdict, Waived
from reports import render
from tests.reports.sample import AUDITED_AT, beside_report, ready_report, sample_report
from tests.reports.strategies import reports


def read(report: Report) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(render(report, "json"))
    return shown


def without(report: Report, check: str, status: Status = Status.PASSED) -> Report:
    """The report as if the check had found nothing, or had not been run."""
    rows = tuple(dataclasses.replace(row, status=status) if row.rule.id == check else row for row in report.checks)
    left = tuple(item for item in report.findings if item.finding.check != check)
    return dataclasses.replace(report, findings=left, checks=rows)


def test_equal_reports_have_no_difference() -> None:
    same = compare(read(sample_report()), read(sample_report()))
    assert (same.appeared, same.gone, same.changed, same.unchecked) == ((), (), (), ())
    assert same.unchanged == len(sample_report().findings)
    assert not same.worse(Severity.INFO)
    assert as_text(same, Severity.ERROR).splitlines()[0] == "Verdict: not-ready, as before."


def test_new_and_resolved_findings_and_the_verdict_are_reported() -> None:
    before = dataclasses.replace(without(sample_report(), "windows-build-mismatch"), verdict=Verdict.UNDETERMINED)
    appeared = compare(read(before), read(sample_report()))
    assert [entry.check for entry in appeared.appeared] == ["windows-build-mismatch"]
    assert len(appeared.worse(Severity.ERROR)) == 1
    assert as_text(appeared, Severity.ERROR).startswith("Verdict: undetermined -> not-ready.\n")
    gone = compare(read(sample_report()), read(before))
    assert [entry.check for entry in gone.gone] == ["windows-build-mismatch"]
    assert not gone.worse(Severity.INFO)


def test_finding_of_a_check_that_did_not_run_is_not_resolved() -> None:
    later = without(sample_report(), "registry-disk", Status.NOT_APPLICABLE)
    skipped = compare(read(sample_report()), read(later))
    assert ([entry.check for entry in skipped.unchecked], skipped.gone) == (["registry-disk"], ())
    assert "were not checked again (1)" in as_text(skipped, Severity.ERROR)


def test_subject_that_became_undetermined_is_not_resolved() -> None:
    (found,) = [item.finding for item in sample_report().findings if item.finding.check == "registry-disk"]
    later = without(sample_report(), "registry-disk")
    row = dataclasses.replace(sample_report().undetermined[0], check="registry-disk", subject=found.subject)
    asked = compare(read(sample_report()), read(dataclasses.replace(later, undetermined=(*later.undetermined, row))))
    assert ([entry.check for entry in asked.unchecked], asked.gone) == (["registry-disk"], ())
    assert [question.check for question in asked.asked] == ["registry-disk"]


def test_finding_of_a_crashed_check_is_not_resolved() -> None:
    later = without(sample_report(), "registry-disk", Status.FAILED)
    bug = Undetermined(Subject("check", "registry-disk"), Kind.BUG, "it failed", check="registry-disk")
    broken = compare(read(sample_report()), read(dataclasses.replace(later, undetermined=(*later.undetermined, bug))))
    assert ([entry.check for entry in broken.unchecked], broken.gone) == (["registry-disk"], ())


@pytest.mark.parametrize(
    ("old", "new", "worse"),
    [
        (Severity.WARNING, Severity.ERROR, 1),
        (Severity.ERROR, Severity.WARNING, 0),
        (Severity.INFO, Severity.WARNING, 0),
    ],
)
def test_severity_that_rises_above_the_threshold_is_worse(old: Severity, new: Severity, worse: int) -> None:
    found = Finding(Subject("line", "a"), "m", check="x", severity=old)
    before, after = (dataclasses.replace(ready_report(), findings=(JudgedFinding(found, severity),)) for severity in (old, new))
    difference = compare(read(before), read(after))
    assert len(difference.changed) == 1
    assert len(difference.worse(Severity.ERROR)) == worse
    assert f"{old.value} -> {new.value} x: a: m" in as_text(difference, Severity.ERROR)


def test_finding_of_an_expired_waiver_counts_again() -> None:
    found = Finding(Subject("line", "a"), "m", check="x", severity=Severity.ERROR)
    waived = JudgedFinding(found, Severity.ERROR, Waived("platform", "soon", AUDITED_AT))
    before, after = (
        dataclasses.replace(ready_report(), findings=(item,)) for item in (waived, JudgedFinding(found, Severity.ERROR))
    )
    assert len(compare(read(before), read(after)).worse(Severity.ERROR)) == 1
    assert not compare(read(after), read(before)).worse(Severity.INFO)


def test_baselined_finding_is_not_worse() -> None:
    difference = compare(read(ready_report()), read(beside_report()))
    assert len(difference.appeared) == len(beside_report().findings)
    assert len(difference.worse(Severity.ERROR)) == 1


def test_added_and_removed_images_and_hosts_are_reported() -> None:
    first, second, *rest = sample_report().images
    cell = dataclasses.replace(second.platforms[0], status="made-up")
    row = EgressRow("new.example", 8443, "https", "win2022 (curl)", "why", "a stall", "chain-incomplete")
    later = dataclasses.replace(
        sample_report(),
        images=(dataclasses.replace(second, platforms=(cell, *second.platforms[1:])), *rest),
        egress=(row,),
    )
    difference = compare(read(sample_report()), read(later))
    assert (difference.images_removed, difference.images_added) == ((first.reference,), ())
    assert [(one.image, one.old, one.new) for one in difference.cells] == [
        (second.reference, second.platforms[0].status, "made-up")
    ]
    assert difference.egress_added == ("new.example:8443",)
    assert set(difference.egress_removed) == {f"{row.host}:{row.port}" for row in sample_report().egress}


def test_long_parts_are_shortened_in_text_and_complete_in_json() -> None:
    found = [Finding(Subject("line", str(number)), "m", check="x", severity=Severity.INFO) for number in range(60)]
    later = dataclasses.replace(ready_report(), findings=tuple(JudgedFinding(one, Severity.INFO) for one in found))
    difference = compare(read(ready_report()), read(later))
    assert "... and 10 more: --format json has all" in as_text(difference, Severity.ERROR)
    shown = json.loads(as_json(difference, Severity.ERROR))
    assert len(shown["findings"]["new"]) == 60
    assert (shown["version"], shown["worse"], shown["verdict_changed"]) == (1, 0, False)


@settings(max_examples=60, deadline=None)
@given(reports, reports)
def test_every_finding_is_in_one_section_without_control_characters(old: Report, new: Report) -> None:
    difference = compare(read(old), read(new))
    both = difference.unchanged + len(difference.changed)
    assert len(difference.gone) + len(difference.unchecked) + both == len(old.findings)
    assert len(difference.appeared) + both == len(new.findings)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", as_text(difference, Severity.INFO))
    assert json.loads(as_json(difference, Severity.INFO))["findings"]["unchanged"] == difference.unchanged


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("findings", "undetermined", "images", "egress", "checks", "plan", "verdict", "exit_code")
PARTS = ("severity", "subject", "location", "reference", "platforms", "host", "port", "fingerprint", "id", "status")
rows = st.lists(st.dictionaries(st.sampled_from(PARTS), json_values, max_size=4) | json_values, max_size=3)
documents = st.dictionaries(st.sampled_from(FIELDS), rows | json_values)


@settings(max_examples=150, deadline=None)
@given(documents, documents)
def test_any_document_is_compared_or_rejected(old: dict[str, Any], new: dict[str, Any]) -> None:
    difference = compare(old, new)
    assert as_text(difference, Severity.ERROR).endswith("\n")
    json.loads(as_json(difference, Severity.ERROR))
