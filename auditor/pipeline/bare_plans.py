"""Plans that are made from inputs without a plan: image lists, Kubernetes manifests and charts.

Such a plan is written out as text, so that evidence which carries it needs nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.pipeline.input_kinds import Kind, kinds_in, read_source
from auditor.plan.files import DiskFiles
from auditor.plan.load import load_plan_text
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.plan.node_platforms import node_platform
from auditor.readers import workload_files as workloads
from auditor.text import shown

# The platforms of a workload if none is given.
ANYWHERE = ("linux/amd64", "linux/arm64", "windows/amd64:ltsc2019", "windows/amd64:ltsc2022", "windows/amd64:ltsc2025")


def pool_name(platform: str) -> str:
    """Return a name for the pool of a platform: `windows-amd64-ltsc2022` for `windows/amd64:ltsc2022`."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", platform).strip("-")


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One `list`, `manifests` or `chart` of the plan.

    `digest` is that of its content. `platforms` are its own; none stands for all platforms of the plan.
    """

    kind: Kind
    path: str
    digest: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListInput:
    """One list, manifest or chart of the command line.

    `platforms` are its own (`FILE=PLATFORM[,PLATFORM…]`); none stands for those of `--platform`.
    """

    path: Path
    platforms: tuple[str, ...] = ()


def list_input(argument: Path) -> ListInput:
    """Parse `FILE` or `FILE=PLATFORM[,PLATFORM…]`. A file that exists under the whole name wins. Raises UsageError."""
    name, separator, platforms = str(argument).rpartition("=")
    if not separator or not name or argument.exists():
        return ListInput(argument)
    chosen = tuple(filter(None, (text.strip() for text in platforms.split(","))))
    if not Path(name).exists() and not all(map(_is_platform, chosen or ("",))):
        return ListInput(argument)
    if not chosen:
        raise UsageError(f"{shown(str(argument))[1:-1]}: no platform follows `=`", f"Write `{name}=linux/amd64`.")
    refuse_unknown(chosen, shown(str(argument))[1:-1])
    return ListInput(Path(name), chosen)


def without_repeated(arguments: Sequence[Path]) -> list[Path]:
    """Drop a list that is also given with its own platforms. The `args` of a pre-commit hook produce such pairs."""
    own = {one.path for one in map(list_input, arguments) if one.platforms}
    return [argument for argument in arguments if argument not in own]


def _is_platform(text: str) -> bool:
    try:
        node_platform(text)
    except ValueError:
        return False
    return True


def refuse_unknown(platforms: Iterable[str], argument: str) -> None:
    """Raise UsageError for the first text that is not a platform. `argument` is the argument that contains it."""
    for text in platforms:
        try:
            node_platform(text)
        except ValueError as error:
            raise UsageError(f"{argument}: {error}", "Name a platform as in `windows/amd64:ltsc2022`.") from error


def plan_for_lists(lists: Sequence[Path | ListInput], platforms: Sequence[str]) -> Plan:
    """Return the plan of image lists, manifests and charts, each list for its own platforms, all else for every platform.

    Its charts are not rendered yet. Raises UsageError or PlanError.
    """
    refuse_unknown(platforms, "--platform")
    inputs = [one if isinstance(one, ListInput) else ListInput(one) for one in lists]
    disk = DiskFiles(Path())
    chosen: dict[str, dict[str, None]] = {}
    named = {one.path.as_posix(): one.path for one in inputs}
    for one in inputs:
        chosen.setdefault(one.path.as_posix(), {}).update(dict.fromkeys(one.platforms or platforms))
    every = dict.fromkeys((*platforms, *(name for each in chosen.values() for name in each)))
    entries: list[PlanEntry] = []
    for name, path in named.items():
        files = read_source(disk, path)
        digest = "sha256:" + hashlib.sha256(b"\0".join(files.values())).hexdigest()
        own = tuple(chosen[name]) if len(chosen[name]) < len(every) else ()
        found = [PlanEntry(kind, part, digest, own) for kind, part in kinds_in(path, files)]
        if own and any(entry.kind != "list" for entry in found):
            hint = "Its pods say where they run: name every platform with `--platform`."
            raise UsageError(f"{shown(name)[1:-1]}: only an image list has platforms of its own", hint)
        entries += found
    title = ", ".join(named)
    what = "image lists" if all(entry.kind == "list" for entry in entries) else "inputs"
    title = title if len(title) <= 200 else f"{len(named)} {what}"
    return _plan(title, tuple(every), entries, disk)


def plan_for_sources(sources: Sequence[Path], platforms: Sequence[str]) -> Plan:
    """Return a plan for `auditor images`, which has no site. Without `platforms`, a workload may run on any platform.

    Its charts are not rendered yet. Raises UsageError or PlanError.
    """
    refuse_unknown(platforms, "--platform")
    for source in sources:
        try:
            source.stat()
        except OSError as error:
            raise UsageError(f"{source}: {strerror(error)}", "Name an image list, manifests, a chart or a plan.") from error
    disk = DiskFiles(Path())
    entries = [PlanEntry(kind, path) for source in sources for kind, path in kinds_in(source, read_source(disk, source))]
    return _plan("sources", tuple(dict.fromkeys(platforms or ANYWHERE)), entries, disk)


def _plan(name: str, platforms: Sequence[str], entries: Sequence[PlanEntry], disk: DiskFiles) -> Plan:
    text = "\n".join(_plan_lines(name, platforms, entries)) + "\n"
    plan = load_plan_text(PLAN_OF_LISTS, text, disk)
    return workloads.without_renderings(plan) if plan.workloads else plan


def _plan_lines(name: str, platforms: Sequence[str], entries: Sequence[PlanEntry]) -> Iterator[str]:
    """Yield the lines of a plan with one pool for each platform and one source for each entry."""
    lists = [entry for entry in entries if entry.kind == "list"]
    what = "Image lists" if len(lists) == len(entries) else "Inputs"
    yield f"# {what} and the platforms that they are for, as the command line named them."
    yield "version: 1"
    yield f"name: {_quoted(name)}"
    yield "pools:"
    pools = {pool_name(text): text for text in platforms}
    yield from (f"  {pool}: {{platform: {_quoted(text)}}}" for pool, text in pools.items())
    if lists:
        yield "images:"
    for entry in lists:
        yield f"  - list: {_quoted(entry.path)}{_remark(entry)}"
        if entry.platforms:
            yield f"    pools: {json.dumps([pool_name(text) for text in entry.platforms])}"
    if len(lists) < len(entries):
        yield "workloads:"
        yield from (f"  - {entry.kind}: {_quoted(entry.path)}{_remark(entry)}" for entry in entries if entry.kind != "list")


def _remark(entry: PlanEntry) -> str:
    """Return the digest as a comment, so that the digest of the plan depends on the content too."""
    return f"  # {entry.digest}" if entry.digest else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string
