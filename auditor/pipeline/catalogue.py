"""The checks of this installation, and the selection of checks, areas and severities by id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from auditor.check import Check, Rule, Severity
from auditor.errors import AuditorError, PlanError, Problem, UsageError
from auditor.plan.areas import REQUIRABLE, Area, areas_of
from auditor.plan.spelling import as_hint, closest, nearest
from auditor.plugins import CHECKS, added
from auditor.policy.rules import POLICY_RULES
from auditor.text import shown
from checks import CATALOGUE

if TYPE_CHECKING:
    from auditor.plan.model import Plan

_MOST = 4
_ALIKE = 0.7  # many ids share words such as "image" or "windows"; a lower similarity suggests unrelated ids


def catalogue() -> tuple[Check, ...]:
    """Return every check: the built-in ones, then those of installed plug-ins.

    Raises AuditorError if a plug-in does not load: skipping it would count as a pass.
    """
    found = list(CATALOGUE)
    taken = {check.id for check in CATALOGUE}
    for name, check in added(CHECKS):
        if not isinstance(check, Check) or check.id in taken:
            raise AuditorError(
                f"the plug-in {name} is not a check, or its id is taken",
                "Fix or uninstall it: a check that does not run must not count as passed.",
            )
        taken.add(check.id)
        found.append(check)
    return tuple(found)


def rules(checks: Iterable[Check]) -> tuple[Rule, ...]:
    """Return every rule that has a page: the checks, and the rules of the policy."""
    return (*checks, *POLICY_RULES)


def rule_named(name: str) -> Rule:
    """Return the check or policy rule with this id. Raises UsageError with the nearest ids as a hint."""
    every = rules(catalogue())
    for rule in every:
        if rule.id == name:
            return rule
    raise _no_check(name, (rule.id for rule in every))


def _no_check(name: str, known: Iterable[str]) -> UsageError:
    return UsageError(f"there is no check {shown(name)}", _hint(name, known))


def _hint(name: str, known: Iterable[str]) -> str:
    ids = list(known)
    near = closest(name.lower(), ids, _ALIKE)
    meant = [near] if near else [one for one in ids if name and name.lower() in one]
    return f"Did you mean {', '.join(meant[:_MOST])}?" if meant else "`auditor checks` lists the ids."


def selected(checks: tuple[Check, ...], only: Sequence[str], skip: Sequence[str]) -> frozenset[str]:
    """Return the ids of the checks to run. Raises UsageError for an id that does not exist."""
    known = [check.id for check in checks]
    for name in (*only, *skip):
        if any(name == rule.id for rule in POLICY_RULES):
            raise UsageError(
                f"{name} is a rule of the policy and cannot be selected or skipped",
                f"Set its severity in the plan: `severity: {{{name}: info}}`.",
            )
        if name not in known:
            raise _no_check(name, known)
    return frozenset(only or known) - frozenset(skip)


def required(names: Sequence[str]) -> frozenset[Area]:
    """Return the areas that must be examined. Raises UsageError for a name that is not an area."""
    for name in names:
        if name not in REQUIRABLE:
            hint = as_hint(nearest(name.lower(), REQUIRABLE))
            raise UsageError(
                f"--require {shown(name)[1:-1]}: there is no such area", f"{hint} Write one of {', '.join(REQUIRABLE)}.".strip()
            )
    return areas_of(names)


def severities(plan: Plan, checks: tuple[Check, ...]) -> dict[str, Severity]:
    """Return the plan's severity overrides. Raises PlanError for an id that does not exist."""
    known = [rule.id for rule in rules(checks)]
    problems = [
        Problem(plan.where("severity", name), f"there is no check {shown(name)}", _hint(name, known))
        for name in plan.severities
        if name not in known
    ]
    if problems:
        raise PlanError(problems)
    return {name: Severity(level) for name, level in plan.severities.items()}
