"""What `helm template` made of a chart, among the plan's files: under which names, and for which inputs it holds.

Rendering needs a program and is done by a collector; here are only the names and the command, so that a rendering made on
the connected side is found again inside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from auditor.plan.kubernetes_names import release_from
from auditor.plan.model import Plan, Workload
from auditor.plan.paths import is_inside, normal

_KEY = "# rendered from: "
_CONTENT = "2"  # what is kept of a rendering: 1 dropped every ConfigMap, also those that name images


def rendered_name(number: int, workload: Workload) -> str:
    """Where the rendering of the plan's workload `number` (from 0) lies: inside the chart, so that it travels with it."""
    return f"{normal(workload.chart)}/.auditor-rendered-{number}.yaml"


def failure_name(number: int, workload: Workload) -> str:
    """Where the reason lies why helm could not render it."""
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
    """Return the release name of a chart: the plan's, else one made from the name of its folder or archive."""
    return workload.release or release_from(normal(workload.chart).rsplit("/", 1)[-1].split(".tgz")[0])


def _operand(name: str) -> str:
    """A path that no program takes for an option or a URL."""
    path = normal(name)
    return f"./{path}" if path.startswith("-") or ":" in path.partition("/")[0] else path


def inputs_key(plan: Plan, workload: Workload) -> str:
    """SHA-256 over everything that a rendering depends on: the chart, its values and the command."""
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
    """A rendering that says in its first line what it was made from."""
    return f"{_KEY}{key}\n".encode() + text


def is_made_from(rendering: bytes, key: str) -> bool:
    """Whether a rendering was made from just these inputs."""
    return rendering.startswith(f"{_KEY}{key}\n".encode())
