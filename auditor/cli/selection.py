"""Which checks run: the catalogue, what plug-ins add, and what --only and --skip leave of it."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.check import Check, Rule, Severity
from auditor.errors import AuditorError, PlanError, Problem, UsageError
from auditor.plan.areas import REQUIRABLE, Area, areas_of
from auditor.plan.model import Plan
from auditor.plan.spelling import as_hint, closest, nearest
from auditor.plugins import CHECKS, added
from auditor.policy import POLICY_RULES
from auditor.text import shown
from checks import CATALOGUE

_MOST = 4
_ALIKE = 0.7  # ids share words such as image and windows: what is less alike than this was not meant


def catalogue() -> tuple[Check, ...]:
    """Every check: ours, then those of installed plug-ins. A plug-in that fails to load is an error, not a gap."""
    found = list(CATALOGUE)
    taken = {check.id for check in CATALOGUE}
    for name, check in added(CHECKS):
        if not isinstance(check, Check) or check.id in taken:
            raise AuditorError(
                f"the plug-in {name} is no check, or its id is taken", "Mend or uninstall it: what does not run is no pass."
            )
        taken.add(check.id)
        found.append(check)
    return tuple(found)


def rules(checks: Iterable[Check]) -> tuple[Rule, ...]:
    """Every rule that has a page: the checks, and what the policy finds itself."""
    return (*checks, *POLICY_RULES)


def _hint(name: str, known: Iterable[str]) -> str:
    ids = list(known)
    near = closest(name.lower(), ids, _ALIKE)
    meant = [near] if near else [one for one in ids if name and name.lower() in one]
    return f"Did you mean {', '.join(meant[:_MOST])}?" if meant else "`auditor checks` lists the ids."


def selected(checks: tuple[Check, ...], only: list[str], skip: list[str]) -> frozenset[str]:
    """The ids that run. Raises UsageError for an id that does not exist."""
    known = [check.id for check in checks]
    for name in (*only, *skip):
        if any(name == rule.id for rule in POLICY_RULES):
            raise UsageError(
                f"{name} is found by the judgement itself, and cannot be chosen or left out",
                f"Give it another severity in the plan: `severity: {{{name}: info}}`.",
            )
        if name not in known:
            raise UsageError(f"there is no check {shown(name)}", _hint(name, known))
    return frozenset(only or known) - frozenset(skip)


def required(names: list[str]) -> frozenset[Area]:
    """The areas that must be examined. Raises UsageError for a name that is no area."""
    for name in names:
        if name not in REQUIRABLE:
            hint = as_hint(nearest(name.lower(), REQUIRABLE))
            raise UsageError(
                f"--require {shown(name)[1:-1]}: there is no such area", f"{hint} Write one of {', '.join(REQUIRABLE)}.".strip()
            )
    return areas_of(names)


def severities(plan: Plan, checks: tuple[Check, ...]) -> dict[str, Severity]:
    """The plan's severity overrides. Raises PlanError for an id that does not exist."""
    known = [rule.id for rule in rules(checks)]
    problems = [
        Problem(plan.where("severity", name), f"there is no check {shown(name)}", _hint(name, known))
        for name in plan.severities
        if name not in known
    ]
    if problems:
        raise PlanError(problems)
    return {name: Severity(level) for name, level in plan.severities.items()}
