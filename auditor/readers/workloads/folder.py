"""The files under one `manifests` of the plan: which ones are read as objects, and which need another program or plan key."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, is_inside_any, normal
from auditor.readers.demands import DemandGap, HiddenImages
from auditor.readers.lists import format_of
from auditor.readers.lists.unknown import is_object
from auditor.readers.workloads.kustomize import Kustomization, Raw, is_kustomization, unbuilt

_SUFFIXES = (".yaml", ".yml", ".json")
CHART_FILE = "Chart.yaml"


@dataclass(frozen=True, slots=True)
class FileGap:
    """A file whose images cannot be enumerated: its path among the plan's files, the gap, the reason, and the remedy."""

    path: str
    hidden: HiddenImages
    why: str


@dataclass(frozen=True, slots=True)
class Folder:
    """`read`: files that may hold objects, each with the possible changes by a kustomization, or None.

    `gaps`: files that are not read for a reason. `passed_over`: not manifests by their name.
    """

    read: tuple[tuple[str, Raw | None], ...]
    gaps: tuple[FileGap, ...] = ()
    passed_over: tuple[str, ...] = ()


def is_manifest_file(path: str) -> bool:
    """Return whether a file in a manifest folder may hold objects, by its name. READMEs and scripts do not."""
    return path.lower().endswith(_SUFFIXES) and not is_kustomization(path)


def folder_at(plan: Plan, name: str) -> Folder:
    """Return the files that the plan has under `name`, which is a file or a folder."""
    elsewhere = _named_elsewhere(plan)
    inside = [
        path
        for path in plan.files
        if is_inside(path, name) and posixpath.normpath(path) != plan.file and not is_inside_any(path, elsewhere)
    ]
    charts = outer_charts(inside)
    loose = {posixpath.normpath(path): path for path in inside if not is_inside_any(path, charts)}
    kustomizations, touched = unbuilt(loose, {short: plan.files[path] for short, path in loose.items()})
    gaps = [*_chart_gaps(charts), *map(_kustomize_gap, kustomizations)]
    read, passed_over = [], []
    for short, path in loose.items():
        if is_kustomization(path) or (short in touched and not is_object(plan.files[path])):
            continue
        if path != name and not is_manifest_file(path):
            passed_over.append(path)
        elif not is_object(plan.files[path]) and (format_name := format_of(plan.files[path])):
            gaps.append(_list_gap(path, format_name))
        else:
            read.append((path, touched.get(short)))
    return Folder(tuple(read), tuple(gaps), tuple(passed_over))


def _named_elsewhere(plan: Plan) -> frozenset[str]:
    """Return the files that the plan names for another purpose. A manifest folder does not have to account for them."""
    names = [source.list for source in plan.images if source.list]
    names += [name for workload in plan.workloads for name in (workload.chart, workload.observed, *workload.values) if name]
    names += [*plan.copy.scripts, *plan.copy.config] if plan.copy is not None else []
    return frozenset(normal(name) for name in names)


def outer_charts(paths: Iterable[str]) -> frozenset[str]:
    """Return the folders of charts among files, outermost only, because a chart includes those inside it."""
    folders = {posixpath.dirname(path) or "." for path in paths if path.rpartition("/")[2] == CHART_FILE}
    return frozenset(folder for folder in folders if not is_inside_any(posixpath.dirname(folder), folders))


def _chart_gaps(charts: Iterable[str]) -> Iterator[FileGap]:
    for chart in sorted(charts):
        why = f"it is a Helm chart, which is not rendered as a manifest: name it under `workloads` as `chart: {chart}`"
        yield FileGap(f"{chart}/{CHART_FILE}", HiddenImages(DemandGap.CHART, f"{chart}/{CHART_FILE}"), why)


def _kustomize_gap(one: Kustomization) -> FileGap:
    if one.error:
        what = f"cannot be read ({one.error})"
    elif one.changes:
        what = f"changes what it names ({'; '.join(one.changes)})"
    else:
        what = "names missing files, or does not name files next to it"
    why = (
        f"the kustomization {what}, and it was not built, so the images of its files are unknown. Run "
        f"`kubectl kustomize {one.folder or '.'} > rendered.yaml` and name rendered.yaml under `workloads` instead"
    )
    return FileGap(one.path, HiddenImages(DemandGap.KUSTOMIZE, one.path, names=one.changes), why)


def _list_gap(path: str, format_name: str) -> FileGap:
    why = f"it is an image list ({format_name}), not a manifest: name it under `images` as `list: {path}`"
    return FileGap(path, HiddenImages(DemandGap.FILE, path), why)
