"""`auditor collect`: gather evidence, judge nothing."""

from __future__ import annotations

from auditor.cli.gathering import gather
from auditor.cli.inputs import read_inputs
from auditor.cli.options import AskVia, EvidenceOut, HowVerified, Jobs, Platforms, Sources, places_of
from auditor.cli.saying import note
from auditor.evidence.model import Verify
from auditor.plan.needs import resolve_needs


def collect(
    inputs: Sources,
    output: EvidenceOut,
    platform: Platforms = None,
    via: AskVia = None,
    verify: HowVerified = Verify.SIZE,
    jobs: Jobs = 16,
) -> None:
    """Gather evidence into one file that crosses the gap: `auditor audit FILE` needs nothing else."""
    plan = read_inputs(inputs, platform or []).plan
    done = gather(plan, resolve_needs(plan), output, places_of(via, plan), jobs, verify)
    told = f"{done.documents} documents, {done.requests} requests in {done.seconds:.1f} s, {done.failures} failures recorded"
    note(f"{output}: {told}")
    if done.unanswered:
        note(f"{len(done.unanswered)} got no answer today; what was seen of them before is kept, with its time")
    for left_out in done.left_out:
        note(f"not carried: {left_out}")
