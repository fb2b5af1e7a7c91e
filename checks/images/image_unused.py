"""## What it checks
Every listed image is needed by a workload, or pulled by the distribution or a runtime by itself, where the plan says that its
workloads are complete.

## Why it matters
What nobody runs costs time, media and disk on every transfer, and its vulnerabilities are reported all the same.

## How to fix
Remove the line, or name the workload that needs it.

## When it cannot tell
When a workload could not be read, or its images cannot be enumerated: any image might be what it needs.

## References
The plan's `workloads_complete`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.needs.listed import Coverage, Listed
from auditor.needs.workload_gaps import open_gaps
from auditor.site import Requirement, Site

ID = "image-unused"


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per line that nothing needs."""
    lines = {line.reference for line in site.needs.lines if line.reference is not None}
    unread = next((demand for demand in site.needs.demands if demand.reference is None and demand.hidden is None), None)
    gap = next(open_gaps(site.needs.demands, lines), None)
    listed = Listed(site.needs.lines, site.plan.registry)
    demanded = Coverage(demand.reference for demand in site.needs.demands if demand.reference is not None)
    needed = {reference for image in site.needs.defaults.images for reference in listed.of(image)}
    fine = 0
    for line in site.needs.lines:
        if line.reference is None:
            continue
        subject = Subject("line", line.text)
        if line.reference in needed or demanded.covered_by(line.reference):
            fine += 1
        elif unread is not None:
            detail = f"a workload could not be read: {unread.location}: {unread.error or unread.unbounded}"
            yield Undetermined(ID, subject, Kind.MALFORMED if unread.error else Kind.UNSUPPORTED, detail)
        elif gap is not None:
            detail = f"not every image of the workloads is known: {gap.name} ({gap.first.location}) may need it"
            yield Undetermined(ID, subject, Kind.UNSUPPORTED, detail, facts=gap.facts, location=gap.first.location)
        else:
            yield Finding(
                check=ID,
                severity=Severity.INFO,
                subject=subject,
                message=f"{line.text} is listed, and no workload of the plan runs it.",
                case=",".join(line.pools),
                location=line.location,
                remedies=(Remedy("edit", f"Remove {line.location}, or name the workload that needs it."),),
            )
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A listed image is needed by no workload",
    family="images",
    area=Area.WORKLOADS,
    severity=Severity.INFO,
    requires=(Requirement.LISTS, Requirement.COMPLETE_WORKLOADS),
)
