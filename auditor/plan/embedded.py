"""The container runtime inside a distribution, for pools whose runtime the plan does not state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.facts import header, remembered, table
from auditor.facts.lookup import rows_at
from auditor.facts.versions import Versioned
from auditor.plan.parts import Program

if TYPE_CHECKING:
    from auditor.plan.model import Plan


class EmbeddedRuntime(Versioned, frozen=True, kw_only=True):
    """The runtime inside a range of releases of a distribution."""

    distribution: str
    runtime: str
    version: str


@remembered
def embedded_runtime(distribution: str, release: str) -> Program | None:
    """Return the runtime inside a release, or None if the facts do not cover the release."""
    if not header("embedded_runtimes").through(distribution):
        return None  # the rows are not read for a distribution without its own runtime
    rows: tuple[EmbeddedRuntime, ...] = table("embedded_runtimes", EmbeddedRuntime)
    row = rows_at((row for row in rows if row.distribution == distribution), release, distribution).first
    return Program(row.runtime, row.version) if row is not None else None


def with_embedded_runtimes(plan: Plan) -> Plan:
    """Return the plan; its pools without a runtime have that of the distribution, if the facts cover the release."""
    cluster = plan.cluster
    found = embedded_runtime(cluster.distribution.lower(), cluster.version) if cluster is not None else None
    if found is None or all(pool.runtime is not None for pool in plan.pools):
        return plan
    return replace(plan, pools=tuple(pool if pool.runtime is not None else replace(pool, runtime=found) for pool in plan.pools))
