"""Collect the evidence of a plan into a file, which stays usable if a signal ends the run."""

from __future__ import annotations

from pathlib import Path

from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.collectors.registry.retries import Retries
from auditor.errors import Interrupted
from auditor.evidence.places import COMMAND
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.needs.resolve import resolve_needs
from auditor.pipeline.ca import ca_for
from auditor.pipeline.callbacks import SILENT, Callbacks
from auditor.pipeline.chart_rendering import with_charts
from auditor.pipeline.settings import GatherSettings, places_of
from auditor.pipeline.site_facts import facts_of
from auditor.plan.model import Plan
from auditor.redaction import redact
from auditor.site.pods.record import with_record

__all__ = ["Collected", "gather", "gather_plan"]


def gather_plan(plan: Plan, path: Path, settings: GatherSettings, callbacks: Callbacks = SILENT) -> Collected:
    """Render the charts of a plan, resolve its needs, and collect the evidence for them into `path`.

    Raises AuditorError, and Interrupted if a signal ends the run.
    """
    ca = ca_for(plan, settings.ca)
    with facts_of(plan):
        plan = with_charts(plan, may_connect=True)
        return gather(plan, resolve_needs(plan), path, settings, ca, callbacks)


def gather(
    plan: Plan, needs: Needs, path: Path, settings: GatherSettings, ca: bytes = b"", callbacks: Callbacks = SILENT
) -> Collected:
    """Collect the evidence for `needs` into `path`. A run that was interrupted less than an hour ago continues.

    `ca` (DER) is trusted for all registries that lists name. Raises AuditorError, and Interrupted if a signal ends the run.
    """
    try:
        with callbacks.progress() as progress, Store.create(path) as store:
            options = CollectOptions(
                jobs=settings.jobs,
                places=places_of(settings.via, plan),
                verify=settings.verify,
                progress=progress.counting,
                ca=ca,
                reading=progress.reading,
                retries=Retries.within(settings.timeout),
                signatures=settings.signatures,
            )
            store.put_meta(COMMAND, redact(settings.command))
            return collect(with_record(plan, needs), needs, store, options)
    except KeyboardInterrupt:
        raise Interrupted(path) from None
