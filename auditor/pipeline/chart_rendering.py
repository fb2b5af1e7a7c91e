"""Render the charts and build the kustomizations of a plan before its needs are resolved.

Evidence carries the results, so that helm and kustomize run only on the connected side.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.evidence.seal import PLAN_TABLES
from auditor.evidence.store import Store
from auditor.plan.model import Plan


def with_charts(plan: Plan, evidence: Path | None = None, *, may_connect: bool) -> Plan:
    """Return the plan with the rendering of each chart and the build of each kustomization among its files.

    Where one fails, the reason is there instead. A rendering in `evidence` is used if it was made from the same inputs.
    Otherwise the programs run; unless `may_connect`, only on a system that can start them without a network. A plan that
    was loaded from evidence keeps what it has.
    """
    if any(workload.manifests for workload in plan.workloads):
        from auditor.collectors.kustomize_build import with_built_kustomizations  # noqa: PLC0415 - it starts programs

        plan = with_built_kustomizations(plan, cut_off=not may_connect)
    if not any(workload.chart for workload in plan.workloads):
        return plan
    from auditor.collectors.helm import with_rendered_charts  # noqa: PLC0415 - it starts programs, and few plans have charts

    return with_rendered_charts(plan, _carried_in(evidence), cut_off=not may_connect)


def _carried_in(path: Path | None) -> Mapping[str, bytes]:
    if path is None:
        return {}
    with Store.open(path, tables=PLAN_TABLES) as store:
        return store.files()
