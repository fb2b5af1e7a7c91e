"""Load a `Plan` from a plan file, from files in evidence or from bare image lists, with the location of every problem."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from auditor.errors import Location, PlanError, Problem, UsageError, strerror
from auditor.located import PLAN
from auditor.plan import validation
from auditor.plan.embedded import with_embedded_runtimes
from auditor.plan.files import CarriedFiles, DiskFiles, FileProblem, Files, downloads_name, left_out_of
from auditor.plan.lists_only import plan_of_lists
from auditor.plan.model import Plan, Waiver
from auditor.plan.names import dangling_pools, named_files
from auditor.plan.plan_paths import is_inside, normal
from auditor.plan.tree import Tree, parse_tree
from auditor.plan.waiver_files import KEY, put_in_place
from auditor.redaction import remember_found
from auditor.text import FORBIDDEN, MAX_TEXT, shown

_NOTHING: Mapping[str, str] = MappingProxyType({})


def _read_plan(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(PLAN.bytes + 1)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", "Name a plan: `auditor init` writes a starter plan.") from error
    remember_found(data)
    return data


def load_plan(path: Path) -> Plan:
    """Read a plan and every file that it names. Raises PlanError with all problems, UsageError if it cannot be opened."""
    return _load(str(path), _read_plan(path), DiskFiles(path.parent))


def load_plan_files(path: str, files: Mapping[str, bytes]) -> Plan:
    """Load the plan at `path` from `files` alone: nothing is read from disk. Raises PlanError.

    `Plan.left_out` holds what evidence left out, with the reason.
    """
    if path not in files:
        raise PlanError([Problem(Location(path), "the plan file is missing")])
    name = PurePosixPath(path.replace("\\", "/")).name
    try:
        left_out = left_out_of(name, files)
    except ValueError as error:
        raise PlanError([Problem(Location(path), str(error))]) from error
    plan = _load(path, files[path], CarriedFiles(files), left_out)
    record = downloads_name(name)
    return replace(plan, files={**plan.files, record: files[record]}) if record in files else plan


def load_plan_text(path: str, text: str, files: Files) -> Plan:
    """Load a plan that is not on disk, with the files that it names from `files`. Raises PlanError, without locations."""
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
    sha256 = hashlib.sha256(data).hexdigest()
    plan = plan_of_lists(tree, path, sha256) if not problems else None
    if plan is None:
        plan = validation.plan_in(tree, path, sha256, problems)
    own = PurePosixPath(path.replace("\\", "/")).name
    gone = {name: "it is missing or empty" for name in missing if not any(is_inside(file, name) for file in left_out)}
    plan = with_embedded_runtimes(plan)
    return replace(plan, files={own: data, **found}, left_out=MappingProxyType({**gone, **left_out}))


def _read_named(tree: Tree, files: Files, problems: list[Problem]) -> tuple[dict[str, bytes], list[str]]:
    """Return the files that a plan names, by path, and the names without a file."""
    found: dict[str, bytes] = {}
    missing = []
    for one in named_files(tree):
        name, location = one.name, one.location
        if FORBIDDEN.search(name) or len(name) > MAX_TEXT:
            continue  # the schema reports it
        try:
            read = files.read_file(name, location, one.key) if one.is_single else files.read(name, location)
        except FileProblem as error:
            problems.append(error.problem)
            continue
        found.update(read)
        if read:
            continue
        if one.is_list:  # evidence may leave other files out, but a verdict needs the lists
            problems.append(Problem(location, f"{shown(name)[1:-1]}: {files.nothing}"))
        else:
            missing.append(normal(name))
    return found, missing


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Load waivers from a separate file. Raises PlanError with all problems, UsageError if it cannot be opened."""
    tree = Tree({KEY: path.name}, {KEY: Location(str(path))})
    try:
        files = DiskFiles(path.parent).read(path.name, Location(str(path)))
    except FileProblem as error:
        raise PlanError([error.problem], "Name a file with a list of waivers.") from error
    problems = put_in_place(tree, str(path), files)
    return validation.waivers_in(tree, str(path), problems)
