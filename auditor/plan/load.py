"""From a plan file, a set of carried files or bare image lists to a `Plan`, with every problem at its place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from auditor.errors import Location, PlanError, Problem, UsageError
from auditor.plan.convert import named_files, to_plan
from auditor.plan.fields import node_platform
from auditor.plan.files import CarriedFiles, DiskFiles, FileProblem, Files
from auditor.plan.model import ImageSource, Plan, Pool
from auditor.plan.problems import from_validation, nearest
from auditor.plan.schema import PlanPart
from auditor.plan.tree import MAX_BYTES, parse_tree

COMMAND_LINE = Location("command line")


def _read_plan(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "Name a plan: `auditor init` writes a starter.") from error


def load_plan(path: Path) -> Plan:
    """Read a plan and every file that it names. Raises PlanError with all problems, UsageError when it cannot be opened."""
    return _load(str(path), _read_plan(path), DiskFiles(path.parent))


def load_plan_files(path: str, files: Mapping[str, bytes]) -> Plan:
    """The plan at `path` among `files`, which are all that there is: nothing is read from disk. Raises PlanError."""
    if path not in files:
        raise PlanError([Problem(Location(path), "the plan itself is not among the files")])
    return _load(path, files[path], CarriedFiles(files))


def _load(path: str, data: bytes, files: Files) -> Plan:
    tree = parse_tree(path, data)

    def where(keys: tuple[str | int, ...]) -> Location:
        parts = [str(key) for key in keys]
        while parts:
            if found := tree.locations.get(".".join(parts)):
                return found
            parts.pop()
        return Location(path, 1, 1)

    try:
        part = PlanPart.model_validate(tree.data)
    except ValidationError as error:
        raise PlanError(_sorted(from_validation(error, where))) from error
    own = PurePosixPath(path.replace("\\", "/")).name
    plan = to_plan(part, path, hashlib.sha256(data).hexdigest(), tree.locations)
    problems = [*_dangling_pools(plan), *_duplicate_endpoints(plan)]
    found: dict[str, bytes] = {own: data}
    lists = {source.list for source in plan.images if source.list}
    for name, location in named_files(plan):
        try:
            read = files.read(name, location)
        except FileProblem as error:
            problems.append(error.problem)
            continue
        if not read and name in lists:  # anything else may have been left out of evidence; a list is what is judged
            problems.append(Problem(location, f"{name}: there is no such file"))
        found.update(read)
    if problems:
        raise PlanError(_sorted(problems))
    return replace(plan, files=found)


def _sorted(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.location, problem.message))


def _dangling_pools(plan: Plan) -> list[Problem]:
    known = [pool.name for pool in plan.pools]
    every = f"pools: {', '.join(known)}"
    return [
        Problem(plan.where("images", number, "pools"), f"there is no pool {name!r}", nearest(name, known) or every)
        for number, source in enumerate(plan.images)
        for name in source.pools
        if name not in known
    ]


def _duplicate_endpoints(plan: Plan) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for endpoint in plan.endpoints:
        if endpoint.name in seen:
            problems.append(Problem(endpoint.location, f"the endpoint {endpoint.name} is listed twice"))
        seen.add(endpoint.name)
    return problems


def pool_name(platform: str) -> str:
    """A name for the pool of a platform: `windows/amd64:ltsc2022` is `windows-amd64-ltsc2022`."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", platform).strip("-")


def plan_for_lists(lists: Sequence[Path], platforms: Sequence[str]) -> Plan:
    """The plan of image lists as they are: every list for every platform. Raises UsageError or PlanError."""
    pools = []
    for text in dict.fromkeys(platforms):
        try:
            platform = node_platform(text)
        except ValueError as error:
            raise UsageError(f"--platform: {error}") from error
        pools.append(Pool(pool_name(text), platform, COMMAND_LINE))
    files: dict[str, bytes] = {}
    disk = DiskFiles(Path())
    for path in lists:
        try:
            files.update(disk.read(str(path), Location(str(path))))
        except FileProblem as error:
            raise PlanError([error.problem]) from error
    names = tuple(pool.name for pool in pools)
    sources = tuple(ImageSource(names, Location(path), list=path) for path in files)
    digest = hashlib.sha256(b"\x00".join(files.values())).hexdigest()
    title = ", ".join(str(path) for path in lists)
    return Plan(path="", sha256=digest, name=title, pools=tuple(pools), images=sources, files=files)
