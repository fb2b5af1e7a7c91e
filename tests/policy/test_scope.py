"""The scope of a verdict: what each area needs, and that knowing less never makes an area look examined."""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.check import Area, Fine, Severity, define
from auditor.engine import evaluate
from auditor.errors import AuditorError
from auditor.evidence.model import Kind, Place
from auditor.policy import Policy, judge
from auditor.policy.rules import SCOPE_REQUIRED
from auditor.report import JudgedFinding, Report, ScopeRow, ScopeStatus, Status, Verdict, Waived
from auditor.site import Site
from auditor.testing import MemoryEvidence, site_of
from checks import CATALOGUE
from reports import FORMATS, render
from reports.headline import headline, meaning, title
from tests.made_checks import TODAY, finding, saying, small_site
from tests.policy.complete import complete_form
from tests.policy.test_properties import FORMS, SITES, evidence_of, report_of, with_evidence

EXAMINED, NOT_DECLARED = ScopeStatus.EXAMINED, ScopeStatus.NOT_DECLARED
UNDETERMINED, SWITCHED_OFF = ScopeStatus.UNDETERMINED, ScopeStatus.SWITCHED_OFF
PROMISE = "will work offline"
COMPLETE = complete_form()
Path = tuple[str | int, ...]
IDLE_POOL = {
    "pools.spare": {"platform": "linux/arm64"},
    "images": [{"list": "images.txt", "pools": ["control"]}],
    "cluster": None,
    "workloads": [],
}


def audited(site: Site, policy: Policy | None = None, selected: frozenset[str] | None = None) -> Report:
    return judge(evaluate(site, CATALOGUE, TODAY, selected=selected), policy or Policy(), TODAY)


def rows_of(report: Report) -> dict[Area, ScopeRow]:
    return {row.area: row for row in report.scope}


def statuses(report: Report) -> dict[Area, ScopeStatus]:
    return {row.area: row.status for row in report.scope}


def plan_with(changes: dict[str, Any]) -> dict[str, Any]:
    """The form of the complete site with keys of its plan replaced, by their dotted path; `None` removes a key."""
    form = copy.deepcopy(COMPLETE)
    plan = yaml.safe_load(form["plan"])
    for path, value in changes.items():
        *above, last = path.split(".")
        part = plan
        for key in above:
            part = part[key]
        if value is None:
            del part[last]
        else:
            part[last] = value
    return {**form, "plan": yaml.safe_dump(plan, sort_keys=False)}


def row_with(area: Area, changes: dict[str, Any]) -> ScopeRow:
    return rows_of(audited(site_of(plan_with(changes))))[area]


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


def test_expiry_before_the_horizon_prevents_the_promise() -> None:
    form = copy.deepcopy(COMPLETE)
    form["certificates"]["leaf"]["ends"] = datetime.date(2027, 1, 31)
    report = audited(site_of(form))
    assert report.verdict is Verdict.READY
    assert rows_of(report)[Area.CALENDAR].status is EXAMINED
    assert report.works_offline_until is None
    assert "1 finding about dates before the horizon 2027-06-30." in meaning(report)


def test_report_without_a_scope_promises_nothing(whole: Report) -> None:
    assert replace(whole, scope=()).works_offline_until is None
    assert replace(whole, scope=whole.scope[1:]).works_offline_until is None


def test_not_ready_by_warnings_only_does_not_state_a_failure() -> None:
    report = judge(evaluate(site_of(COMPLETE), CATALOGUE, TODAY), Policy(fail_on=Severity.INFO), TODAY)
    assert report.verdict is Verdict.NOT_READY
    assert "will not work" not in meaning(report)


# Required areas.


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


# Properties.


def ways(value: object, path: Path = ()) -> Iterator[Path]:
    """The path of every key of a plan; a pool is the site itself and no statement about it."""
    if isinstance(value, dict):
        for key, below in value.items():
            if not (len(path) == 1 and path[0] == "pools"):
                yield (*path, key)
            yield from ways(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from ways(below, (*path, number))


def without(plan: Any, path: Path) -> Any:
    plan = copy.deepcopy(plan)
    part = plan
    for key in path[:-1]:
        if isinstance(part, dict) and key not in part:
            return plan
        part = part[key]
    if isinstance(part, dict):
        part.pop(path[-1], None)
    return plan


# What these areas examine is every image of the site: a plan that names fewer images is about another site.
OF_IMAGES = frozenset({Area.SOURCES, Area.COPIES, Area.NODE_ACCESS, Area.FOREIGN_LAYERS, Area.STORAGE})


def gained(before: Report, after: Report) -> set[Area]:
    old = statuses(before)
    return {row.area for row in after.scope if row.is_examined and old[row.area] is not EXAMINED}


def gained_by_less(before: Site, old: Report, after: Site, new: Report) -> set[Area]:
    """As `gained`, without areas whose subjects became fewer."""
    fewer = set(before.needs.needs) - set(after.needs.needs)
    return gained(old, new) - (OF_IMAGES if fewer else frozenset())


@pytest.mark.parametrize("index", range(len(SITES)))
def test_less_evidence_never_makes_an_area_examined(index: int) -> None:
    site, today = SITES[index]
    # Evidence before version 4 has the presence of no document at a source, and is still read.
    is_older = "source-mismatch" in {item.finding.check for item in report_of(index).findings}
    for key in evidence_of(site).keys():  # noqa: SIM118 - not a mapping
        if is_older and key[0] == "blob":
            continue
        less = with_evidence(site, evidence_of(site).without([key]))
        assert not gained(report_of(index), judge(evaluate(less, CATALOGUE, today), Policy(), today)), key


@pytest.mark.parametrize("index", range(len(SITES)))
def test_removal_of_a_plan_key_never_makes_an_area_examined(index: int) -> None:
    form, today = FORMS[index], SITES[index][1]
    plan = yaml.safe_load(form["plan"])
    for path in ways(plan):
        try:
            site = site_of({**form, "plan": yaml.safe_dump(without(plan, path), sort_keys=False)})
        except AuditorError:
            continue
        report = judge(evaluate(site, CATALOGUE, today), Policy(), today)
        assert not gained_by_less(SITES[index][0], report_of(index), site, report), path


@settings(max_examples=60, deadline=None)
@given(st.integers())
def test_removal_of_keys_and_evidence_one_by_one_only_loses_areas(seed: int) -> None:
    chance = random.Random(seed)
    plan, dropped = yaml.safe_load(COMPLETE["plan"]), set[Any]()
    was = site_of(COMPLETE)
    before = audited(was)
    for _ in range(5):
        path = chance.choice(list(ways(plan)))
        keys = list(evidence_of(site_of(COMPLETE)).keys())
        dropped |= {chance.choice(keys)} if chance.random() < 0.3 else set()
        less = without(plan, path)
        try:
            site = site_of({**COMPLETE, "plan": yaml.safe_dump(less, sort_keys=False)})
        except AuditorError:
            continue
        plan = less
        after = audited(with_evidence(site, evidence_of(site).without(dropped)))
        assert not gained_by_less(was, before, site, after), path
        was, before = site, after


def test_area_that_needs_evidence_is_not_examined_without_any() -> None:
    report = audited(with_evidence(site_of(COMPLETE), MemoryEvidence()))
    for area in (Area.SOURCES, Area.COPIES, Area.FOREIGN_LAYERS, Area.STORAGE, Area.TRUST, Area.CALENDAR):
        assert rows_of(report)[area].status is UNDETERMINED, area


@pytest.mark.parametrize("format", [row.name for row in FORMATS])
def test_no_format_promises_more_than_the_scope(format: str) -> None:
    for report in map(report_of, range(len(SITES))):
        if PROMISE in render(report, format):
            assert all(row.is_examined for row in report.scope)
            assert report.works_offline_until is not None
