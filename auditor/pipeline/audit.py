"""One audit: plan → needs → evidence → outcomes → report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from auditor.engine import evaluate
from auditor.needs.resolve import resolve_needs
from auditor.pipeline.ca import ca_for, refuse_ca
from auditor.pipeline.callbacks import SILENT, Callbacks
from auditor.pipeline.catalogue import severities
from auditor.pipeline.chart_rendering import with_charts
from auditor.pipeline.fixes import fix_command, with_fixes
from auditor.pipeline.inputs import LoadedPlan
from auditor.pipeline.settings import Settings
from auditor.pipeline.site_building import Shared, site_of, source_of
from auditor.pipeline.site_facts import facts_of
from auditor.plan.load import load_waivers
from auditor.plan.model import Plan
from auditor.policy import Policy, judge
from auditor.report import Report
from auditor.report.first_steps import with_first_steps
from auditor.site import Site


def audit(loaded: LoadedPlan, settings: Settings, callbacks: Callbacks = SILENT, shared: Shared | None = None) -> Report:
    """Audit a plan and return its report. `shared` is what the plans of a fleet share. Raises AuditorError and Interrupted."""
    with audited(loaded, settings, callbacks, shared) as (site, report):
        return with_first_steps(with_fixes(site, report, fix_command(loaded, settings), settings.today))


@contextmanager
def audited(
    loaded: LoadedPlan, settings: Settings, callbacks: Callbacks = SILENT, shared: Shared | None = None
) -> Iterator[tuple[Site, Report]]:
    """Audit a plan. Yield its site, whose evidence stays open inside the block, and the report.

    Invalid waivers and options are refused before any host is contacted. Raises AuditorError and Interrupted.
    """
    with facts_of(loaded.plan):  # a fleet loads several plans before it audits the first one
        policy = _policy(loaded.plan, settings)
        source = source_of(loaded.plan, loaded.evidence, settings, shared)
        ca = _ca(loaded.plan, settings, connects=source.origin == "run")
        plan = with_charts(loaded.plan, None if source.origin == "run" else source.path, may_connect=settings.may_connect)
        needs = resolve_needs(plan)
        with site_of(plan, needs, source, settings, ca, callbacks) as (site, basis):
            outcomes = evaluate(site, settings.known, settings.today, selected=settings.chosen)
            yield site, judge(outcomes, policy, settings.today, basis)


def _policy(plan: Plan, settings: Settings) -> Policy:
    waivers = (*plan.waivers, *(load_waivers(settings.waivers) if settings.waivers else ()))
    changed = severities(plan, settings.known)
    return Policy(settings.fail_on, settings.strict, waivers, changed, settings.baseline, settings.require, settings.show)


def _ca(plan: Plan, settings: Settings, *, connects: bool) -> bytes:
    if not connects:
        refuse_ca(settings.gathering.ca)
    return ca_for(plan, settings.gathering.ca)
