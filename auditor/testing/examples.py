"""Run one check on an example and assert its outcome, as `tests/test_catalogue.py` does for every check of the catalogue.

An example file is a YAML list. Each entry has the keys of `auditor.testing.sites` and these:

    name: TEXT              what the case is; unique in the file
    outcome: OUTCOME        passing, failing or undetermined
    today: DATE             the day of the evaluation; default: 2026-11-23
    expect: [TEXT, …]       failing, undetermined: texts that messages, locations, remedies or commands contain
    count: NUMBER           failing, undetermined: the number of outcomes; default: 1
    severity: SEVERITY      failing: error, warning or info
    kind: KIND              undetermined: a value of `auditor.evidence.model.Kind`, such as missing-evidence
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml

from auditor.check import Check
from auditor.engine import CheckResult, evaluate
from auditor.errors import strerror
from auditor.site import Site
from auditor.testing.example_values import ExampleError, Form, day, form_of
from auditor.testing.sites import OUTCOME_KEYS, SITE_KEYS, site_of

TODAY = datetime.date(2026, 11, 23)
OUTCOMES = ("passing", "failing", "undetermined")
# Which outcomes need a key, and which may have it.
_NEEDED = {"severity": ("failing",), "kind": ("undetermined",), "expect": ("failing", "undetermined")}
_OPTIONAL = {"count": ("failing", "undetermined")}


def run_check(check: Check, site: Site, today: datetime.date = TODAY) -> CheckResult:
    """Run one check on a site as the engine does, and return its findings, undetermined outcomes and counts.

    An exception inside the check is an undetermined outcome of kind `bug`, as in an audit.
    """
    return evaluate(site, (check,), today).results[0]


def read_examples(path: Path) -> list[dict[str, Any]]:
    """Return the examples of a file. Raises ExampleError if it cannot be read or an example is invalid."""
    try:
        examples = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ExampleError(f"{path}: {strerror(error)}", "Name a YAML file with a list of examples.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path}: not YAML: {' '.join(str(error).split())}", "Fix the syntax.") from error
    if not isinstance(examples, list) or not all(isinstance(example, dict) for example in examples):
        raise ExampleError(f"{path}: not a list of examples", "Begin each example with `- name: …`.")
    names = [_validated(example, path)["name"] for example in examples]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ExampleError(f"{path}: more than one example is called {min(twice)!r}", "Give each example its own name.")
    return examples


def _validated(example: dict[str, Any], path: Path) -> dict[str, Any]:
    name = example.get("name")
    if not isinstance(name, str):
        raise ExampleError(f"{path}: an example has no name", "Begin each example with `- name: …`.")
    form_of(f"{path}: {name}", example, SITE_KEYS | OUTCOME_KEYS, ["plan"])
    outcome = example.get("outcome")
    if outcome not in OUTCOMES:
        raise ExampleError(f"{path}: {name}: unknown outcome {outcome!r}", f"Use one of: {', '.join(OUTCOMES)}.")
    for key, outcomes in _NEEDED.items():
        if outcome in outcomes and key not in example:
            raise ExampleError(f"{path}: {name}: no `{key}`", f"A {outcome} example needs `{key}`.")
    for key, outcomes in {**_NEEDED, **_OPTIONAL}.items():
        if outcome not in outcomes and key in example:
            raise ExampleError(f"{path}: {name}: `{key}` has no meaning for a {outcome} example", f"Remove `{key}`.")
    return example


def assert_example(check: Check, example: Form) -> CheckResult:
    """Run the check on an example and compare with its declared outcome. Return the result for further assertions.

    Raises AssertionError if the outcome differs, with everything that the check reported, and ExampleError or PlanError if the
    example itself is invalid. A finding must have the id of the check, a location and a remedy.
    """
    result = run_check(check, site_of(example), day(example.get("today", TODAY)))
    wrong = [*_differences(result, example), *_missing_texts(result, example)]
    if wrong:
        title = f"{check.id}: {example.get('name', 'example')}"
        raise AssertionError("\n".join([title, *wrong, "The check reported:", reported(result) or "(nothing)"]))
    return result


def _differences(result: CheckResult, example: Form) -> list[str]:
    """Return what differs from the declared outcome, one sentence each."""
    if result.not_applicable:
        return [f"The check does not apply: {result.not_applicable}."]
    found = {"findings": len(result.findings), "undetermined": len(result.undetermined)}
    count = example.get("count", 1)
    match example["outcome"]:
        case "passing":
            wrong = [f"Expected no {what}, got {number}." for what, number in found.items() if number]
            return wrong or ([] if result.examined else ["No subject passed."])
        case "failing":
            return [*_compared("findings", found["findings"], count), *_bad_findings(result, example["severity"])]
        case "undetermined":
            kinds = {item.kind.value for item in result.undetermined}
            wrong = _compared("undetermined outcomes", found["undetermined"], count)
            wrong += [f"Expected kind {example['kind']}, got {', '.join(sorted(kinds))}."] if kinds - {example["kind"]} else []
            return [*wrong, *_compared("findings", found["findings"], 0)]
        case other:
            raise ExampleError(f"unknown outcome {other!r}", f"Use one of: {', '.join(OUTCOMES)}.")


def _compared(what: str, got: int, expected: int) -> list[str]:
    return [] if got == expected else [f"Expected {expected} {what}, got {got}."]


def _bad_findings(result: CheckResult, severity: str) -> list[str]:
    wrong = []
    for finding in result.findings:
        name = str(finding.subject)
        if finding.severity.value != severity:
            wrong.append(f"{name}: expected severity {severity}, got {finding.severity.value}.")
        if finding.check != result.check.id:
            wrong.append(f"{name}: the finding has the id {finding.check!r}.")
        if not finding.remedies:
            wrong.append(f"{name}: the finding has no remedy.")
        if finding.location is None:
            wrong.append(f"{name}: the finding has no location.")
    return wrong


def _missing_texts(result: CheckResult, example: Form) -> list[str]:
    text = reported(result)
    return [f"Not reported: {expected!r}." for expected in example.get("expect", ()) if expected not in text]


def reported(result: CheckResult) -> str:
    """Return everything that a user reads of a result: messages, locations, remedies, commands and reasons, a line each."""
    lines = []
    for finding in result.findings:
        lines += [finding.message, str(finding.location)]
        lines += [text for remedy in finding.remedies for text in (remedy.text, *remedy.commands)]
    return "\n".join([*lines, *(item.detail for item in result.undetermined)])
