"""Workloads: Kubernetes manifests, and charts as helm rendered them. Which image, for which nodes, and who runs it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from auditor.plan.marked import Marked
from auditor.plan.model import Demand, Plan, Workload
from auditor.plan.paths import is_inside, normal, shown_path
from auditor.plan.workloads.manifests import Manifests, demands_in, is_manifest_file, objects_in, runtime_classes
from auditor.plan.workloads.rendered import failure_name, helm_arguments, rendered_name


def read_workloads(plan: Plan) -> tuple[Demand, ...]:
    """Every image that the plan's workloads run. What cannot be read is a demand with an error: nothing is lost."""
    problems: list[Demand] = []
    found: list[tuple[Manifests, list[Marked]]] = []
    for number, workload in enumerate(plan.workloads):
        if workload.chart:
            path = rendered_name(number, workload)
            if path not in plan.files:
                problems.append(_unrendered(plan, number, workload))
                continue
            paths, kind = [path], "chart"
        else:
            name = normal(workload.manifests)
            inside = [path for path in plan.files if is_inside(path, name)]
            paths, kind = [path for path in inside if path == name or is_manifest_file(path)], "manifest"
            problems.extend(_left_out(plan, name))
        for path in paths:
            source = Manifests(shown_path(plan.path, path), kind, plan.pools, workload.namespace)
            objects, wrong = objects_in(source, plan.files[path])
            problems.extend(wrong)
            found.append((source, objects))
    classes = runtime_classes([item for _, objects in found for item in objects])
    demands = (demand for source, objects in found for item in objects for demand in demands_in(source, item, classes))
    return (*problems, *demands)


def _left_out(plan: Plan, name: str) -> Iterator[Demand]:
    """Manifests that evidence does not carry must not look like none."""
    pools = tuple(pool.name for pool in plan.pools)
    for path, reason in plan.left_out.items():
        if is_inside(path, name) or is_inside(name, path):
            why = f"{path} is not here: {reason}"
            yield Demand("manifest", "", path, plan.where("workloads"), pools, unbounded=why)


def _unrendered(plan: Plan, number: int, workload: Workload) -> Demand:
    reason = plan.files.get(failure_name(number, workload), b"nobody rendered it").decode("utf-8", "replace")
    why = (
        f"which images the chart {workload.chart} runs is not known: {reason}. Mend that, or run this where it works, and "
        f"name what it writes as `manifests`: {shlex.join(helm_arguments(plan, workload))} > rendered.yaml"
    )
    pools = tuple(pool.name for pool in plan.pools)
    return Demand("chart", "", workload.chart, workload.location, pools, unbounded=why)
