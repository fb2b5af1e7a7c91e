"""What the plan declares about the site: the frame of the audit, for the cover of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.plan.model import Plan


@dataclass(frozen=True, slots=True)
class DeclaredPool:
    """A pool of the plan. `runtime` is empty if the plan declares none."""

    name: str
    platform: str
    nodes: int
    runtime: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredSite:
    """The plan in short. Texts are empty for what the plan does not declare.

    `registry` and `registry_kind` are the host and the program of the internal registry. `reachable` are the hosts and networks
    that the plan declares as reachable offline.
    """

    pools: tuple[DeclaredPool, ...] = ()
    distribution: str = ""
    registry: str = ""
    registry_kind: str = ""
    copy_tool: str = ""
    archives: tuple[str, ...] = ()
    reachable: tuple[str, ...] = ()
    is_horizon_declared: bool = False


def declared_site(plan: Plan) -> DeclaredSite:
    """Return what a plan declares."""
    registry, copy, cluster = plan.registry, plan.copy, plan.cluster
    return DeclaredSite(
        pools=tuple(
            DeclaredPool(pool.name, str(pool.platform), pool.nodes, str(pool.runtime) if pool.runtime else "")
            for pool in plan.pools
        ),
        distribution=f"{cluster.distribution} {cluster.version}".strip() if cluster is not None else "",
        registry=registry.host if registry is not None else "",
        registry_kind=str(registry.kind) if registry is not None and registry.kind is not None else "",
        copy_tool=str(copy.tool) if copy is not None and copy.tool is not None else "",
        archives=copy.archives if copy is not None else (),
        reachable=plan.reachable,
        is_horizon_declared=plan.horizon is not None,
    )
