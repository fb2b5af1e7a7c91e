"""The summary of a report, and the texts that formats share."""

from __future__ import annotations

import dataclasses

import pytest

from auditor.check import Finding, Remedy, Severity, Subject
from auditor.evidence.model import Kind
from auditor.report import JudgedFinding
from reports.cleaning import clean
from reports.summary import KIND_ADVICE, SummaryGroup, advice, grouped, not_applied, weight
from tests.reports.sample import ready_report, sample_report, undetermined_report


def test_every_kind_of_undetermined_outcome_has_advice() -> None:
    assert set(KIND_ADVICE) == {*Kind}
    assert all(map(advice, Kind))


def test_weight_names_only_what_a_step_explains() -> None:
    steps = sample_report().first_steps
    assert [weight(step) for step in steps][:3] == ["2 errors", "1 error", "1 error"]
    assert weight(steps[-1]).endswith("warnings")
    assert weight(undetermined_report().first_steps[0]).endswith("undetermined")


def test_groups_hold_every_active_finding_once_worst_first() -> None:
    report = sample_report()
    groups = grouped(report)
    assert sum(len(group.findings) for group in groups) == len(report.findings) - report.counts.waived
    ranks = [group.severity.rank for group in groups]
    assert ranks == sorted(ranks, reverse=True)


def test_check_with_two_severities_makes_two_groups() -> None:
    found = [
        JudgedFinding(Finding(Subject("line", "a"), "m", check="x", severity=severity), severity)
        for severity in reversed(Severity)
    ]
    groups = grouped(dataclasses.replace(ready_report(), findings=tuple(found)))
    assert [(group.check, group.severity) for group in groups] == [("x", severity) for severity in Severity]


def group(*remedies: tuple[Remedy, ...]) -> SummaryGroup:
    found = [Finding(Subject("line", "a"), "m", remedies=ways, check="x", severity=Severity.ERROR) for ways in remedies]
    return SummaryGroup("x", "", Severity.ERROR, tuple(JudgedFinding(item, item.severity) for item in found))


def test_shared_remedies_are_the_common_prefix() -> None:
    one, two, three = (Remedy("edit", text) for text in ("one", "two", "three"))
    assert group((one, two)).shared_remedies == ()
    assert group((one, two), (one, two)).shared_remedies == (one, two)
    assert group((one, two), (one, three)).shared_remedies == (one,)
    assert group((one,), (two,)).shared_remedies == ()
    assert group((one,), ()).shared_remedies == ()


def test_checks_that_did_not_apply_are_grouped_by_reason() -> None:
    reasons = {reason: [row.rule.id for row in rows] for reason, rows in not_applied(sample_report())}
    assert reasons["the plan names no copy tool"] == ["copy-drops-foreign-layers", "transfer-window"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("a\r\nb\tc\u2028d\u00a0e", "a  b c d e"),
        ("\x00\x1b\x7f\x9b", "\ufffd" * 4),
        ("\u202e\u2066\u200b\ufeff\U000e0041\ud800", "\ufffd" * 6),
        ("büro-№", "büro-№"),
    ],
)
def test_control_characters_are_removed(text: str, shown: str) -> None:
    assert clean(text) == shown
