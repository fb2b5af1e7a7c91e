"""The output of `kustomize build` among the plan's files: the names of these files, and which workloads have one.

A collector runs kustomize. This module holds the names, so that an offline audit finds the build of the connected side.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import Location
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import below, normal, shown_path
from auditor.readers.workloads.kustomize import NAMES


def built_name(number: int, workload: Workload) -> str:
    """Return the path of what kustomize built for workload `number` (from 0). It is inside the named folder."""
    return below(normal(workload.manifests), f".auditor-built-{number}.yaml")


def not_built_name(number: int, workload: Workload) -> str:
    """Return the path of the file with the reason why workload `number` is not built."""
    return below(normal(workload.manifests), f".auditor-not-built-{number}.txt")


def kustomization_at(plan: Plan, workload: Workload) -> str:
    """Return the path of the kustomization in the folder that a workload names, or an empty string."""
    folder = normal(workload.manifests) if workload.manifests else ""
    found = (path for name in sorted(NAMES) if folder and (path := below(folder, name)) in plan.files)
    return next(found, "")


def kustomizations_of(plan: Plan) -> list[tuple[int, Workload]]:
    """Return the workloads whose folder has a kustomization, each with its number among all workloads."""
    return [(number, workload) for number, workload in enumerate(plan.workloads) if kustomization_at(plan, workload)]


@dataclass(frozen=True, slots=True)
class BuiltFrom:
    """The origin of built objects: their kustomization, because kustomize does not state the source file of a line."""

    plan: Plan
    path: str

    def of(self, line: int) -> tuple[Location, None]:
        """Return the location of the kustomization for any line of its output."""
        del line
        return Location(shown_path(self.plan.path, self.path), 1, 1), None
