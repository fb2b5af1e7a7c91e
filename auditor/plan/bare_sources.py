"""The plan of image lists, Kubernetes manifests, charts and plans as they are: what they add up to, without a site."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.plan.bare_lists import PLAN_OF_LISTS, pool_name
from auditor.plan.files import DiskFiles
from auditor.plan.lists import IMPORTERS, unknown
from auditor.plan.load import load_plan_text
from auditor.plan.model import Plan
from auditor.plan.nodes import node_platform
from auditor.plan.quoting import FORBIDDEN, shown

# Where a workload could run when nobody says which platforms there are.
ANYWHERE = ("linux/amd64", "linux/arm64", "windows/amd64:ltsc2019", "windows/amd64:ltsc2022", "windows/amd64:ltsc2025")
_MAX_HEAD = 1024 * 1024
_HINT = "Name an image list, manifests, a chart or a plan."


def plan_for_sources(sources: Sequence[Path], platforms: Sequence[str]) -> Plan:
    """A plan that names every source as what it is. Raises UsageError or PlanError."""
    for text in platforms:
        try:
            node_platform(text)
        except ValueError as error:
            raise UsageError(f"--platform: {error}", "Name a platform as in `--platform windows/amd64:ltsc2022`.") from error
    kinds = [(_kind(source), source) for source in sources]
    text = "\n".join(_lines(kinds, platforms or ANYWHERE)) + "\n"
    return load_plan_text(PLAN_OF_LISTS, text, DiskFiles(Path()))


def _kind(source: Path) -> str:
    """`chart`, `manifests` or `list`."""
    if FORBIDDEN.search(str(source)):
        raise UsageError(f"{shown(str(source))[1:-1]}: characters in its name cannot be written down", "Rename the file.")
    try:
        if source.is_dir():
            inside = {path.name for path in source.iterdir()}
            if "Chart.yaml" in inside:
                return "chart"
            return "manifests" if any(name.endswith((".yaml", ".yml")) for name in inside) else "list"
        if not source.is_file():
            source.stat()
            raise UsageError(f"{source}: it is no regular file", _HINT)
        with source.open("rb") as file:
            head = file.read(_MAX_HEAD)
    except OSError as error:
        raise UsageError(f"{source}: {strerror(error)}", _HINT) from error
    if source.suffix in {".tgz", ".gz"} and head.startswith(b"\x1f\x8b"):
        return "chart"
    importer = next(importer for importer in IMPORTERS if importer.recognises(head))
    return "manifests" if importer is unknown and unknown.is_object(head) else "list"


def _lines(kinds: Sequence[tuple[str, Path]], platforms: Sequence[str]) -> Iterator[str]:
    yield "version: 1"
    yield "name: sources"
    yield "pools:"
    yield from (f"  {pool_name(text)}: {{platform: {_quoted(text)}}}" for text in dict.fromkeys(platforms))
    lists = [path for kind, path in kinds if kind == "list"]
    if lists:
        yield "images:"
        yield from (f"  - {{list: {_quoted(path.as_posix())}}}" for path in lists)
    if len(lists) < len(kinds):
        yield "workloads:"
        yield from (f"  - {{{kind}: {_quoted(path.as_posix())}}}" for kind, path in kinds if kind != "list")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string
