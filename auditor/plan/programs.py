"""The programs whose version a plan states, for lookups in the fact tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.errors import Location
from auditor.facts import Header
from auditor.oci.windows import split_version
from auditor.plan.model import Plan

ProgramKind = Literal["runtime", "distribution", "copy tool", "registry", "TLS client", "Windows"]


@dataclass(frozen=True, slots=True)
class PlannedProgram:
    """A program of the plan. `where` is its key in the plan: `pools.win`, `copy.tool`."""

    kind: ProgramKind
    name: str
    version: str
    where: str
    location: Location

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


# The kinds of programs that a table is about, by the column of its rows that names the program.
_KINDS: dict[str, frozenset[ProgramKind]] = {
    "": frozenset({"runtime", "copy tool", "Windows"}),
    "tool": frozenset({"copy tool"}),
    "registry": frozenset({"registry"}),
    "distribution": frozenset({"distribution"}),
    "runtime": frozenset({"runtime"}),
    "id": frozenset({"TLS client", "runtime"}),
    "name": frozenset({"runtime", "distribution"}),
}


def is_about(head: Header, program: PlannedProgram) -> bool:
    """Return whether a table is about a program of a plan. The same name may be a copy tool and a TLS client."""
    return program.name in head.verified_through and program.kind in _KINDS.get(head.program, frozenset())


def planned_programs(plan: Plan) -> Iterator[PlannedProgram]:
    """Yield every program of the plan: runtimes, Windows and TLS clients of the pools, distribution, copy tool, registry."""
    if plan.cluster is not None:
        cluster = plan.cluster
        where = plan.where("cluster", "version")
        yield PlannedProgram("distribution", cluster.distribution.lower(), cluster.version, "cluster", where)
    if plan.copy is not None and plan.copy.tool is not None:
        tool = plan.copy.tool
        yield PlannedProgram("copy tool", tool.name, tool.version, "copy.tool", plan.where("copy", "tool"))
    if plan.registry is not None and plan.registry.kind is not None:
        kind = plan.registry.kind
        yield PlannedProgram("registry", kind.name, kind.version, "registry.kind", plan.where("registry", "kind"))
    for pool in plan.pools:
        where, name = plan.where("pools", pool.name, "runtime"), f"pools.{pool.name}"
        if pool.runtime is not None:
            yield PlannedProgram("runtime", pool.runtime.name, pool.runtime.version, name, where)
        split = split_version(pool.platform.os_version) if pool.is_windows else None
        if split is not None:
            yield PlannedProgram("Windows", "Windows build", str(split[1]), name, plan.where("pools", pool.name, "platform"))
        for client in pool.clients:
            program, _, version = client.partition(" ")
            yield PlannedProgram("TLS client", program, version.strip(), name, plan.where("pools", pool.name, "clients"))
