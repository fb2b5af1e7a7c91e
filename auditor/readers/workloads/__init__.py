"""Workloads: Kubernetes manifests, and charts as helm rendered them: each image, its nodes, and the object that runs it."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from auditor.errors import Location, unexpected
from auditor.located import Marked
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.demands import Demand, DemandGap, HiddenImages, WantedChart
from auditor.readers.lists.unknown import is_object as is_kubernetes
from auditor.readers.workloads.built import built_name, kustomization_at, not_built_name
from auditor.readers.workloads.folder import FileGap, folder_at, is_manifest_file
from auditor.readers.workloads.gitops_releases import only_for_releases
from auditor.readers.workloads.injected import with_injected
from auditor.readers.workloads.installed import Operators
from auditor.readers.workloads.kustomize import named_paths
from auditor.readers.workloads.manifests import (
    Around,
    Manifests,
    demands_in,
    hints_of_other,
    is_object,
    items_of,
    runtime_classes,
)
from auditor.readers.workloads.observed import Node, Observed, ObservedFile
from auditor.readers.workloads.plan_files import sources_of
from auditor.readers.workloads.plan_releases import open_releases, plan_releases, release_sources, wanted_charts
from auditor.readers.workloads.rendered import NOT_RENDERED, failure_name, helm_arguments, rendered_name
from auditor.readers.workloads.schemas import KIND, Schemas, documents_of, without_definitions


@dataclass(frozen=True, slots=True)
class Workloads:
    """The images of the plan's workloads. `passed_over`: files in manifest folders that hold nothing to read."""

    demands: tuple[Demand, ...] = ()
    passed_over: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()  # of observed clusters
    charts: tuple[WantedChart, ...] = ()


def read_workloads(plan: Plan) -> Workloads:
    """Read every image of the plan's workloads. Unreadable input is a demand with an error: nothing is lost."""
    problems: list[Demand] = []
    files: list[tuple[Manifests, bytes]] = []
    passed_over: list[str] = []
    observed = Observed()
    found_releases = plan_releases(plan)
    alone = frozenset(only_for_releases(plan, found_releases))
    for number, workload in enumerate(plan.workloads):
        if number in alone:
            continue
        if workload.observed:
            problems.extend(_read_observed(plan, workload, observed))
            continue
        if workload.chart and rendered_name(number, workload) not in plan.files:
            problems.append(_unrendered(plan, number, workload))
            continue
        if not workload.chart and built_name(number, workload) not in plan.files:
            name = normal(workload.manifests)
            folder = folder_at(plan, name)
            problems.extend(_left_out(plan, name))
            why_not = plan.files.get(not_built_name(number, workload), b"").decode("utf-8", "replace")
            problems.extend(_file_gap(plan, gap, why_not) for gap in folder.gaps)
            passed_over.extend(shown_path(plan.path, path) for path in folder.passed_over)
        if workload.manifests and built_name(number, workload) in plan.files:
            problems.extend(_not_built_in(plan, workload))
        files.extend(sources_of(plan, number, workload))
    files.extend(release_sources(plan, found_releases))
    # Files with the needles are read twice: objects are not kept, because a file may have very many.
    classes = runtime_classes(item for source, data in files if b"RuntimeClass" in data for item in items_of(source, data))
    schemas = Schemas([one for _, data in files for one in without_definitions(data)[1]])
    around = Around(classes, schemas, Operators(partial(_objects_with, files)), open_releases(plan, found_releases))
    demands: list[Demand] = []
    for source, data in files:
        found = _Found(has_objects=KIND.encode() in data)
        found.read(source, data, around)
        problems.extend(found.problems)
        demands += (*found.demands, *found.hints)
        if found.is_empty and source.origins is None:
            passed_over.append(source.file)
    stated = (demand for demand in with_injected(demands) if not observed.settles(demand))
    return Workloads(
        (*problems, *stated, *observed.demands),
        tuple(dict.fromkeys(passed_over)),
        tuple(observed.nodes.values()),
        wanted_charts(found_releases),
    )


def _read_observed(plan: Plan, workload: Workload, into: Observed) -> Iterator[Demand]:
    """Yield the demands of every file of an observed cluster."""
    name = normal(workload.observed)
    yield from _left_out(plan, name)
    for path, data in plan.files.items():
        if is_inside(path, name):
            ObservedFile(shown_path(plan.path, path), path, plan.pools).read(data, into)


def _objects_with(files: list[tuple[Manifests, bytes]], needles: tuple[bytes, ...]) -> Iterator[Marked]:
    """Yield every object of the documents that contain one of the needles."""
    for source, data in files:
        if any(needle in data for needle in needles):
            for document in documents_of(without_definitions(data)[0]):
                if any(needle in document for needle in needles):
                    yield from (item for item in items_of(source, document) if isinstance(item, Marked))


@dataclass(slots=True)
class _Found:
    """The content of one file: the demands of its objects, those of its other documents, and its errors."""

    demands: list[Demand] = field(default_factory=list)
    hints: list[Demand] = field(default_factory=list)
    problems: list[Demand] = field(default_factory=list)
    has_objects: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it concerns images."""
        return not (self.demands or self.hints or self.problems or self.has_objects)

    def read(self, source: Manifests, data: bytes, around: Around) -> None:
        """Read a file."""
        for item in items_of(source, data):
            if isinstance(item, Demand):
                self.problems.append(item)
            elif is_object(item):
                self.has_objects = True
                self.demands.extend(
                    source.doubted(demand) for demand in _guarded(source, item, demands_in(source, item, around))
                )
            else:
                self.hints.extend(_guarded(source, item, hints_of_other(source, item, around)))


def _guarded(source: Manifests, document: Marked, demands: Iterator[Demand]) -> Iterator[Demand]:
    """Yield the demands of one document. An unexpected exception becomes an error at that document."""
    try:
        yield from demands
    except Exception as error:  # noqa: BLE001 - one document must not end the audit
        yield source.problem(document.line, document.column, unexpected("reading this document", error))


def _not_built_in(plan: Plan, workload: Workload) -> Iterator[Demand]:
    """Yield a gap for each object file next to a built kustomization that it does not name: the build leaves such files out."""
    kustomization = kustomization_at(plan, workload)
    folder, named = posixpath.dirname(kustomization), named_paths(kustomization, plan.files[kustomization])
    for path, data in plan.files.items():
        is_beside = (
            posixpath.dirname(path) == folder and is_manifest_file(path) and not posixpath.basename(path).startswith(".")
        )
        if is_beside and posixpath.normpath(path) not in named and is_kubernetes(data):
            why = (
                f"{path} is next to the kustomization {kustomization}, which does not name it, so its images are not checked. "
                f"Name it there, or under `workloads` as `manifests: {path}`"
            )
            yield _file_gap(plan, FileGap(path, HiddenImages(DemandGap.KUSTOMIZE, path), why), "")


def _everywhere(plan: Plan) -> tuple[str, ...]:
    return tuple(pool.name for pool in plan.pools)


def _file_gap(plan: Plan, gap: FileGap, why_not_built: str) -> Demand:
    place = Location(shown_path(plan.path, gap.path))
    why = f"{gap.why} ({why_not_built})" if why_not_built and gap.hidden.gap is DemandGap.KUSTOMIZE else gap.why
    return Demand("manifest", gap.path, "", place, _everywhere(plan), unbounded=why, hidden=gap.hidden)


def _left_out(plan: Plan, name: str) -> Iterator[Demand]:
    """Yield a gap for manifests that the evidence does not contain, so that they do not look empty."""
    for path, reason in plan.left_out.items():
        if is_inside(path, name) or is_inside(name, path):
            why = f"{path} is missing: {reason}"
            yield Demand("manifest", path, path, plan.where("workloads"), _everywhere(plan), unbounded=why)


def _unrendered(plan: Plan, number: int, workload: Workload) -> Demand:
    reason = plan.files.get(failure_name(number, workload), NOT_RENDERED).decode("utf-8", "replace")
    command = shlex.join(helm_arguments(plan, workload))
    why = (
        f"the images of the chart {workload.chart} are unknown: {reason}. Fix that, or run this on another machine, and "
        f"name what it writes as `manifests`: {command} > rendered.yaml"
    )
    chart = normal(workload.chart)
    return Demand("chart", chart, workload.chart, workload.location, _everywhere(plan), unbounded=why)


__all__ = ["Manifests", "Workloads", "items_of", "read_workloads", "sources_of"]
