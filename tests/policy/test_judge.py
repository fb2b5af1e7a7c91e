"""The one gate: severities, thresholds, verdict and exit code."""

from __future__ import annotations

import dataclasses
import datetime

import pytest

from auditor.check import Fine, Outcome, Severity
from auditor.policy import POLICY_RULES, Policy, judge
from auditor.policy.judging import SHOWN_REASON
from auditor.report import Status, Verdict
from auditor.testing import plan_of
from tests.made_checks import TODAY, finding, outcomes_of, result, small_site, unknown

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("severity", "fail_on", "verdict", "exit_code"),
    [
        (ERROR, ERROR, Verdict.NOT_READY, 1),
        (ERROR, INFO, Verdict.NOT_READY, 1),
        (WARNING, ERROR, Verdict.READY, 0),
        (WARNING, WARNING, Verdict.NOT_READY, 1),
        (INFO, WARNING, Verdict.READY, 0),
        (INFO, INFO, Verdict.NOT_READY, 1),
    ],
)
def test_finding_at_or_above_the_threshold_is_not_ready(
    severity: Severity, fail_on: Severity, verdict: Verdict, exit_code: int
) -> None:
    report = judge(outcomes_of(result([finding(severity=severity), Fine()])), Policy(fail_on=fail_on), TODAY)
    assert (report.verdict, report.exit_code) == (verdict, exit_code)


def test_undetermined_is_not_ready_only_if_strict() -> None:
    outcomes = outcomes_of(result([unknown(), Fine(9)]))
    relaxed, strict = judge(outcomes, Policy(), TODAY), judge(outcomes, Policy(strict=True), TODAY)
    assert (relaxed.verdict, relaxed.exit_code) == (Verdict.UNDETERMINED, 3)
    assert (strict.verdict, strict.exit_code) == (Verdict.UNDETERMINED, 1)


def test_error_is_worse_than_undetermined() -> None:
    report = judge(outcomes_of(result([unknown(), finding()])), Policy(), TODAY)
    assert (report.verdict, report.exit_code) == (Verdict.NOT_READY, 1)


def test_severities_can_be_overridden_both_ways() -> None:
    outcomes = outcomes_of(result([finding(severity=WARNING)]))
    raised = judge(outcomes, Policy(severities={"made-up": ERROR}), TODAY)
    assert (raised.verdict, raised.counts.error, raised.counts.warning) == (Verdict.NOT_READY, 1, 0)
    assert raised.findings[0].severity is ERROR
    assert raised.findings[0].finding.severity is WARNING
    lowered = judge(outcomes_of(result([finding()])), Policy(severities={"made-up": INFO}), TODAY)
    assert (lowered.verdict, lowered.checks[0].severity) == (Verdict.READY, INFO)


def test_worst_severity_comes_first_and_order_is_stable() -> None:
    said = [finding(id="a", severity=INFO), finding(id="b"), finding(id="c", severity=WARNING), finding(id="d")]
    report = judge(outcomes_of(result(said)), Policy(), TODAY)
    assert [judged.finding.subject.id for judged in report.findings] == ["b", "d", "c", "a"]


def test_counts_are_of_findings_and_of_subjects() -> None:
    said: list[Outcome] = [finding(case="1"), finding(case="2"), finding(id="b", severity=INFO), unknown(id="c"), Fine(5)]
    counts = judge(outcomes_of(result(said)), Policy(), TODAY).counts
    assert (counts.error, counts.warning, counts.info, counts.undetermined, counts.examined) == (2, 0, 1, 1, 7)


def test_rows_state_the_result_of_each_check() -> None:
    report = judge(
        outcomes_of(
            result([finding(), unknown()], "failed"),
            result([unknown(), unknown(id="b"), Fine()], "undetermined"),
            result([Fine(4)], "passed"),
        ),
        Policy(),
        TODAY,
    )
    failed, undetermined, passed, *policy = report.checks
    assert (failed.status, failed.reason) == (Status.FAILED, "no answer")
    assert (undetermined.status, undetermined.reason) == (Status.UNDETERMINED, "no answer (and 1 more)")
    assert (passed.status, passed.examined, passed.reason) == (Status.PASSED, 4, "")
    assert [(row.rule, row.status) for row in policy] == [(rule, Status.NOT_APPLICABLE) for rule in POLICY_RULES]


def test_long_reason_is_shortened() -> None:
    item = unknown()
    long = dataclasses.replace(item, detail="x" * 1000)
    row = judge(outcomes_of(result([long])), Policy(), TODAY).checks[0]
    assert row.reason == "x" * (SHOWN_REASON - 1) + "…"


def test_horizon_is_planned_or_one_year() -> None:
    assert judge(outcomes_of(result([Fine()])), Policy(), TODAY).horizon == TODAY + datetime.timedelta(days=365)
    plan = plan_of("version: 1\nhorizon: 2027-06-30\npools: {control: {platform: linux/amd64}}\n")
    site = type(small_site())(plan, small_site().needs, small_site().evidence)
    assert judge(outcomes_of(result([Fine()]), site=site), Policy(), TODAY).horizon == datetime.date(2027, 6, 30)


def test_report_states_what_was_audited() -> None:
    report = judge(outcomes_of(result([Fine()])), Policy(), TODAY)
    assert (report.plan_name, report.plan_path, report.audited_at) == ("plant-7", "plan.yaml", TODAY)
    assert len(report.plan_sha256) == 64
