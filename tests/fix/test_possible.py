"""`may_resolve` is false only if no file resolves a finding."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from auditor.engine import evaluate
from auditor.fix.possible import may_resolve
from auditor.fix.remedies import remedy_files
from auditor.fix.reported import of_finding
from auditor.testing import site_of
from checks import CATALOGUE
from tests.fix.made import TODAY
from tests.test_catalogue import EXAMPLES

FORMS = [form for path in sorted(EXAMPLES.glob("*.yaml")) for form in yaml.safe_load(path.read_text("utf-8"))]


def without_registry(form: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(form)
    plan = yaml.safe_load(changed["plan"])
    plan.pop("registry", None)
    return {**changed, "plan": yaml.safe_dump(plan, sort_keys=False)}


@pytest.mark.parametrize("changed", [dict, without_registry], ids=["as it is", "without registry"])
def test_finding_without_a_remedy_file_is_not_resolvable(changed: Any) -> None:
    passed_by = resolved = 0
    for form in FORMS:
        site = site_of(changed(form))
        results = evaluate(site, CATALOGUE, TODAY).results
        found = tuple(of_finding(finding) for result in results for finding in result.findings)
        resolves = [finding for file in remedy_files(site, found, (), "0.0", TODAY) for finding in file.resolves]
        may = may_resolve(site, found)
        assert may or not resolves, form["name"]
        passed_by += not may
        resolved += bool(resolves)
    assert passed_by > 5
    assert resolved > 5
