"""The files of the plan's workloads that are read as manifests: those of folders, and the output of helm and kustomize."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import normal, shown_path
from auditor.readers.workloads.built import BuiltFrom, built_name, kustomization_at
from auditor.readers.workloads.folder import folder_at
from auditor.readers.workloads.manifests import Manifests
from auditor.readers.workloads.origins import Origins
from auditor.readers.workloads.rendered import rendered_name


def sources_of(plan: Plan, number: int, workload: Workload) -> Iterator[tuple[Manifests, bytes]]:
    """Yield every file of a workload that is read as manifests, with its content: those of a folder, or the output of helm."""
    listed = frozenset(workload.operator_images)
    if workload.observed:
        return
    if workload.chart:
        name, data = normal(workload.chart), plan.files.get(rendered_name(number, workload))
        if data is not None:
            origins, shown = Origins(plan, workload, data), shown_path(plan.path, name)
            yield Manifests(shown, "chart", plan.pools, workload.namespace, name, origins, listed), data
        return
    if (built := plan.files.get(built_name(number, workload))) is not None:
        path = kustomization_at(plan, workload)
        shown, origin = shown_path(plan.path, path), BuiltFrom(plan, path)
        yield Manifests(shown, "manifest", plan.pools, workload.namespace, path, origin, listed), built
        return
    for path, raw in folder_at(plan, normal(workload.manifests)).read:
        shown = shown_path(plan.path, path)
        yield Manifests(shown, "manifest", plan.pools, workload.namespace, path, None, listed, raw), plan.files[path]
