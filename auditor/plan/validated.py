"""Turn plain data into a plan or waivers by the schema, with the location of every problem."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from auditor.errors import Location, Problem
from auditor.plan.convert import to_plan, to_waivers
from auditor.plan.model import Plan, Waiver
from auditor.plan.problems import from_validation, plan_error
from auditor.plan.schema import PlanPart, WaiversPart
from auditor.plan.tree import Tree

_Part = TypeVar("_Part", bound=BaseModel)


def plan_in(tree: Tree, path: str, sha256: str, problems: list[Problem]) -> Plan:
    """Return the plan, without the files that it names. `problems` were found before. Raises PlanError with all problems."""
    part = _validated(PlanPart, tree, path, problems)
    if part is None or problems:
        raise plan_error(problems, path)
    plan = to_plan(part, path, sha256, tree.locations)
    if twice := _duplicate_endpoints(plan):
        raise plan_error(twice, path)
    return plan


def waivers_in(tree: Tree, path: str, problems: list[Problem]) -> tuple[Waiver, ...]:
    """Return the waivers. `problems` were found before. Raises PlanError with all problems."""
    part = _validated(WaiversPart, tree, path, problems)
    if part is None or problems:
        raise plan_error(problems, path)
    return to_waivers(part.waivers, tree.locations)


def _validated(model: type[_Part], tree: Tree, path: str, problems: list[Problem]) -> _Part | None:
    """Return the validated model, or None after adding its problems, except at locations that have one already."""

    def where(keys: tuple[str | int, ...]) -> Location:
        parts = [str(key) for key in keys]
        while parts:
            if found := tree.locations.get(".".join(parts)):
                return found
            parts.pop()
        return Location(path, 1, 1)

    try:
        return model.model_validate(tree.data)
    except ValidationError as error:
        known = {problem.location for problem in problems}
        problems.extend(problem for problem in from_validation(error, model, tree, where) if problem.location not in known)
        return None


def _duplicate_endpoints(plan: Plan) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for endpoint in plan.endpoints:
        if endpoint.name in seen:
            problems.append(Problem(endpoint.location, f"the endpoint {endpoint.name} is listed twice"))
        seen.add(endpoint.name)
    return problems
