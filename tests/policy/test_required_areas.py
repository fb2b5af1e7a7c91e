"""Areas that the plan or the policy requires: one that is not examined is undetermined."""

from __future__ import annotations

import copy

from auditor.check import Area
from auditor.policy import Policy
from auditor.policy.rules import SCOPE_REQUIRED
from auditor.report import Status, Verdict
from auditor.testing import site_of
from tests.made_checks import small_site
from tests.policy.scopes import COMPLETE, audited


def test_required_area_that_is_not_examined_is_undetermined() -> None:
    report = audited(small_site(), Policy(require=frozenset({Area.STORAGE})))
    assert (report.verdict, report.exit_code) == (Verdict.UNDETERMINED, 3)
    (question,) = report.undetermined
    assert (question.check, question.subject.kind, question.subject.id) == (SCOPE_REQUIRED.id, "scope", "storage")
    assert question.detail.startswith("the area storage (storage per stage) is required, but not declared. Add `disk: …`")
    row = next(row for row in report.checks if row.rule is SCOPE_REQUIRED)
    assert (row.status, row.reason) == (Status.UNDETERMINED, "not examined: storage")
    assert audited(small_site(), Policy(require=frozenset({Area.STORAGE}), strict=True)).exit_code == 1


def test_required_area_that_is_examined_changes_nothing() -> None:
    report = audited(small_site(), Policy(require=frozenset({Area.SOURCES})))
    assert (report.verdict, report.exit_code) == (Verdict.READY, 0)
    assert next(row for row in report.checks if row.rule is SCOPE_REQUIRED).status is Status.PASSED
    assert audited(site_of(COMPLETE), Policy(require=frozenset(Area))).exit_code == 0


def test_required_areas_of_plan_and_policy_are_combined() -> None:
    form = {"plan": "version: 1\npools: {a: {platform: linux/amd64}}\nrequire: [storage]\n"}
    report = audited(site_of(form), Policy(require=frozenset({Area.TRUST})))
    assert {row.area for row in report.scope if row.is_required} == {Area.STORAGE, Area.TRUST}
    assert {item.subject.id for item in report.undetermined} == {"storage", "trust"}
    everything = audited(site_of({"plan": "version: 1\npools: {a: {platform: linux/amd64}}\nrequire: [site]\n"}))
    assert all(row.is_required for row in everything.scope)


def test_error_has_priority_over_a_required_area() -> None:
    form = copy.deepcopy(COMPLETE)
    form["plan"] = form["plan"].replace("disk: 200GB", "disk: 1MB").replace("copy:", "require: [site]\ncopy:")
    form["plan"] = form["plan"].replace("workloads_complete: true", "workloads_complete: false")
    report = audited(site_of(form))
    assert (report.verdict, report.exit_code) == (Verdict.NOT_READY, 1)
    assert any(item.check == SCOPE_REQUIRED.id for item in report.undetermined)


def test_no_area_is_required_by_default() -> None:
    row = next(row for row in audited(small_site()).checks if row.rule is SCOPE_REQUIRED)
    assert (row.status, row.reason) == (Status.NOT_APPLICABLE, "no area is required")
