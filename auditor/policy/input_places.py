"""The user's file for a row of a report. A plan that the command line makes for image lists is not a file on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditor.check import Finding
from auditor.errors import Location
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.plan.plan_paths import is_inside, shown_path


def plan_path(plan: Plan) -> str:
    """Return the path of the plan, or an empty string for image lists."""
    return "" if plan.path == PLAN_OF_LISTS else plan.path


def input_path(plan: Plan) -> str:
    """Return the path of the plan, or of the first file that the command line names in its place."""
    if plan.path != PLAN_OF_LISTS:
        return plan.path
    named = [source.list for source in plan.images if source.list]
    named += [one.manifests or one.chart or one.observed for one in plan.workloads]
    first = next(iter(named), "")
    if not first or first in plan.files:
        return first
    return shown_path(plan.path, next((name for name in sorted(plan.files) if is_inside(name, first)), first))


def placed(plan: Plan, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings. Those about a line of the command line's plan point to the first file that it names."""
    place = Location(input_path(plan))
    return tuple(replace(one, location=place) if _is_nowhere(plan, one) else one for one in findings)


def _is_nowhere(plan: Plan, finding: Finding) -> bool:
    return plan.path == PLAN_OF_LISTS and finding.location is not None and finding.location.file == PLAN_OF_LISTS
