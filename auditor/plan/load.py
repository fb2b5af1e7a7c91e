"""From a plan file, a set of carried files or bare image lists to a `Plan`, with every problem at its place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from auditor.errors import Location, PlanError, Problem, UsageError, strerror
from auditor.plan.convert import to_plan, to_waivers
from auditor.plan.fields import MAX_TEXT
from auditor.plan.files import CarriedFiles, DiskFiles, FileProblem, Files, left_out_of
from auditor.plan.model import Plan, Waiver
from auditor.plan.names import dangling_pools, named_files
from auditor.plan.paths import is_inside, normal
from auditor.plan.problems import from_validation, plan_error
from auditor.plan.schema import PlanPart, WaiversPart
from auditor.plan.tree import MAX_BYTES, Tree, parse_tree
from auditor.plan.waiver_files import KEY, put_in_place
from auditor.redaction import remember_found
from auditor.text import FORBIDDEN, shown

_NOTHING: Mapping[str, str] = MappingProxyType({})


_Part = TypeVar("_Part", bound=BaseModel)


def _read_plan(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", "Name a plan: `auditor init` writes one to start from.") from error
    remember_found(data)
    return data


def load_plan(path: Path) -> Plan:
    """Read a plan and every file that it names. Raises PlanError with all problems, UsageError when it cannot be opened."""
    return _load(str(path), _read_plan(path), DiskFiles(path.parent))


def load_plan_files(path: str, files: Mapping[str, bytes]) -> Plan:
    """The plan at `path` among `files`, which are all that there is: nothing is read from disk. Raises PlanError.

    What evidence left out is in `Plan.left_out`, with the reason.
    """
    if path not in files:
        raise PlanError([Problem(Location(path), "the plan itself is not among the files")])
    try:
        left_out = left_out_of(PurePosixPath(path.replace("\\", "/")).name, files)
    except ValueError as error:
        raise PlanError([Problem(Location(path), str(error))]) from error
    return _load(path, files[path], CarriedFiles(files), left_out)


def load_plan_text(path: str, text: str, files: Files) -> Plan:
    """A plan that is not on disk, with the files that it names from `files`. Raises PlanError, without places in that text."""
    try:
        return _load(path, text.encode(), files)
    except PlanError as error:
        nowhere = Location("")
        problems = [replace(one, location=nowhere) if one.location.file == path else one for one in error.problems]
        raise PlanError(problems, error.hint) from error


def _load(path: str, data: bytes, files: Files, left_out: Mapping[str, str] = _NOTHING) -> Plan:
    tree = parse_tree(path, data)
    problems = [*tree.problems, *dangling_pools(tree)]
    found, missing = _read_named(tree, files, problems)
    problems += put_in_place(tree, path, found)
    part = _validated(PlanPart, tree, path, problems)
    if part is None or problems:
        raise plan_error(problems, path)
    own = PurePosixPath(path.replace("\\", "/")).name
    plan = to_plan(part, path, hashlib.sha256(data).hexdigest(), tree.locations)
    if twice := _duplicate_endpoints(plan):
        raise plan_error(twice, path)
    gone = {name: "it is not there, or empty" for name in missing if not any(is_inside(file, name) for file in left_out)}
    return replace(plan, files={own: data, **found}, left_out=MappingProxyType({**gone, **left_out}))


def _read_named(tree: Tree, files: Files, problems: list[Problem]) -> tuple[dict[str, bytes], list[str]]:
    """The files that a plan names, by path, and the names that lead to none."""
    found: dict[str, bytes] = {}
    missing = []
    for name, location, is_list in named_files(tree):
        if FORBIDDEN.search(name) or len(name) > MAX_TEXT:
            continue  # the schema says so
        try:
            read = files.read(name, location)
        except FileProblem as error:
            problems.append(error.problem)
            continue
        found.update(read)
        if read:
            continue
        if is_list:  # anything else may be left out of evidence; a list is what is judged
            problems.append(Problem(location, f"{shown(name)[1:-1]}: {files.nothing}"))
        else:
            missing.append(normal(name))
    return found, missing


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers in a file of their own. Raises PlanError with all problems, UsageError when it cannot be opened."""
    tree = Tree({KEY: path.name}, {KEY: Location(str(path))})
    try:
        files = DiskFiles(path.parent).read(path.name, Location(str(path)))
    except FileProblem as error:
        raise PlanError([error.problem], "Name a file with a list of waivers.") from error
    problems = put_in_place(tree, str(path), files)
    part = _validated(WaiversPart, tree, str(path), problems)
    if part is None or problems:
        raise plan_error(problems, str(path))
    return to_waivers(part.waivers, tree.locations)


def _validated(model: type[_Part], tree: Tree, path: str, problems: list[Problem]) -> _Part | None:
    """The plan's edge, or None and what is wrong with it, except where something is known to be wrong."""

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
        problems.extend(problem for problem in from_validation(error, tree, where) if problem.location not in known)
        return None


def _duplicate_endpoints(plan: Plan) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for endpoint in plan.endpoints:
        if endpoint.name in seen:
            problems.append(Problem(endpoint.location, f"the endpoint {endpoint.name} is listed twice"))
        seen.add(endpoint.name)
    return problems
