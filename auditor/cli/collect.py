"""`auditor collect`: gather evidence, judge nothing."""

from __future__ import annotations

import typer

from auditor.cli.gathering import gather
from auditor.cli.inputs import read_inputs
from auditor.cli.options import AskVia, Ca, EvidenceOut, HowVerified, Jobs, Platforms, Sources, Timeout, places_of
from auditor.cli.saying import note
from auditor.cli.trusting import ca_for
from auditor.collectors.registry.retries import TIMEOUT
from auditor.evidence.missed import Missed
from auditor.evidence.model import Verify
from auditor.needs.resolve import resolve_needs
from auditor.plan.model import Plan
from auditor.policy.hosts import host_remedy, host_words
from auditor.policy.judge import EXIT_UNDETERMINED
from auditor.text import duration, many

MOST_MISSED = 20


def collect(
    inputs: Sources,
    output: EvidenceOut,
    platform: Platforms = None,
    via: AskVia = None,
    verify: HowVerified = Verify.SIZE,
    ca: Ca = None,
    jobs: Jobs = None,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Gather evidence into one file that crosses the gap: `auditor audit FILE` needs nothing else.

    Exit code: 0 everything was observed, 2 usage, 3 something was not: the last lines name host, cause and fix.
    """
    plan = read_inputs(inputs, platform or []).plan
    ca_bytes = ca_for(plan, ca, asks=True)
    done = gather(plan, resolve_needs(plan), output, places_of(via, plan), jobs, verify, ca_bytes, timeout)
    asked = f"{many(done.requests, 'request')} in {duration(done.seconds)}"
    note(f"{output}: {many(done.documents, 'document')}, {asked}, {many(done.failures, 'failure')} recorded")
    if done.unanswered:
        note(f"{len(done.unanswered)} got no answer today; what was seen of them before is kept, with its time")
    for left_out in done.left_out:
        note(f"not carried: {left_out}")
    for missed in done.missed[:MOST_MISSED]:
        _tell(plan, missed)
    if (more := len(done.missed) - MOST_MISSED) > 0:
        note(f"not observed: and {more:,} more hosts or causes")
    if done.missed:
        raise typer.Exit(EXIT_UNDETERMINED)


def _tell(plan: Plan, missed: Missed) -> None:
    counts = ", ".join(f"{count:,} {what}" for what, count in missed.counts.items())
    if missed.fault is None:
        note(f"not observed: {missed.where}: {missed.detail} ({counts})")
        return
    remedy = host_remedy(plan, missed.fault.host, missed.fault.cause)
    note(f"not observed: {host_words(missed.fault)}")
    note(f"  {counts}; audits report their checks as undetermined")
    note(f"  fix: {remedy.text}" + "".join(f"\n    $ {command}" for command in remedy.commands))
