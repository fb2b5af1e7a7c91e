"""What a command was given: a plan, image lists, or an evidence file that carries its plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.collectors.helm import with_rendered_charts
from auditor.errors import UsageError, strerror
from auditor.evidence.store import Store
from auditor.plan.bare_lists import ListInput, list_input, plan_for_lists
from auditor.plan.load import load_plan, load_plan_files
from auditor.plan.model import Plan

SQLITE_MAGIC = b"SQLite format 3\x00"
_PLAN_KEY = re.compile(rb"^(pools|\"?version\"?)\s*:|\"pools\"\s*:", re.MULTILINE)
PLAN_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_HEAD = 64 * 1024
_HINT = "Name a plan, an image list or an evidence file."
_FOR_LISTS = "For image lists, name a platform: `--platform linux/amd64`, or one for each list: `linux.txt=linux/amd64`."


@dataclass(frozen=True, slots=True)
class Given:
    """The plan, and the evidence file that it came in, if it came in one. `words` are the arguments that named them."""

    plan: Plan
    evidence: Path | None = None
    words: tuple[str, ...] = ()


def _head(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # opening a named pipe would wait for a writer
            what = "it is a folder" if path.is_dir() else "it is no regular file"
            raise UsageError(f"{path}: {what}", _HINT)
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", _HINT) from error


def is_evidence(path: Path) -> bool:
    """Whether a file is a SQLite database, which of all inputs only evidence is."""
    return _head(path).startswith(SQLITE_MAGIC)


def is_plan(path: Path) -> bool:
    """Whether a file looks like a plan: YAML or JSON with the keys of one."""
    return path.suffix.lower() in PLAN_SUFFIXES and path.is_file() and bool(_PLAN_KEY.search(_head(path)))


def is_site(path: Path) -> bool:
    """Whether a file brings a plan, as one or inside evidence."""
    return path.exists() and (is_evidence(path) or is_plan(path))


def plan_in(path: Path) -> Plan:
    """The plan that an evidence file carries."""
    with Store.open(path) as store:
        name = store.meta("plan.path")
        files = store.files()
    if not name or name not in files:
        raise UsageError(f"{path}: it carries no plan", f"Give the plan as well: `auditor audit PLAN --evidence {path}`.")
    return load_plan_files(name, files)


def read_inputs(paths: list[Path], platforms: list[str], evidence: Path | None = None) -> Given:
    """Understand what was given; charts of a plan are rendered, or found rendered in `evidence`.

    Raises UsageError when it makes no sense together.
    """
    lists = [list_input(path) for path in paths]
    if platforms or any(one.platforms for one in lists):
        named = (word for platform in platforms for word in ("--platform", platform))
        return Given(_plan_of(lists, platforms), words=(*map(str, paths), *named))
    if len(paths) > 1:
        odd = next((path for path in paths if not is_site(path)), paths[0])
        raise UsageError(f"{odd}: it is neither a plan nor evidence, and stands beside other inputs", _FOR_LISTS)
    if is_evidence(paths[0]):
        return Given(plan_in(paths[0]), paths[0], (str(paths[0]),))
    if paths[0].suffix.lower() not in PLAN_SUFFIXES and not _PLAN_KEY.search(_head(paths[0])):
        raise UsageError(f"{paths[0]}: it is neither a plan nor evidence", _FOR_LISTS)
    return Given(with_rendered_charts(load_plan(paths[0]), carried_in(evidence)), words=(str(paths[0]),))


def _plan_of(lists: list[ListInput], platforms: list[str]) -> Plan:
    """The plan of image lists. Raises UsageError for a plan, evidence, or a list without a platform."""
    for one in lists:
        if is_evidence(one.path) or (one.path.suffix.lower() in PLAN_SUFFIXES and _PLAN_KEY.search(_head(one.path))):
            raise UsageError(f"--platform is for image lists: {one.path} has its own pools", "Leave the platform out.")
        if not (one.platforms or platforms):
            raise UsageError(f"{one.path}: no platform is given for this list", f"Write `{one.path}=linux/amd64`.")
    return plan_for_lists(lists, platforms)


def carried_in(path: Path | None) -> dict[str, bytes]:
    """The files that an evidence file carries; none without one."""
    if path is None:
        return {}
    with Store.open(path) as store:
        return store.files()


@contextmanager
def opened(path: Path | None) -> Iterator[Store]:
    """Evidence to read, or an empty one in memory."""
    with Store.memory() if path is None else Store.open(path) as store:
        yield store
