"""The kinds of inputs: image lists, Kubernetes manifests and charts. A folder may hold all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from auditor.errors import Location, PlanError, UsageError
from auditor.plan.files import DiskFiles, FileProblem
from auditor.plan.plan_paths import is_inside_any, normal
from auditor.readers import workload_files as workloads
from auditor.readers.lists import format_of, is_object, is_structured
from auditor.readers.lists.plain import is_bare
from auditor.text import FORBIDDEN, shown

Kind = Literal["list", "manifests", "chart"]
_LISTS = (".txt", ".list", ".lst")
_GZIP = b"\x1f\x8b"
_LINES = 200  # lines of a text that decide whether it is a list


def read_source(disk: DiskFiles, source: Path) -> dict[str, bytes]:
    """Return the file, or every file of the folder, by path. Raises UsageError or PlanError."""
    name = str(source)
    if FORBIDDEN.search(name):
        raise UsageError(f"{shown(name)[1:-1]}: its name contains characters that a plan cannot hold", "Rename the file.")
    try:
        return disk.read(name, Location(""))
    except FileProblem as error:
        raise PlanError([error.problem]) from error


def kinds_in(source: Path, files: Mapping[str, bytes]) -> list[tuple[Kind, str]]:
    """Return (kind, path) for each part of one input: one for a file, and as many as cover every file of a folder."""
    name = normal(source.as_posix())
    if set(files) == {name}:
        return [(_kind_of_file(name, files[name]), source.as_posix())]
    if (workloads.CHART_FILE if name == "." else f"{name}/{workloads.CHART_FILE}") in files:
        return [("chart", source.as_posix())]
    charts = workloads.outer_charts(files)
    loose = {path: data for path, data in files.items() if not is_inside_any(path, charts)}
    manifests = {path for path, data in loose.items() if _is_for_manifests(path, data)}
    if not manifests and not charts:
        return [("list", source.as_posix())]
    found: list[tuple[Kind, str]] = [
        ("list", path) for path, data in loose.items() if path not in manifests and _is_list(path, data)
    ]
    if len(found) < len(loose):  # the reader of the folder names what it passes over
        found.append(("manifests", source.as_posix()))
    return [*found, *(("chart", chart) for chart in sorted(charts))]


def is_manifest(path: str, data: bytes) -> bool:
    """Whether a single file is a Kubernetes manifest or a kustomization."""
    return _kind_of_file(path, data) == "manifests"


def _kind_of_file(path: str, data: bytes) -> Kind:
    if path.endswith(".tgz") and data.startswith(_GZIP):
        return "chart"
    if is_bare(data) and PurePosixPath(path).suffix in _LISTS:
        return "list"
    if workloads.is_kustomization(path):
        return "manifests"
    return "manifests" if not format_of(data) and is_object(data) else "list"


def _is_for_manifests(path: str, data: bytes) -> bool:
    """Whether the manifest reader reads a file of a folder: objects, kustomizations, and YAML that is not a list."""
    if workloads.is_kustomization(path):
        return True
    return workloads.is_manifest_file(path) and not format_of(data) and is_structured(data)


def _is_list(path: str, data: bytes) -> bool:
    """Whether a file next to manifests is a list: by its format, its suffix, or because most of its lines are images."""
    if format_of(data) or path.endswith(_LISTS):
        return True
    lines = [line.split()[0] for line in data[: 64 * 1024].decode("utf-8", "replace").splitlines() if line.split()]
    entries = [word for word in lines if not word.startswith("#")][:_LINES]
    return bool(entries) and 2 * sum(workloads.loose_reference(word) is not None for word in entries) > len(entries)
