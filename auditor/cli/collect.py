"""`auditor collect`: gather evidence, without an audit."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auditor.cli import work
from auditor.cli.options import AskVia, Ca, EvidenceOut, HowVerified, Jobs, Platforms, Signatures, Sources, Timeout
from auditor.cli.progress import bar
from auditor.cli.saying import note, notice
from auditor.evidence.kinds import Verify
from auditor.pipeline.callbacks import Callbacks
from auditor.pipeline.settings import TIMEOUT, GatherSettings
from auditor.policy.exit_codes import EXIT_UNDETERMINED
from auditor.text import duration, many

if TYPE_CHECKING:
    from auditor.evidence.missed import Missed
    from auditor.pipeline.gather import Collected
    from auditor.plan.model import Plan

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
    signatures: Signatures = False,
) -> None:
    """Gather evidence into one file. On the offline side, `auditor audit FILE` needs nothing else.

    Exit code: 0 everything was observed, 2 usage, 3 something was not: the last lines name the host, the cause and the fix.
    """
    plan = work.load(inputs, platform or []).plan
    command = shlex.join(["auditor", *sys.argv[1:]])
    settings = GatherSettings(tuple(via or ()), jobs, verify, ca, timeout, command, signatures)
    done = work.gather_plan(plan, output, settings, Callbacks(bar, notice))
    _summarize(done, output)
    for missed in done.missed[:MOST_MISSED]:
        _report_missed(plan, missed)
    if (more := len(done.missed) - MOST_MISSED) > 0:
        note(f"not observed: and {more} more hosts or causes")
    if done.missed:
        raise typer.Exit(EXIT_UNDETERMINED)


def _summarize(done: Collected, output: Path) -> None:
    asked = f"{many(done.requests, 'request')} in {duration(done.seconds)}"
    note(f"{output}: {many(done.documents, 'document')}, {asked}, {many(done.failures, 'failure')} recorded")
    if done.unanswered:
        note(
            f"{len(done.unanswered)} requests failed that succeeded in an earlier run; the earlier observations are kept, with "
            "their time"
        )
    for left_out in done.left_out:
        note(f"not carried: {left_out}")


def _report_missed(plan: Plan, missed: Missed) -> None:
    counts = ", ".join(f"{count:,} {what}" for what, count in missed.counts.items())
    if missed.fault is None:
        note(f"not observed: {missed.where}: {missed.detail} ({counts})")
        return
    remedy = work.host_remedy(plan, missed.fault.host, missed.fault.cause)
    note(f"not observed: {work.host_words(missed.fault)}")
    note(f"  {counts}; audits report their checks as undetermined")
    note(f"  fix: {remedy.text}" + "".join(f"\n    $ {command}" for command in remedy.commands))
