"""The engine isolates checks from each other and counts the subjects that they examined."""

from __future__ import annotations

import datetime
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.check import PASSED, Finding, Fine, Outcome, Severity, Subject, Undetermined, define
from auditor.engine import NOT_SELECTED, NOTHING_TO_EXAMINE, CheckResult, evaluate
from auditor.evidence.model import Kind
from auditor.policy import Policy, judge
from auditor.report import Status, Verdict
from auditor.site import Requirement, Site
from checks import CATALOGUE
from tests.made_checks import TODAY, finding, made_check, outcomes_of, result, saying, small_site, unknown


def only(*outcomes: Outcome) -> CheckResult:
    return evaluate(small_site(), [made_check(saying(*outcomes))], TODAY).results[0]


def raises_midway(_site: Site, _today: datetime.date) -> Iterator[Outcome]:
    yield finding()
    raise KeyError("win2022")


def yields_nonsense(_site: Site, _today: datetime.date) -> Iterator[Any]:
    yield "all is well"


def is_no_generator(_site: Site, _today: datetime.date) -> Any:
    return None


def test_outcomes_are_sorted_and_subjects_counted() -> None:
    said = only(finding(case="a"), finding(case="b"), finding(id="alpine"), unknown(), Fine(3))
    assert [item.case for item in said.findings] == ["a", "b", ""]
    assert len(said.undetermined) == 1
    assert said.examined == 5  # two subjects with findings and three that passed; the undetermined one was not examined
    assert not said.not_applicable


def test_outcomes_get_the_id_and_the_severity_of_their_check() -> None:
    subject = Subject("image", "busybox")
    stated = Finding(subject, "with a severity of its own", severity=Severity.INFO)
    said = only(Finding(subject, "without"), stated, Undetermined(subject, Kind.DENIED, "no answer"), PASSED, PASSED)
    assert [(item.check, item.severity) for item in said.findings] == [
        ("made-up", Severity.ERROR),
        ("made-up", Severity.INFO),
    ]
    assert [item.check for item in said.undetermined] == ["made-up"]
    assert said.examined == 3


def test_subjects_that_passed_are_one_outcome() -> None:
    check = made_check(saying(PASSED, Fine(2), PASSED))
    assert list(check.run(small_site(), TODAY)) == [Fine(4)]


def test_id_and_family_come_from_the_module() -> None:
    check = define(saying(), title="Made up", severity=Severity.INFO)
    assert (check.id, check.family) == ("made-checks", "tests")


def test_check_receives_site_and_day() -> None:
    given: list[object] = []

    def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
        given.extend((site, today))
        yield Fine()

    site = small_site()
    evaluate(site, [made_check(run)], TODAY)
    assert given == [site, TODAY]


@pytest.mark.parametrize(
    ("run", "named"), [(raises_midway, "KeyError"), (yields_nonsense, "AssertionError"), (is_no_generator, "TypeError")]
)
def test_failing_check_is_undetermined_and_other_checks_run(run: Any, named: str) -> None:
    checks = [made_check(saying(Fine()), "before"), made_check(run, "broken"), made_check(saying(finding()), "after")]
    outcomes = evaluate(small_site(), checks, TODAY)
    before, broken, after = outcomes.results
    assert (before.examined, len(after.findings)) == (1, 1)
    (bug,) = broken.undetermined
    assert (bug.kind, bug.subject) == (Kind.BUG, Subject("check", "broken"))
    assert named in bug.detail
    assert "/" not in bug.detail.split(" at ", 1)[1].split(":", 1)[0]  # the module's name, not a path of this machine


def test_finding_before_a_failure_is_kept() -> None:
    broken = evaluate(small_site(), [made_check(raises_midway)], TODAY).results[0]
    assert len(broken.findings) == 1


def test_failed_check_blocks_readiness() -> None:
    checks = [made_check(saying(Fine(100)), "fine"), made_check(yields_nonsense, "broken")]
    report = judge(evaluate(small_site(), checks, TODAY), Policy(), TODAY)
    assert (report.verdict, report.exit_code) == (Verdict.UNDETERMINED, 3)
    assert [row.status for row in report.checks][:2] == [Status.PASSED, Status.UNDETERMINED]


def test_unselected_check_does_not_run_and_gives_the_reason() -> None:
    checks = [made_check(raises_midway, "left"), made_check(saying(Fine()), "taken")]
    left, taken = evaluate(small_site(), checks, TODAY, selected={"taken"}).results
    assert (left.not_applicable, left.undetermined) == (NOT_SELECTED, ())
    assert taken.examined == 1


@pytest.mark.parametrize(
    "requirement", [Requirement.WINDOWS_POOLS, Requirement.REGISTRY, Requirement.REGISTRY_DISK, Requirement.ENDPOINTS]
)
def test_check_whose_requirement_the_plan_lacks_does_not_apply(requirement: Requirement) -> None:
    needy = made_check(raises_midway, requires=(Requirement.IMAGES, requirement))
    said = evaluate(small_site(), [needy], TODAY).results[0]
    assert said == CheckResult(needy, not_applicable=requirement.value)


def test_check_without_outcomes_is_not_applicable() -> None:
    assert only().not_applicable == NOTHING_TO_EXAMINE
    assert only(Fine(0)).not_applicable == NOTHING_TO_EXAMINE
    assert not only(unknown()).not_applicable


def test_site_without_examined_subjects_is_not_ready() -> None:
    for outcomes in (
        evaluate(small_site(), CATALOGUE, TODAY, selected=frozenset()),
        evaluate(small_site(), [], TODAY),
        outcomes_of(result([])),
    ):
        report = judge(outcomes, Policy(), TODAY)
        assert (report.verdict, report.exit_code, report.counts.examined) == (Verdict.UNDETERMINED, 3, 0)


def test_site_without_faults_is_ready() -> None:
    report = judge(evaluate(small_site(), CATALOGUE, TODAY), Policy(), TODAY)
    assert (report.verdict, report.exit_code) == (Verdict.READY, 0)
    # a tag is severity info
    assert {row.status for row in report.checks} == {Status.PASSED, Status.FAILED, Status.NOT_APPLICABLE}


@pytest.mark.parametrize("enabled", [True, False])
def test_evaluate_restores_the_cycle_collector(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        evaluate(small_site(), [made_check(raises_midway)], TODAY)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
