"""Reports on parts of the complete site, and the rows of their scope."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from auditor.check import Area
from auditor.engine import evaluate
from auditor.policy import Policy, judge
from auditor.report import Report, ScopeRow, ScopeStatus
from auditor.site import Site
from auditor.testing import site_of
from checks import CATALOGUE
from tests.made_checks import TODAY
from tests.policy.complete import complete_form

EXAMINED, NOT_DECLARED = ScopeStatus.EXAMINED, ScopeStatus.NOT_DECLARED
UNDETERMINED, SWITCHED_OFF = ScopeStatus.UNDETERMINED, ScopeStatus.SWITCHED_OFF
COMPLETE = complete_form()


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


PROMISE = "will work offline"
