"""A waiver is a promise by a named owner until a date, and never silently nothing."""

from __future__ import annotations

import datetime

import pytest

from auditor.check import Fine, Severity, Subject
from auditor.errors import Location
from auditor.plan.model import Waiver
from auditor.policy import Policy, judge
from auditor.report import JudgedFinding, Report, Status, Verdict
from tests.made_checks import TODAY, finding, outcomes_of, result

WHERE = Location("plan.yaml", 9, 5)


def waiver(check: str = "made-up", subject: str = "busybox", expires: datetime.date = TODAY) -> Waiver:
    return Waiver(check, subject, "rotation in March", "platform", expires, WHERE)


def judged(*waivers: Waiver, id: str = "busybox", pool: str = "") -> Report:
    return judge(outcomes_of(result([finding(id=id, pool=pool), Fine()])), Policy(waivers=waivers), TODAY)


def of_policy(report: Report) -> list[JudgedFinding]:
    return [item for item in report.findings if item.finding.check.startswith("waiver-")]


def test_a_waiver_holds_on_its_last_day() -> None:
    report = judged(waiver())
    assert (report.verdict, report.exit_code) == (Verdict.READY, 0)
    assert (report.counts.waived, report.counts.error) == (1, 0)
    waived = report.findings[0].waived
    assert waived is not None
    assert (waived.owner, waived.reason, waived.expires) == ("platform", "rotation in March", TODAY)


def test_the_day_after_the_finding_counts_again_and_the_waiver_is_a_finding() -> None:
    report = judged(waiver(expires=TODAY - datetime.timedelta(days=1)))
    assert (report.verdict, report.counts.error, report.counts.warning) == (Verdict.NOT_READY, 1, 1)
    (expired,) = of_policy(report)
    assert expired.finding.check == "waiver-expired"
    assert "platform" in expired.finding.message
    assert "1 days ago" not in expired.finding.message
    assert expired.finding.location == WHERE


def test_an_unknown_id_is_a_finding_with_the_nearest_id() -> None:
    report = judged(waiver(check="made-upp"))
    (unknown,) = of_policy(report)
    assert (unknown.finding.check, unknown.severity) == ("waiver-unknown", Severity.WARNING)
    assert unknown.finding.remedies[0].text == "Write made-up."
    assert report.verdict is Verdict.NOT_READY
    (far,) = of_policy(judged(waiver(check="zzz")))
    assert "auditor checks" in far.finding.remedies[0].text


@pytest.mark.parametrize(
    ("glob", "id", "covered"),
    [
        ("busybox", "busybox", True),
        ("busy*", "busybox", True),
        ("*", "anything", True),
        ("BUSYBOX", "busybox", False),
        ("busybox", "busybox2", False),
        ("[::1]:5000", "[::1]:5000", True),
        ("registry.plant7.local:*", "registry.plant7.local:5000", True),
        ("busybox for win2022", "busybox", True),
        ("busybox for win2019", "busybox", False),
    ],
)
def test_the_subject_is_a_glob_over_the_id_or_the_whole_subject(glob: str, id: str, covered: bool) -> None:
    report = judged(waiver(subject=glob), id=id, pool="win2022")
    assert (report.findings[0].waived is not None) is covered


def test_a_waiver_of_another_check_covers_nothing() -> None:
    outcomes = outcomes_of(result([finding()]), result([finding("other")], "other"))
    report = judge(outcomes, Policy(waivers=(waiver("other", "*"),)), TODAY)
    assert {item.finding.check: item.waived is not None for item in report.findings} == {"made-up": False, "other": True}


def test_the_first_waiver_in_force_is_shown() -> None:
    stale, late = waiver(expires=datetime.date(2026, 1, 1)), waiver(expires=datetime.date(2027, 1, 1))
    waived = judged(stale, late).findings[0].waived
    assert waived is not None
    assert waived.expires == datetime.date(2027, 1, 1)


def test_the_policy_itself_is_in_the_list_of_checks() -> None:
    report = judged(waiver(check="zzz"))
    rows = {row.rule.id: (row.status, row.examined) for row in report.checks}
    assert rows["waiver-unknown"] == (Status.FAILED, 1)
    assert rows["waiver-expired"] == (Status.PASSED, 1)


def test_a_waiver_about_waivers_is_known_and_its_severity_can_be_overridden() -> None:
    stale = waiver(expires=datetime.date(2026, 1, 1))
    about = waiver("waiver-expired", "*")
    report = judge(outcomes_of(result([Fine()])), Policy(waivers=(stale, about)), TODAY)
    assert (report.counts.waived, report.verdict) == (1, Verdict.READY)
    louder = Policy(waivers=(stale,), severities={"waiver-expired": Severity.ERROR})
    assert judge(outcomes_of(result([Fine()])), louder, TODAY).verdict is Verdict.NOT_READY


def test_a_waiver_that_has_expired_is_told_apart_by_its_check_and_subject() -> None:
    stale = [waiver(subject=name, expires=datetime.date(2026, 1, 1)) for name in ("a", "b")]
    found = of_policy(judged(*stale))
    assert len({item.finding.fingerprint for item in found}) == 2
    assert found[0].finding.subject == Subject("waiver", "made-up a")
