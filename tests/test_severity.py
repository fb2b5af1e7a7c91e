"""Every severity has a case and a reason in checks/severity.yaml, and the code gives no other one."""

from __future__ import annotations

import ast
import datetime
from functools import cache
from pathlib import Path

import pytest
import yaml

from auditor.check import Rule, Severity
from auditor.engine import evaluate
from auditor.policy import POLICY_RULES
from checks import CATALOGUE
from tests.examined import examples, plant_7

CHECKS = Path(__file__).parent.parent / "checks"
# Helpers that choose severities for the checks that call them.
CHOOSERS = {
    "strain": {"ERROR", "WARNING"},
    "outcomes": {"ERROR", "WARNING"},
    "ending": {"ERROR", "WARNING"},
    "kept": {"INFO"},
    "severity_of": {"ERROR", "WARNING", "INFO"},
}
rules = pytest.mark.parametrize("rule", [*CATALOGUE, *POLICY_RULES], ids=lambda rule: rule.id)


@cache
def table() -> dict[str, list[tuple[Severity, str, str]]]:
    found = yaml.safe_load((CHECKS / "severity.yaml").read_text(encoding="utf-8"))
    return {check: [(Severity(severity), case, why) for severity, case, why in rows] for check, rows in found.items()}


def test_table_lists_exactly_the_rules() -> None:
    assert set(table()) == {rule.id for rule in (*CATALOGUE, *POLICY_RULES)}


@rules
def test_declared_severity_is_the_worst_case(rule: Rule) -> None:
    assert rule.severity is max((severity for severity, _, _ in table()[rule.id]), key=lambda severity: severity.rank)


@rules
def test_reason_states_the_failure_or_its_condition(rule: Rule) -> None:
    """The rule itself: an error fails, a warning fails only if something else happens as well, an info fails nothing."""
    for severity, case, why in table()[rule.id]:
        assert case
        assert why.endswith(".")
        assert not (severity is Severity.ERROR and ("only if" in why or "only after" in why))


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.id)
def test_severities_in_the_code_are_those_of_the_table(check: Rule) -> None:
    """Every severity that the module of a check names has a row, and every row is one that the module can give."""
    path = CHECKS / check.family / f"{check.id.replace('-', '_')}.py"
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Severity":
            named.add(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named |= CHOOSERS.get(node.func.id, set())
    assert {Severity[name] for name in named} == {severity for severity, _, _ in table()[check.id]}


def test_no_finding_of_an_example_has_a_severity_without_a_reason() -> None:
    for site in (*examples(), plant_7()):
        for result in evaluate(site.made(), CATALOGUE, site.today).results:
            known = {severity for severity, _, _ in table()[result.check.id]}
            assert {finding.severity for finding in result.findings} <= known, (site.name, result.check.id)


def test_certain_pause_image_is_an_error_and_uncertain_one_is_undetermined() -> None:
    for site in examples():
        if not site.name.startswith("default-image-missing: Without a distribution"):
            continue
        checks = [check for check in CATALOGUE if check.id == "default-image-missing"]
        (result,) = evaluate(site.made(), checks, datetime.date(2026, 11, 23)).results
        assert [finding.severity for finding in result.findings] == [Severity.WARNING]
        assert len(result.undetermined) == 1
        return
    raise AssertionError("the example is missing")
