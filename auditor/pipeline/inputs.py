"""Load the inputs of a run: a plan, image lists and manifests, or an evidence file that carries its plan."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.evidence.seal import PLAN_TABLES
from auditor.evidence.store import Store
from auditor.located import NotStructured, load_marked
from auditor.pipeline.bare_plans import ListInput, list_input, plan_for_lists
from auditor.pipeline.input_kinds import is_manifest, kinds_in, read_source
from auditor.pipeline.site_facts import use_facts
from auditor.plan.files import DiskFiles
from auditor.plan.load import load_plan, load_plan_files
from auditor.plan.model import Plan
from auditor.readers import workload_files as workloads
from auditor.readers.lists import format_of

SQLITE_MAGIC = b"SQLite format 3\x00"
PLAN_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_KEY = re.compile(r"[\"']?([A-Za-z_][\w-]{0,63})[\"']?[ \t]{0,20}:(?:[ \t]|$)")
_FLOW = ("{", "[")
_HEAD = 64 * 1024
_MOST_FLOW = 4 * 1024 * 1024
_HINT = "Name a plan, an image list, Kubernetes manifests or an evidence file."
_FOR_LISTS = "For image lists, name a platform: `--platform linux/amd64`, or one for each list: `linux.txt=linux/amd64`."


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan, and the evidence file that carries it (None: the plan came from files).

    `words` are the command-line arguments that name the inputs. The report repeats them in its `auditor fix` command.
    """

    plan: Plan
    evidence: Path | None = None
    words: tuple[str, ...] = ()


def load(paths: Sequence[Path], platforms: Sequence[str] = ()) -> LoadedPlan:
    """Load a plan, an evidence file, or image lists, manifests and charts for `platforms`.

    No program runs: charts are rendered later, in `charts.with_charts`. Raises UsageError if the inputs cannot be combined.
    """
    lists = [list_input(path) for path in paths]
    if platforms or any(one.platforms for one in lists):
        named = (word for platform in platforms for word in ("--platform", platform))
        return LoadedPlan(_plan_of(lists, platforms), words=(*map(str, paths), *named))
    if len(paths) > 1:
        odd = next((path for path in paths if not is_site(path)), paths[0])
        raise UsageError(f"{odd}: it is neither a plan nor evidence, and stands beside other inputs", _FOR_LISTS)
    (path,) = paths
    if not path.is_dir() and is_evidence(path):
        return _with_facts(LoadedPlan(plan_in(path), path, (str(path),)))
    if not is_plan(path):
        _refuse(path)
    return _with_facts(LoadedPlan(_without_renderings(load_plan(path)), words=(str(path),)))


def _with_facts(loaded: LoadedPlan) -> LoadedPlan:
    """Return the plan; its facts are in use from here on. Raises PlanError for an invalid overlay."""
    use_facts(loaded.plan)
    return loaded


def plan_in(path: Path) -> Plan:
    """Return the plan that an evidence file carries, with its charts as they were rendered when it was collected."""
    with Store.open(path, tables=PLAN_TABLES) as store:
        name = store.meta("plan.path")
        files = store.files()
    if not name or name not in files:
        raise UsageError(f"{path}: it carries no plan", f"Give the plan as well: `auditor audit PLAN --evidence {path}`.")
    plan = load_plan_files(name, files)
    return workloads.with_final_releases(workloads.with_final_charts(plan)) if plan.workloads else plan


def _without_renderings(plan: Plan) -> Plan:
    return workloads.without_renderings(plan) if plan.workloads else plan


def is_site(path: Path) -> bool:
    """Whether a file is a plan, or evidence that carries one."""
    return path.exists() and not path.is_dir() and (is_evidence(path) or is_plan(path))


def is_evidence(path: Path) -> bool:
    """Whether a file is a SQLite database. No other input is one."""
    return _head(path).startswith(SQLITE_MAGIC)


def is_plan(path: Path) -> bool:
    """Whether a file looks like a plan: YAML or JSON with a plan's keys, and neither a manifest nor another tool's list."""
    if path.suffix.lower() not in PLAN_SUFFIXES or not path.is_file():
        return False
    keys = _top_keys(path)
    if not keys & {"pools", "version"} or keys & {"apiVersion", "kind"}:
        return False
    return "pools" in keys or not format_of(_head(path))


def _head(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # opening a named pipe would block until something writes to it
            raise UsageError(f"{path}: it is {'a folder' if path.is_dir() else 'not a regular file'}", _HINT)
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", _HINT) from error


def _top_keys(path: Path) -> set[str]:
    """Return the unindented keys of YAML, even if the rest of it is invalid, or the keys of a JSON object."""
    text = _head(path).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not text.startswith(_FLOW):
        return {match[1] for line in text.splitlines() if (match := _KEY.match(line))}

    try:
        with path.open("rb") as file:
            documents = load_marked(file.read(_MOST_FLOW))
    except (OSError, NotStructured):
        return {key for key in ("pools", "apiVersion", "kind") if f'"{key}"' in text}
    return set(documents[0].mapping) if documents else set()


def _plan_of(lists: list[ListInput], platforms: Sequence[str]) -> Plan:
    """Return the plan of image lists and manifests. Raises UsageError for a plan, evidence, or a list without a platform."""
    for one in lists:
        if one.path.exists() and is_site(one.path):
            raise UsageError(f"--platform is for image lists: {one.path} has its own pools", "Leave the platform out.")
        if not (one.platforms or platforms):
            raise UsageError(f"{one.path}: no platform is given for this list", f"Write `{one.path}=linux/amd64`.")
    return plan_for_lists(lists, platforms)


def _refuse(path: Path) -> None:
    """Raise UsageError, with the correct command as a hint, for an input that is not a plan and needs a platform."""
    if path.is_dir():
        kinds = {kind for kind, _ in kinds_in(path, read_source(DiskFiles(Path()), path))}
        raise UsageError(f"{path}: it is a folder, not a plan", _way_of(path, "list" if kinds == {"list"} else "manifests"))
    head = _head(path)
    if path.suffix == ".tgz":
        raise UsageError(f"{path}: it is a packed chart, not a plan", _way_of(path, "chart"))
    if is_manifest(path.as_posix(), head):
        raise UsageError(f"{path}: it is a Kubernetes manifest, not a plan", _way_of(path, "manifests"))
    if name := format_of(head):
        raise UsageError(f"{path}: it is an image list ({name}), not a plan", _way_of(path, "list"))
    if path.suffix.lower() not in PLAN_SUFFIXES:
        raise UsageError(f"{path}: it is neither a plan nor evidence", _FOR_LISTS)


def _way_of(path: Path, kind: str) -> str:
    if (path / "Chart.yaml").is_file():
        kind = "chart"
    key = "images" if kind == "list" else "workloads"
    name = shlex.quote(path.as_posix())
    return (
        f"Name a plan, or add the platforms: `auditor audit {name} --platform linux/amd64`. "
        f"In a plan, write `{key}: [{{{kind}: {path.as_posix()}}}]`. `auditor images {name}` prints its images."
    )
