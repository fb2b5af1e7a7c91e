"""## What it checks
Each listed image is used by a workload, the distribution or a runtime. This applies if the plan declares its workloads
complete.

## Why it matters
An unused image costs time, media and disk at every transfer, and scanners still report its vulnerabilities.

## How to fix
Remove the line, or add the workload that needs it to the plan.

## When it is undetermined
A workload could not be read, or its images cannot be enumerated, so it may need any image.

## References
The plan's `workloads_complete`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.needs.listed import Coverage, ListedReferences
from auditor.needs.workload_gaps import open_gaps
from auditor.site import Requirement, Site


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per line that nothing needs."""
    lines = {line.reference for line in site.needs.lines if line.reference is not None}
    unread = next((demand for demand in site.needs.demands if demand.reference is None and demand.hidden is None), None)
    gap = next(open_gaps(site.needs.demands, lines), None)
    listed = ListedReferences(site.needs.lines, site.plan.registry)
    demanded = Coverage(demand.reference for demand in site.needs.demands if demand.reference is not None)
    needed = {reference for image in site.needs.defaults.images for reference in listed.of(image)}
    for line in site.needs.lines:
        if line.reference is None:
            continue
        subject = Subject("line", line.text)
        if line.reference in needed or demanded.covered_by(line.reference):
            yield PASSED
        elif unread is not None:
            detail = f"a workload could not be read: {unread.location}: {unread.error or unread.unbounded}"
            yield Undetermined(subject, Kind.MALFORMED if unread.error else Kind.UNSUPPORTED, detail)
        elif gap is not None:
            detail = f"not every image of the workloads is known: {gap.name} ({gap.first.location}) may need it"
            yield Undetermined(subject, Kind.UNSUPPORTED, detail, facts=gap.facts, location=gap.first.location)
        else:
            yield Finding(
                subject=subject,
                message=f"{line.text} is listed, but no workload of the plan uses it.",
                case=",".join(line.pools),
                location=line.location,
                remedies=(Remedy("edit", f"Remove {line.location}, or add the workload that needs it to the plan."),),
            )


CHECK = define(
    run,
    title="Listed image is not used by any workload",
    holds="Workloads use every listed image",
    area=Area.WORKLOADS,
    severity=Severity.INFO,
    requires=(Requirement.LISTS, Requirement.COMPLETE_WORKLOADS),
)
