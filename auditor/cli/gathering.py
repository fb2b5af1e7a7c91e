"""Collecting as commands do it: with a bar, into a file that stays whole when Ctrl-C or SIGTERM ends the run."""

from __future__ import annotations

from pathlib import Path

import typer

from auditor.cli import signals
from auditor.cli.progress import watching
from auditor.cli.saying import note
from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.collectors.registry.retries import TIMEOUT, Retries
from auditor.evidence.model import Place, Verify
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.plan.model import Plan


def gather(
    plan: Plan,
    needs: Needs,
    path: Path,
    places: frozenset[Place],
    jobs: int | None,
    verify: Verify = Verify.SIZE,
    ca: bytes = b"",
    timeout: float = TIMEOUT,
) -> Collected:
    """Collect into `path`; a run that was interrupted less than an hour ago continues.

    `ca` is trusted for all registries that lists name; `timeout` (seconds) is how long a host may be silent.
    """
    try:
        with watching() as told, Store.create(path) as store:
            options = CollectOptions(
                jobs=jobs,
                places=places,
                verify=verify,
                progress=told.counting,
                ca=ca,
                reading=told.reading,
                retries=Retries.within(timeout),
            )
            return collect(plan, needs, store, options)
    except KeyboardInterrupt:
        note(
            f"auditor: {signals.ended_by()}. The observations so far are kept in {path}. Run the command again within an hour "
            "to continue."
        )
        raise typer.Exit(signals.exit_code()) from None
