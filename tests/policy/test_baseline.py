"""A baseline accepts only the findings that it lists: not worse ones, not waived ones, not undetermined outcomes."""

from __future__ import annotations

import datetime
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.check import Finding, Fine, Severity
from auditor.errors import Location
from auditor.plan.model import Waiver
from auditor.policy import Baseline, Policy, baseline_of, judge
from auditor.policy.baseline import beside
from auditor.report import BaselineUsed, JudgedFinding, Report, Verdict
from reports import render
from tests.made_checks import TODAY, finding, outcomes_of, result, unknown

WAIVER = Waiver("made-up", "busybox", "rotation in March", "platform", TODAY, Location("plan.yaml", 9, 5))


def judged(*found: Finding, baseline: Baseline | None = None, waivers: tuple[Waiver, ...] = ()) -> Report:
    policy = Policy(baseline=baseline, waivers=waivers)
    return judge(outcomes_of(result([*found, Fine()])), policy, TODAY)


def document(report: Report) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(render(report, "json"))
    return shown


def before(*found: Finding, waivers: tuple[Waiver, ...] = ()) -> Baseline:
    return baseline_of(document(judged(*found, waivers=waivers)))


def test_known_finding_does_not_count_and_stays_in_the_report() -> None:
    report = judged(finding(), finding(id="nginx"), baseline=before(finding()))
    assert [(item.finding.subject.id, item.baselined) for item in report.findings] == [("busybox", True), ("nginx", False)]
    assert (report.counts.error, report.counts.baselined) == (1, 1)
    assert (report.verdict, report.exit_code) == (Verdict.NOT_READY, 1)


def test_only_new_findings_make_the_site_not_ready() -> None:
    report = judged(finding(), baseline=before(finding()))
    assert (report.verdict, report.exit_code) == (Verdict.READY, 0)
    assert report.baseline is not None
    assert (report.baseline.audited_at, report.baseline.findings) == (TODAY, 1)
    assert "the environment may still fail offline" in " ".join(render(report, "text=full").split())
    assert "should work" not in render(report, "text=full")


def test_baseline_of_a_baseline_keeps_known_findings() -> None:
    second = baseline_of(document(judged(finding(), baseline=before(finding()))))
    assert judged(finding(), baseline=second).exit_code == 0


def test_finding_with_a_higher_severity_is_new() -> None:
    milder = before(finding(severity=Severity.WARNING))
    assert judged(finding(), baseline=milder).exit_code == 1
    assert judged(finding(severity=Severity.INFO), baseline=milder).counts.baselined == 1


def test_additional_finding_with_the_same_fingerprint_is_new() -> None:
    report = judged(finding(), finding(), baseline=before(finding()))
    assert [item.baselined for item in report.findings] == [True, False]


def test_waived_finding_of_the_baseline_is_not_known() -> None:
    baseline = before(finding(), waivers=(WAIVER,))
    assert judged(finding(), baseline=baseline).exit_code == 1


def test_waived_and_known_finding_counts_as_waived() -> None:
    report = judged(finding(), baseline=before(finding()), waivers=(WAIVER,))
    assert (report.counts.waived, report.counts.baselined) == (1, 0)
    assert report.findings[0].baselined


def test_undetermined_outcome_is_never_known() -> None:
    outcomes = outcomes_of(result([unknown(), Fine()]))
    baseline = baseline_of(document(judge(outcomes, Policy(), TODAY)))
    report = judge(outcomes, Policy(baseline=baseline), TODAY)
    assert (report.verdict, report.exit_code) == (Verdict.UNDETERMINED, 3)


def test_baseline_without_findings_knows_nothing() -> None:
    bare = baseline_of({"version": 1, "audited_at": "2026-11-20", "findings": [1, {"severity": "error"}], "plan": 3})
    assert judged(finding(), baseline=bare).exit_code == 1
    assert (bare.used.plan_name, bare.used.findings) == ("", 1)


@pytest.mark.parametrize("change", [{"audited_at": None}, {"audited_at": "soon"}, {"findings": [{"severity": "fatal"}]}])
def test_invalid_report_is_rejected_as_baseline(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        baseline_of({**document(judged(finding())), **change})


cases = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(Severity)), max_size=6)


@settings(max_examples=100, deadline=None)
@given(cases, cases)
def test_new_findings_count_and_known_findings_are_kept(
    now: list[tuple[str, Severity]], old: list[tuple[str, Severity]]
) -> None:
    found = [finding(case=case, severity=severity) for case, severity in now]
    known = [finding(case=case, severity=severity) for case, severity in old]
    plain, beside = judged(*found), judged(*found, baseline=before(*known))
    assert [replace(item, baselined=False) for item in beside.findings] == list(plain.findings)
    assert beside.counts.baselined <= len(known)
    for item in beside.findings:
        if item.baselined:
            assert any(one.fingerprint == item.finding.fingerprint and one.severity.at_least(item.severity) for one in known)
    assert judged(*found, baseline=before(*found)).counts.baselined == len(found)
    assert beside.audited_at == datetime.date(2026, 11, 23)


def test_one_fingerprint_100000_times_is_matched_in_linear_time() -> None:
    found = [finding(severity=severity) for severity in (Severity.WARNING, Severity.ERROR) for _ in range(50_000)]
    known = tuple((found[0].fingerprint, severity) for severity in (Severity.ERROR, Severity.WARNING) for _ in range(50_000))
    used = BaselineUsed("plan", TODAY, len(known))
    started = time.process_time()
    marked = list(beside((JudgedFinding(one, one.severity, None) for one in found), Baseline(used, known)))
    assert all(item.baselined for item in marked)
    assert time.process_time() - started < 10
