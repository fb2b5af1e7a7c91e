"""The scope of a verdict: what each area needs to count as examined."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from auditor.check import Area, Fine, Severity, define
from auditor.engine import evaluate
from auditor.evidence.model import Kind, Place
from auditor.policy import Policy, judge
from auditor.report import JudgedFinding, Report, ScopeStatus, Verdict, Waived
from auditor.site import Site
from auditor.testing import site_of
from checks import CATALOGUE
from reports.headline import headline, meaning, title
from tests.made_checks import TODAY, finding, saying, small_site
from tests.policy.scopes import (
    COMPLETE,
    EXAMINED,
    IDLE_POOL,
    NOT_DECLARED,
    PROMISE,
    SWITCHED_OFF,
    UNDETERMINED,
    audited,
    plan_with,
    row_with,
    rows_of,
    statuses,
)


def test_complete_site_is_examined_and_gets_the_promise() -> None:
    report = audited(site_of(COMPLETE))
    assert set(statuses(report).values()) == {EXAMINED}
    assert [row.area for row in report.scope] == list(Area)
    assert all(row.examined and not row.hint and not row.missing for row in report.scope)
    assert headline(report).startswith("READY: ")
    assert meaning(report) == "This environment will work offline until 2027-06-30."
    assert report.works_offline_until == report.horizon


def test_list_of_three_lines_is_ready_for_examined_areas_without_promise() -> None:
    report = audited(small_site())
    assert report.verdict is Verdict.READY
    assert statuses(report) == {
        **dict.fromkeys(Area, NOT_DECLARED),
        Area.SOURCES: EXAMINED,
        Area.FOREIGN_LAYERS: EXAMINED,
    }
    assert headline(report) == "READY for what was examined: images at their source, foreign layers"
    assert meaning(report).startswith("Not examined: internal registry or archives (not declared), how nodes reach it")
    assert PROMISE not in meaning(report)
    assert rows_of(report)[Area.COPIES].hint.startswith("Add `registry: {host: …}` to the plan and collect with `--via target`")


@pytest.mark.parametrize(
    ("area", "changes", "missing"),
    [
        (Area.SOURCES, {"images": None, "workloads": None, "workloads_complete": None}, "images"),
        (Area.SOURCES, IDLE_POOL, "images for spare"),
        (Area.COPIES, {"registry": None}, "internal registry or archives"),
        (Area.NODE_ACCESS, {"registry": None}, "internal registry"),
        (Area.NODE_ACCESS, {"pools.control.config": None}, "node configuration of control"),
        (Area.CONNECTIONS, {"pools.control.config": None}, "node configuration of control"),
        (Area.CONNECTIONS, {"copy.scripts": None}, "scripts"),
        (Area.CONNECTIONS, {"workloads": None}, "workloads"),
        (Area.CONNECTIONS, {"workloads_complete": None}, "the declaration that workloads are complete"),
        (Area.CONNECTIONS, {"registry.kind": None}, "kind of the internal registry"),
        (Area.CONNECTIONS, {"registry.config": None}, "configuration of the internal registry"),
        (Area.STORAGE, {"pools.control.disk": None}, "disk of control"),
        (Area.STORAGE, {"registry.disk": None}, "disk of the internal registry"),
        (Area.STORAGE, {"copy.media": None}, "media"),
        (Area.STORAGE, {"copy.media.filesystem": None}, "filesystem of the media"),
        (Area.STORAGE, {"copy.staging": None}, "staging disk"),
        (Area.TRUST, {"pools.control.trust": None}, "trust of control"),
        (Area.WORKLOADS, {"workloads_complete": None}, "the declaration that workloads are complete"),
        (Area.WORKLOADS, {"workloads": None}, "workloads"),
        (Area.WORKLOADS, {"images": None}, "image lists"),
        (Area.DEFAULTS, {"cluster": None}, "distribution"),
    ],
)  # fmt: skip
def test_missing_part_is_named_with_its_plan_key(area: Area, changes: dict[str, Any], missing: str) -> None:
    row = row_with(area, changes)
    assert row.status is not EXAMINED
    assert missing in row.missing
    assert row.hint


@pytest.mark.parametrize("area", [Area.TRUST, Area.CALENDAR])
def test_internal_registry_is_examined_without_an_endpoint_entry(area: Area) -> None:
    assert row_with(area, {"endpoints": None}).status is EXAMINED


@pytest.mark.parametrize(
    "changes", [{"endpoints": ["k8s.plant7.local:6443"]}, {"registry.rewrites": {"docker.io": "hub.plant7.local/hub"}}]
)
def test_unobserved_endpoint_makes_trust_undetermined(changes: dict[str, Any]) -> None:
    row = row_with(Area.TRUST, changes)
    assert row.status is ScopeStatus.UNDETERMINED
    assert row.hint


def test_storage_is_undeclared_if_one_of_two_disks_is_missing() -> None:
    second = {"platform": "linux/amd64", "runtime": "containerd 2.1.6", "trust": [], "config": ["nodes"]}
    row = row_with(Area.STORAGE, {"pools.spare": second, "registry.disk": None})
    assert row.status is NOT_DECLARED
    assert row.examined
    assert row.missing == ("disk of spare", "disk of the internal registry")
    assert row.hint == "Add `disk: …` to the pools spare. Add `registry: {disk: …}` to the plan."


@pytest.mark.parametrize("key", ["copy.media", "copy.staging"])
def test_absent_part_of_a_site_is_declared_as_empty(key: str) -> None:
    form = plan_with({key: "NONE"})
    form["plan"] = form["plan"].replace("NONE", "null")
    assert audited(site_of(form)).works_offline_until is not None


def test_row_of_a_registry_without_tls_states_that_nothing_is_verified() -> None:
    form = plan_with({"registry.insecure": True, "endpoints": []})
    for name, content in form["files"].items():
        form["files"][name] = content.replace("https://", "http://") if isinstance(content, str) else content
    report = audited(site_of(form))
    for area in (Area.TRUST, Area.CALENDAR):
        row = rows_of(report)[area]
        assert (row.status, row.examined, row.missing) == (EXAMINED, 1, ())
        assert row.hint == "`registry.insecure` is set, so nodes do not verify the certificate of the internal registry."


@pytest.mark.parametrize("host", ["registry.plant7.local:99999", "bad host", "[::1", "hub.plant7.local:5001"])
def test_mirror_of_the_node_configuration_is_always_an_endpoint(host: str) -> None:
    form = copy.deepcopy(COMPLETE)
    path = "nodes/certs.d/registry.example.com/hosts.toml"
    form["files"][path] = f'server = "https://{host}"\n'
    row = rows_of(audited(site_of(form)))[Area.TRUST]
    assert row.area is Area.TRUST  # the audit did not stop
    form["files"][path] = f'server = "https://registry.plant7.local:5000"\n[host."https://{host}"]\n'
    assert rows_of(audited(site_of(form)))[Area.NODE_ACCESS].area is Area.NODE_ACCESS


def test_unobserved_sources_are_not_declared() -> None:
    report = audited(replace(site_of(COMPLETE), places=frozenset({Place.TARGET})))
    row = rows_of(report)[Area.SOURCES]
    assert (row.status, row.missing, row.hint) == (NOT_DECLARED, ("source registries",), "Collect with `--via source`.")
    assert report.works_offline_until is None


def test_unobserved_registry_is_not_declared() -> None:
    report = audited(replace(site_of(COMPLETE), places=frozenset({Place.SOURCE})))
    row = rows_of(report)[Area.COPIES]
    assert (row.status, row.hint) == (NOT_DECLARED, "Collect with `--via target`.")


def test_foreign_layer_requires_the_planned_transfer() -> None:
    layer = {"size": "1MB", "foreign": True, "blob": "present"}
    form = {
        "plan": 'version: 1\npools: {control: {platform: linux/amd64}}\nimages: [{ref: "registry.example.com/shop/web:4.2"}]\n',
        "observed": {"registry.example.com/shop/web:4.2": {"platforms": [{"platform": "linux/amd64", "layers": [layer]}]}},
    }
    row = rows_of(audited(site_of(form)))[Area.FOREIGN_LAYERS]
    assert row.status is NOT_DECLARED
    assert row.missing == ("how foreign layers are copied", "internal registry")


def test_selection_of_two_checks_leaves_areas_unexamined_without_promise() -> None:
    report = audited(site_of(COMPLETE), selected=frozenset({"image-absent", "image-duplicate"}))
    assert report.verdict is Verdict.READY
    assert set(statuses(report).values()) == {SWITCHED_OFF}
    assert title(report) == "READY for what was examined"
    assert headline(report) == "READY for what was examined: parts of images at their source"
    assert "image-unpinned" in rows_of(report)[Area.SOURCES].hint
    assert PROMISE not in meaning(report)


@pytest.mark.parametrize("check", [check.id for check in CATALOGUE if check.area is not None])
def test_skipped_check_that_applies_removes_its_area_from_the_scope(check: str) -> None:
    site = site_of(COMPLETE)
    chosen = next(one for one in CATALOGUE if one.id == check)
    applies = not any(site.lacks(requirement) for requirement in chosen.requires)
    report = audited(site, selected=frozenset(one.id for one in CATALOGUE) - {check})
    left = {area for area, status in statuses(report).items() if status is not EXAMINED}
    assert left == ({chosen.area} if applies else set())
    assert (report.works_offline_until is None) is applies


@pytest.mark.parametrize("area", list(Area))
def test_crashed_check_makes_its_area_undetermined(area: Area) -> None:
    def run(_site: Site, _today: object) -> Iterator[Fine]:
        raise ZeroDivisionError

    broken = define(run, id="broken", title="t", family="images", severity=Severity.ERROR, area=area)
    report = judge(evaluate(site_of(COMPLETE), (*CATALOGUE, broken), TODAY), Policy(), TODAY)
    assert rows_of(report)[area].status is UNDETERMINED
    assert "Report this bug, because these checks failed: broken." in rows_of(report)[area].hint
    assert {other for other, status in statuses(report).items() if status is not EXAMINED} == {area}
    assert report.undetermined[0].kind is Kind.BUG


def test_area_without_examined_subjects_is_not_examined() -> None:
    silent = define(saying(), id="silent", title="t", family="images", severity=Severity.ERROR, area=Area.SOURCES)
    report = judge(evaluate(site_of(COMPLETE), (silent,), TODAY), Policy(), TODAY)
    assert EXAMINED not in statuses(report).values()


def test_area_with_errors_is_examined() -> None:
    form = copy.deepcopy(COMPLETE)
    form["plan"] = form["plan"].replace("disk: 200GB", "disk: 1MB")
    row = rows_of(audited(site_of(form)))[Area.STORAGE]
    assert (row.status, row.errors) == (EXAMINED, 1)


# What keeps a ready verdict from being a promise.


@pytest.fixture(scope="module")
def whole() -> Report:
    return audited(site_of(COMPLETE))


def test_accepted_error_prevents_the_promise(whole: Report) -> None:
    accepted = JudgedFinding(finding(), Severity.ERROR, Waived("a", "b", TODAY))
    for item in (accepted, JudgedFinding(finding(), Severity.ERROR, baselined=True), JudgedFinding(finding(), Severity.INFO)):
        report = replace(whole, findings=(item,))
        assert report.works_offline_until is None
        assert "may still fail offline" in meaning(report)


def test_accepted_warning_keeps_the_promise(whole: Report) -> None:
    warned = JudgedFinding(finding(severity=Severity.WARNING), Severity.WARNING, Waived("a", "b", TODAY))
    assert replace(whole, findings=(warned,)).works_offline_until == whole.horizon


def test_expiry_before_the_default_horizon_prevents_the_promise() -> None:
    form = plan_with({"horizon": None})
    form["certificates"]["leaf"]["ends"] = datetime.date(2027, 1, 31)
    report = audited(site_of(form))
    assert report.verdict is Verdict.READY
    assert rows_of(report)[Area.CALENDAR].status is EXAMINED
    assert report.works_offline_until is None
    assert "1 finding about dates before the horizon 2027-11-2" in meaning(report)


def test_expiry_before_a_declared_horizon_is_not_ready() -> None:
    form = copy.deepcopy(COMPLETE)
    form["certificates"]["leaf"]["ends"] = datetime.date(2027, 1, 31)
    report = audited(site_of(form))
    assert (report.verdict, report.works_offline_until) == (Verdict.NOT_READY, None)


def test_report_without_a_scope_promises_nothing(whole: Report) -> None:
    assert replace(whole, scope=()).works_offline_until is None
    assert replace(whole, scope=whole.scope[1:]).works_offline_until is None


def test_not_ready_by_warnings_only_does_not_state_a_failure() -> None:
    report = judge(evaluate(site_of(COMPLETE), CATALOGUE, TODAY), Policy(fail_on=Severity.INFO), TODAY)
    assert report.verdict is Verdict.NOT_READY
    assert "will not work" not in meaning(report)


# Required areas.


# Properties.
