"""A waiver has an owner and an end date, and one without effect is reported."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace

import pytest

from auditor.check import Fine, Severity, Subject
from auditor.errors import Location
from auditor.plan.model import Waiver
from auditor.policy import Policy, judge
from auditor.policy.covering import WaiverIndex
from auditor.report import JudgedFinding, Report, Status, Verdict
from tests.made_checks import TODAY, finding, outcomes_of, result, unknown

WHERE = Location("plan.yaml", 9, 5)


def waiver(check: str = "made-up", subject: str = "busybox", expires: datetime.date = TODAY) -> Waiver:
    return Waiver(check, subject, "rotation in March", "platform", expires, WHERE)


def judged(*waivers: Waiver, id: str = "busybox", pool: str = "") -> Report:
    return judge(outcomes_of(result([finding(id=id, pool=pool), Fine()])), Policy(waivers=waivers), TODAY)


def of_policy(report: Report) -> list[JudgedFinding]:
    return [item for item in report.findings if item.finding.check.startswith("waiver-")]


def test_waiver_is_in_force_on_its_last_day() -> None:
    report = judged(waiver())
    assert (report.verdict, report.exit_code) == (Verdict.READY, 0)
    assert (report.counts.waived, report.counts.error) == (1, 0)
    waived = report.findings[0].waived
    assert waived is not None
    assert (waived.owner, waived.reason, waived.expires) == ("platform", "rotation in March", TODAY)


def test_expired_waiver_is_a_finding_and_its_finding_counts_again() -> None:
    report = judged(waiver(expires=TODAY - datetime.timedelta(days=1)))
    assert (report.verdict, report.counts.error, report.counts.warning) == (Verdict.NOT_READY, 1, 1)
    (expired,) = of_policy(report)
    assert expired.finding.check == "waiver-expired"
    assert "platform" in expired.finding.message
    assert "1 days ago" not in expired.finding.message
    assert expired.finding.location == WHERE


def test_unknown_id_is_a_finding_with_the_nearest_id() -> None:
    report = judged(waiver(check="made-upp"))
    (unknown,) = of_policy(report)
    assert (unknown.finding.check, unknown.severity) == ("waiver-unknown", Severity.WARNING)
    assert unknown.finding.remedies[0].text == "Change the id to made-up."
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
def test_subject_pattern_matches_the_id_or_the_whole_subject(glob: str, id: str, covered: bool) -> None:
    report = judged(waiver(subject=glob), id=id, pool="win2022")
    assert (report.findings[0].waived is not None) is covered


def test_waiver_of_another_check_covers_nothing() -> None:
    outcomes = outcomes_of(result([finding()]), result([finding("other")], "other"))
    report = judge(outcomes, Policy(waivers=(waiver("other", "*"),)), TODAY)
    covered = {item.finding.check: item.waived is not None for item in report.findings}
    assert covered == {"made-up": False, "other": True, "waiver-expiring": False}


def test_first_waiver_in_force_is_shown() -> None:
    stale, late = waiver(expires=datetime.date(2026, 1, 1)), waiver(expires=datetime.date(2027, 1, 1))
    waived = judged(stale, late).findings[0].waived
    assert waived is not None
    assert waived.expires == datetime.date(2027, 1, 1)


def test_policy_rules_are_in_the_list_of_checks() -> None:
    report = judged(waiver(check="zzz"))
    rows = {row.rule.id: (row.status, row.examined) for row in report.checks}
    assert rows["waiver-unknown"] == (Status.FAILED, 1)
    assert rows["waiver-expired"] == (Status.PASSED, 1)


def test_waiver_rule_id_is_known_and_its_severity_can_be_overridden() -> None:
    stale = waiver(expires=datetime.date(2026, 1, 1))
    about = waiver("waiver-expired", "*")
    report = judge(outcomes_of(result([Fine()])), Policy(waivers=(stale, about)), TODAY)
    assert (report.counts.waived, report.verdict) == (1, Verdict.READY)
    louder = Policy(waivers=(stale,), severities={"waiver-expired": Severity.ERROR})
    assert judge(outcomes_of(result([Fine()])), louder, TODAY).verdict is Verdict.NOT_READY


def test_expired_waivers_are_distinguished_by_check_and_subject() -> None:
    stale = [waiver(subject=name, expires=datetime.date(2026, 1, 1)) for name in ("a", "b")]
    found = of_policy(judged(*stale))
    assert len({item.finding.fingerprint for item in found}) == 2
    assert found[0].finding.subject == Subject("waiver", "made-up a")


def expiring(days: int) -> list[str]:
    report = judged(waiver(expires=TODAY + datetime.timedelta(days=days)))
    return [item.finding.message for item in report.findings if item.finding.check == "waiver-expiring"]


@pytest.mark.parametrize(("days", "words"), [(0, "today"), (1, "tomorrow"), (2, "in 2 days"), (14, "in 14 days")])
def test_end_of_a_waiver_is_reported_14_days_before(days: int, words: str) -> None:
    (message,) = expiring(days)
    assert f"ends {words}, on" in message
    assert "rotation in March" in message


def test_waiver_is_not_reported_earlier_and_is_expired_later() -> None:
    assert expiring(15) == []
    assert expiring(-1) == []


LATER = datetime.date(2027, 6, 30)


def unused(report: Report) -> list[str]:
    return [item.finding.subject.id for item in report.findings if item.finding.check == "waiver-unused"]


def status_of_unused(report: Report) -> tuple[Status, int]:
    row = next(row for row in report.checks if row.rule.id == "waiver-unused")
    return row.status, row.examined


def test_waiver_that_covers_nothing_is_reported() -> None:
    report = judged(waiver(expires=LATER), waiver(subject="nginx", expires=LATER))
    assert unused(report) == ["made-up nginx"]
    assert status_of_unused(report) == (Status.FAILED, 1)
    assert report.verdict is Verdict.READY
    assert status_of_unused(judged(waiver(expires=LATER))) == (Status.PASSED, 1)


def test_second_waiver_for_one_finding_counts_as_used() -> None:
    assert unused(judged(waiver(expires=LATER), waiver(subject="busy*", expires=LATER))) == []


def test_expired_or_misspelt_waiver_is_not_reported_as_unused() -> None:
    report = judged(waiver(subject="nginx", expires=datetime.date(2026, 1, 1)), waiver("zzz", expires=LATER))
    assert unused(report) == []


def test_waiver_is_not_unused_if_its_check_did_not_run_or_decide() -> None:
    waivers = (waiver(subject="nginx", expires=LATER),)
    undecided = judge(outcomes_of(result([finding(), unknown(id="nginx")])), Policy(waivers=waivers), TODAY)
    skipped = replace(result([]), not_applicable="not selected for this run")
    for report in (undecided, judge(outcomes_of(skipped), Policy(waivers=waivers), TODAY)):
        assert unused(report) == []
        assert status_of_unused(report) == (Status.NOT_APPLICABLE, 0)


def test_waiver_for_waiver_findings_can_be_unused() -> None:
    report = judge(outcomes_of(result([Fine()])), Policy(waivers=(waiver("waiver-expired", "*", LATER),)), TODAY)
    assert unused(report) == ["waiver-expired *"]


@pytest.mark.parametrize(
    ("subject", "covers"),
    [
        ("quay.io/app1", True),
        ("quay.io/*", True),
        ("*app1", True),
        ("*.io/*pp1", True),
        ("???y.io/app1", True),
        ("quay.io/app[0-9]", True),
        ("[pq]uay.io/app1", True),
        ("*", True),
        ("q*1", True),
        ("quay.io/app1 on linux/amd64 for workers", True),
        ("*for workers", True),
        ("quay.io/app1 on linux/amd64 for workers (containerd)", True),
        ("*(containerd)", True),
        ("quay.io/app", False),
        ("quay.io/app[2-9]", False),
        ("*app2*", False),
        ("Quay.io/*", False),
        ("quay.io/app1 on linux/amd64", False),
        ("uay.io/app1", False),
    ],
)
def test_a_waiver_subject_is_a_glob_over_id_or_whole_subject(subject: str, covers: bool) -> None:
    found = replace(finding(), subject=Subject("image", "quay.io/app1", "linux/amd64", "workers", "containerd"))
    index = WaiverIndex([waiver(subject="other-*"), waiver(subject=subject)], TODAY)
    assert (index.covering(found) is not None) == covers
    assert {one.subject for one in index.used} == ({subject} if covers else set())


def test_subject_with_brackets_is_matched_literally() -> None:
    assert WaiverIndex([waiver(subject="[::1]:5000")], TODAY).covering(finding(id="[::1]:5000")) is not None


def test_first_waiver_covers_and_every_matching_waiver_is_used() -> None:
    first, second = replace(waiver(subject="busy*"), owner="first"), replace(waiver(), owner="second")
    index = WaiverIndex([waiver(expires=TODAY - datetime.timedelta(days=1)), first, second], TODAY)
    covered = index.covering(finding())
    assert covered is not None
    assert covered.owner == "first"
    assert index.used == {first, second}


@pytest.mark.parametrize("form", ["docker.io/library/app{}:1", "docker.io/library/app{}:*", "*/app{}:1*", "*pp{}:?"])
def test_100000_findings_and_1000_waivers_are_judged_in_seconds(form: str) -> None:
    found = [finding(id=f"docker.io/library/app{number}:1", pool="workers") for number in range(100_000)]
    started = time.process_time()
    index = WaiverIndex([waiver(subject=form.format(number * 90)) for number in range(1_000)], TODAY)
    assert sum(index.covering(one) is not None for one in found) == 1_000
    assert len(index.used) == 1_000
    assert time.process_time() - started < 6  # 1.5 s measured; findings times waivers would take minutes
