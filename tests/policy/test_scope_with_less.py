"""Less evidence or a shorter plan never makes an area examined, and no format promises more than the scope."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.check import Area
from auditor.engine import evaluate
from auditor.errors import AuditorError
from auditor.policy import Policy, judge
from auditor.report import Report
from auditor.site import Site
from auditor.testing import MemoryEvidence, site_of
from checks import CATALOGUE
from reports import FORMATS, render
from tests.policy.scopes import COMPLETE, EXAMINED, PROMISE, UNDETERMINED, audited, rows_of, statuses
from tests.policy.test_properties import FORMS, SITES, evidence_of, report_of, with_evidence

Path = tuple[str | int, ...]  # keys and indexes from the root of a plan


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
