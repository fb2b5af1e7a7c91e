"""Fold keys and parts of messages: what a report folds differs only in names. Every example runs with its pools twice."""

from __future__ import annotations

import copy
import datetime
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.check import Finding, Severity, Subject, Undetermined
from auditor.engine import evaluate
from auditor.errors import AuditorError
from auditor.testing import site_of
from auditor.testing.example_values import day
from checks import CATALOGUE

EXAMPLES = Path(__file__).parent.parent / "checks" / "examples"
TODAY = datetime.date(2026, 11, 23)
BY_ID = {check.id: check for check in CATALOGUE}
# Differences in the second set of pools, so that two pools do not agree by accident.
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"runtime": "containerd 1.7.27"},
    {"clients": ["containerd", "curl", "kubelet", "git"]},
)


def doubled(form: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The form with each pool once more, under another name and with a change."""
    form = copy.deepcopy(form)
    plan = yaml.safe_load(form["plan"])
    pools = plan.get("pools")
    if not isinstance(pools, dict):
        return form
    for name in list(pools):
        pools[f"{name}-b"] = copy.deepcopy(pools[name]) | change
    for source in plan.get("images") or []:
        if isinstance(source, dict) and source.get("pools"):
            source["pools"] += [f"{name}-b" for name in source["pools"]]
    form["plan"] = yaml.safe_dump(plan, sort_keys=False)
    return form


def outcomes() -> Iterator[list[Finding | Undetermined]]:
    """The outcomes of each example and of its doubles, from the check that the example is for."""
    for path in sorted(EXAMPLES.glob("*.yaml")):
        for form in yaml.safe_load(path.read_text(encoding="utf-8")):
            for given in (form, *(doubled(form, change) for change in CHANGES)):
                try:
                    site = site_of(given)
                except AuditorError:
                    continue  # the plan does not allow this double
                result = evaluate(site, (BY_ID[path.stem],), day(form.get("today", TODAY))).results[0]
                yield [*result.findings, *result.undetermined]


@cache
def seen() -> tuple[tuple[Finding | Undetermined, ...], ...]:
    return tuple(map(tuple, outcomes()))


def nameless(text: str, outcome: Finding | Undetermined, *more: str) -> str:
    """The text without the names by which outcomes with one fold key may differ."""
    subject = outcome.subject
    client = outcome.client if isinstance(outcome, Finding) else subject.client
    # The double of a pool shares the files that bear the name of the first.
    for name in filter(None, (subject.platform, subject.pool, subject.pool.removesuffix("-b"), client, *more)):
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "<name>", text)
    return text


def text_of(outcome: Finding | Undetermined) -> str:
    return outcome.message if isinstance(outcome, Finding) else outcome.detail


def test_outcomes_with_one_fold_key_differ_only_in_names() -> None:
    folded, wrong = 0, []
    for found in seen():
        groups: dict[object, list[Finding | Undetermined]] = defaultdict(list)
        for outcome in found:
            severity = outcome.severity if isinstance(outcome, Finding) else None
            groups[severity, outcome.fold_key].append(outcome)
        for group in groups.values():
            folded += len(group) > 1
            said = {nameless(text_of(one), one) for one in group}
            wrong += [said] if len(said) > 1 else []
    assert wrong == []
    assert folded > 100


def test_message_is_the_sum_of_its_parts() -> None:
    for finding in (one for found in seen() for one in found if isinstance(one, Finding)):
        assert finding.message == " ".join(part.text for part in finding.stated)
        assert finding.cause
        assert all(part.text.strip() == part.text for part in finding.stated)


def test_part_with_a_pool_or_client_contains_its_name() -> None:
    for finding in (one for found in seen() for one in found if isinstance(one, Finding) and one.parts):
        who = finding.subject.pool or finding.client
        for part in finding.parts:
            assert not part.names_who or who in part.text, part


def test_parts_with_one_key_differ_only_in_names() -> None:
    texts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in (one for found in seen() for one in found if isinstance(one, Finding)):
        for part in finding.stated:
            if part.key:
                bare = re.sub(r"https?://[^\s\"',;]+", "<url>", part.text)
                texts[finding.check, part.key].add(nameless(bare, finding, finding.subject.id))
    assert texts
    assert {key: said for key, said in texts.items() if len(said) > 1} == {}


def made(**changes: Any) -> Finding:
    given: dict[str, Any] = {"check": "a", "severity": Severity.ERROR, "subject": Subject("image", "r/i:1"), "message": "m"}
    return Finding(**{**given, **changes})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"subject": Subject("image", "i", pool="p")}, {"subject": Subject("image", "i", pool="q")}, True),
        ({"subject": Subject("image", "i", pool="p")}, {"subject": Subject("image", "j", pool="p")}, False),
        ({"facts": {"client": "curl"}}, {"facts": {"client": "kubelet"}}, True),
        ({"facts": {"runtime": "a"}}, {"facts": {"runtime": "b"}}, False),
        ({"facts": {"runtime": "a"}, "fold": ("x",)}, {"facts": {"runtime": "b"}, "fold": ("x",)}, True),
        ({"message": "one"}, {"message": "two"}, False),
        ({"message": "one", "facts": {"a": 1}}, {"message": "two", "facts": {"a": 1}}, True),
        ({"case": "one"}, {"case": "two"}, False),
        ({"case": "curl x", "facts": {"client": "curl"}}, {"case": "git x", "facts": {"client": "git"}}, True),
    ],
)
def test_fold_key_depends_on_structure_only(one: dict[str, Any], other: dict[str, Any], *, same: bool) -> None:
    assert (made(**one).fold_key == made(**other).fold_key) is same
