"""The output of `helm template` among the plan's files: the names of these files, and the inputs of each rendering.

A collector runs helm. This module holds only the names and the command, so that an offline audit finds a rendering from the
connected side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from auditor.plan.kubernetes_names import release_from
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal
from auditor.readers.workloads.built import built_name, kustomizations_of, not_built_name

_KEY = "# rendered from: "
RELEASE = ".auditor-release-"  # how the names of files begin that belong to releases of a chart
_CONTENT = "2"  # which parts of a rendering are kept: 1 dropped every ConfigMap, also those that name images
NOT_RENDERED = b"it was not rendered"
NOT_BUILT = b"it was not built when the evidence was collected"


def rendered_name(number: int, workload: Workload) -> str:
    """Return the path of the rendering of workload `number` (from 0). It is inside the chart's folder."""
    return f"{normal(workload.chart)}/.auditor-rendered-{number}.yaml"


def failure_name(number: int, workload: Workload) -> str:
    """Return the path of the file with the reason why workload `number` is not rendered."""
    return f"{normal(workload.chart)}/.auditor-not-rendered-{number}.txt"


def helm_arguments(plan: Plan, workload: Workload) -> list[str]:
    """Return `helm template …` for a chart with the plan's values, namespace and Kubernetes version, for a user to run.

    The auditor itself runs another command: see auditor/collectors/helm.py.
    """
    words = ["helm", "template", release_of(workload), _operand(workload.chart), "--include-crds", "--skip-tests"]
    if workload.namespace:
        words += ["--namespace", workload.namespace]
    for values in workload.values:
        words += ["--values", _operand(values)]
    if plan.cluster is not None:
        words += ["--kube-version", plan.cluster.version]
    return words


def release_of(workload: Workload) -> str:
    """Return the release name of a chart: the plan's, else one derived from the name of its folder or archive."""
    return workload.release or release_from(normal(workload.chart).rsplit("/", 1)[-1].split(".tgz")[0])


def _operand(name: str) -> str:
    """Return a path that no program parses as an option or a URL."""
    path = normal(name)
    return f"./{path}" if path.startswith("-") or ":" in path.partition("/")[0] else path


def inputs_key(plan: Plan, workload: Workload) -> str:
    """Return the SHA-256 over everything that a rendering depends on: the chart, its values and the command."""
    found = hashlib.sha256("\x00".join([_CONTENT, *helm_arguments(plan, workload)]).encode())
    for path in sorted(inputs_of(plan, workload)):
        found.update(f"\x00{path}\x00{hashlib.sha256(plan.files[path]).hexdigest()}".encode())
    return found.hexdigest()


def inputs_of(plan: Plan, workload: Workload) -> Iterator[str]:
    """Yield the paths of a chart's files and its values files among the plan's files."""
    names = [normal(name) for name in (workload.chart, *workload.values)]
    for path in plan.files:
        if any(is_inside(path, name) for name in names) and "/.auditor-" not in path:
            yield path


def marked_with(key: str, text: bytes) -> bytes:
    """Return a rendering with a first line that identifies its inputs."""
    return f"{_KEY}{key}\n".encode() + text


def is_made_from(rendering: bytes, key: str) -> bool:
    """Return whether a rendering was made from exactly these inputs."""
    return rendering.startswith(f"{_KEY}{key}\n".encode())


def is_final(plan: Plan, number: int, workload: Workload) -> bool:
    """Return whether the plan's files hold the rendering of workload `number`, or the reason why it is missing."""
    return rendered_name(number, workload) in plan.files or failure_name(number, workload) in plan.files


def without_renderings(plan: Plan) -> Plan:
    """Return a plan that was read from disk without files under the auditor's own names in charts or folders.

    Otherwise a chart could ship a false rendering and hide its images.
    """
    names = {name(number, one) for number, one in charts_of(plan) for name in (rendered_name, failure_name)}
    names |= {name(number, one) for number, one in kustomizations_of(plan) for name in (built_name, not_built_name)}
    names |= {path for path in plan.files if path.rpartition("/")[2].startswith(RELEASE)}
    if names.isdisjoint(plan.files):
        return plan
    return replace(plan, files={path: data for path, data in plan.files.items() if path not in names})


def with_final_charts(plan: Plan) -> Plan:
    """Return a plan from evidence in which nothing is rendered or built again, because evidence has only
    part of some charts."""
    lacking = {failure_name(number, one): NOT_RENDERED for number, one in charts_of(plan) if not is_final(plan, number, one)}
    for number, one in kustomizations_of(plan):
        if built_name(number, one) not in plan.files and not_built_name(number, one) not in plan.files:
            lacking[not_built_name(number, one)] = NOT_BUILT
    return replace(plan, files={**plan.files, **lacking}) if lacking else plan


def charts_of(plan: Plan) -> list[tuple[int, Workload]]:
    """Return the plan's workloads that are charts, each with its number among all workloads."""
    return [(number, workload) for number, workload in enumerate(plan.workloads) if workload.chart]
