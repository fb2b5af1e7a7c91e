"""Workloads: Kubernetes manifests, and charts as helm rendered them. Which image, for which nodes, and who runs it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.errors import Location, unexpected
from auditor.plan.marked import Marked
from auditor.plan.model import Plan, Workload
from auditor.plan.paths import is_inside, normal, shown_path
from auditor.readers.demands import Demand
from auditor.readers.workloads.folder import FileGap, folder_at
from auditor.readers.workloads.manifests import Content, Manifests, content_of, demands_in, hints_of_other, runtime_classes
from auditor.readers.workloads.origins import Origins
from auditor.readers.workloads.rendered import NOT_RENDERED, failure_name, helm_arguments, rendered_name


@dataclass(frozen=True, slots=True)
class Workloads:
    """What the plan's workloads run. `passed_over`: files under folders of manifests that hold nothing to read."""

    demands: tuple[Demand, ...] = ()
    passed_over: tuple[str, ...] = ()


def read_workloads(plan: Plan) -> Workloads:
    """Every image that the plan's workloads run. What cannot be read is a demand with an error: nothing is lost."""
    problems: list[Demand] = []
    found: list[tuple[Manifests, Content]] = []
    passed_over: list[str] = []
    for number, workload in enumerate(plan.workloads):
        if workload.chart and rendered_name(number, workload) not in plan.files:
            problems.append(_unrendered(plan, number, workload))
            continue
        if not workload.chart:
            name = normal(workload.manifests)
            folder = folder_at(plan, name)
            problems.extend(_left_out(plan, name))
            problems.extend(_file_gap(plan, gap) for gap in folder.gaps)
            passed_over.extend(shown_path(plan.path, path) for path in folder.passed_over)
        for source, data in sources_of(plan, number, workload):
            content = _content(source, data)
            found.append((source, content))
            problems.extend(content.problems)
    classes = runtime_classes([item for _, content in found for item in content.objects])
    demands: list[Demand] = []
    for source, content in found:
        before = len(demands)
        for item in content.objects:
            demands.extend(_guarded(source, item, demands_in(source, item, classes)))
        for document in content.others:
            demands.extend(_guarded(source, document, hints_of_other(source, document)))
        if len(demands) == before and not content.objects and not content.problems and source.origins is None:
            passed_over.append(source.file)
    return Workloads((*problems, *demands), tuple(dict.fromkeys(passed_over)))


def _content(source: Manifests, data: bytes) -> Content:
    try:
        return content_of(source, data)
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        return Content(problems=(source.problem(1, 1, unexpected("reading this file", error)),))


def _guarded(source: Manifests, document: Marked, demands: Iterator[Demand]) -> Iterator[Demand]:
    """The demands of one document; an unexpected exception becomes an error at that document."""
    try:
        yield from demands
    except Exception as error:  # noqa: BLE001 - one document must not end the audit
        yield source.problem(document.line, document.column, unexpected("reading this document", error))


def sources_of(plan: Plan, number: int, workload: Workload) -> Iterator[tuple[Manifests, bytes]]:
    """Every file of a workload that is read as manifests, with its content: those of a folder, or what helm rendered."""
    listed = frozenset(workload.operator_images)
    if workload.chart:
        name, data = normal(workload.chart), plan.files.get(rendered_name(number, workload))
        if data is not None:
            origins, shown = Origins(plan, workload, data), shown_path(plan.path, name)
            yield Manifests(shown, "chart", plan.pools, workload.namespace, name, origins, listed), data
        return
    for path in folder_at(plan, normal(workload.manifests)).read:
        shown = shown_path(plan.path, path)
        yield Manifests(shown, "manifest", plan.pools, workload.namespace, path, None, listed), plan.files[path]


def _everywhere(plan: Plan) -> tuple[str, ...]:
    return tuple(pool.name for pool in plan.pools)


def _file_gap(plan: Plan, gap: FileGap) -> Demand:
    place = Location(shown_path(plan.path, gap.path))
    return Demand("manifest", gap.path, "", place, _everywhere(plan), unbounded=gap.why, hidden=gap.hidden)


def _left_out(plan: Plan, name: str) -> Iterator[Demand]:
    """Manifests that evidence does not carry must not look like none."""
    for path, reason in plan.left_out.items():
        if is_inside(path, name) or is_inside(name, path):
            why = f"{path} is not here: {reason}"
            yield Demand("manifest", path, path, plan.where("workloads"), _everywhere(plan), unbounded=why)


def _unrendered(plan: Plan, number: int, workload: Workload) -> Demand:
    reason = plan.files.get(failure_name(number, workload), NOT_RENDERED).decode("utf-8", "replace")
    command = shlex.join(helm_arguments(plan, workload))
    why = (
        f"which images the chart {workload.chart} runs is not known: {reason}. Fix that, or run this where it works, and "
        f"name what it writes as `manifests`: {command} > rendered.yaml"
    )
    chart = normal(workload.chart)
    return Demand("chart", chart, workload.chart, workload.location, _everywhere(plan), unbounded=why)


__all__ = ["Manifests", "Workloads", "content_of", "read_workloads", "sources_of"]
