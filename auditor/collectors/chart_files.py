"""The files of charts: files outside the chart that a link includes, and the private copy for helm."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal
from auditor.readers.workloads.rendered import inputs_of

_LINKED = "it is a link to a file outside the chart and the plan's folder: copy the file into the chart"


class NotCopied(Exception):
    """A chart cannot be copied for helm; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class ChartCopy:
    """Absolute paths of a private copy of a chart and its values files."""

    chart: str
    values: tuple[str, ...]


def without_strays(plan: Plan) -> Plan:
    """Return the plan without the chart files that are links to files outside the chart and the plan's folder.

    `Plan.left_out` names each of them. Links inside a repository, such as a shared library chart, stay.
    """
    strays = {path: _LINKED for workload in plan.workloads if workload.chart for path in _strays(plan, workload)}
    if not strays:
        return plan
    files = {path: data for path, data in plan.files.items() if path not in strays}
    return replace(plan, files=files, left_out={**plan.left_out, **strays})


def _strays(plan: Plan, workload: Workload) -> Iterator[str]:
    folder = Path(plan.path).parent
    chart = normal(workload.chart)
    homes = [os.path.realpath(folder), os.path.realpath(folder / chart)]
    for path in plan.files:
        if path != chart and is_inside(path, chart):
            real = os.path.realpath(folder / path)
            if not any(real == home or real.startswith(home.rstrip(os.sep) + os.sep) for home in homes):
                yield path


def private_copy(plan: Plan, workload: Workload, folder: Path) -> ChartCopy:
    """Write a chart and its values files into an empty folder, under our own names. Raises NotCopied, OSError."""
    chart = normal(workload.chart)
    if strays := [path for path in plan.left_out if is_inside(path, chart)]:
        raise NotCopied(f"{strays[0]}: {plan.left_out[strays[0]]}")
    copy = folder / "chart"
    for path in inputs_of(plan, workload):
        if path == chart:
            copy = folder / "chart.tgz"
            copy.write_bytes(plan.files[path])
        elif is_inside(path, chart):
            inner = PurePosixPath(path if chart == "." else path[len(chart.rstrip("/")) + 1 :])
            if inner.is_absolute() or ".." in inner.parts:
                raise NotCopied(f"{path}: its path is outside the chart")
            target = copy / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(plan.files[path])
    values = []
    for number, name in enumerate(map(normal, workload.values)):
        if name not in plan.files:
            raise NotCopied(f"the values file {name} is missing, or it is a folder")
        values.append(folder / f"values-{number}.yaml")
        values[-1].write_bytes(plan.files[name])
    if not copy.exists():
        raise NotCopied("the chart is missing, or its folder is empty")
    return ChartCopy(str(copy), tuple(map(str, values)))
