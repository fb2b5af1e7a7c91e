"""## What it checks
Every image that a workload of the plan runs is on a list or named in the plan: containers, init and ephemeral containers,
image volumes, pod templates inside custom resources, `RELATED_IMAGE_*` variables, and arguments such as `--…-image=`.

## Why it matters
What no list has is not copied. The pod that needs it stays in `ImagePullBackOff`, long after the disk was carried in.

## How to fix
Add the image to the list that is copied, or correct the workload where it names the wrong version.

## When it cannot tell
When a chart could not be rendered, or a manifest cannot be read. An argument or a variable only looks like an image: that is
a warning.

## References
Kubernetes API reference, core/v1 PodSpec.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.oci.reference import Reference
from auditor.plan.model import Demand
from auditor.site import Requirement, Site
from checks.affected import of_pairs, waits_for_copy

ID = "image-not-listed"
_SHOWN = 5


def _finding(site: Site, reference: Reference, demands: list[Demand]) -> Finding:
    first = demands[0]
    places = [f"{demand.who} ({demand.location})" for demand in demands]
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    surmised = all(demand.surmised for demand in demands)
    needs = "seems to need" if surmised else "needs"
    return Finding(
        check=ID,
        severity=Severity.ERROR if not surmised and waits_for_copy(site, str(reference)) else Severity.WARNING,
        subject=Subject("image", str(reference)),
        message=f"{places[0]} {needs} {reference}, and no list has it: it is not copied, and its pod ends in ImagePullBackOff.",
        facts={"needed_by": (*places[:_SHOWN], more.strip()) if more else tuple(places), "written": first.text},
        location=first.location,
        remedies=(Remedy("edit", f"Add {reference} to the image list, or correct {first.location}."),),
        affects=of_pairs((str(reference), pool) for demand in demands for pool in demand.pools),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per image, with who needs it."""
    listed = {line.reference for line in site.needs.lines}
    absent: dict[Reference, list[Demand]] = {}
    present: set[Reference] = set()
    for demand in site.needs.demands:
        if demand.reference is None:
            subject = Subject("workload", demand.who or str(demand.location))
            kind = Kind.MALFORMED if demand.error else Kind.UNSUPPORTED
            yield Undetermined(ID, subject, kind, f"{demand.location}: {demand.error or demand.unbounded}")
        elif demand.reference in listed:
            present.add(demand.reference)
        else:
            absent.setdefault(demand.reference, []).append(demand)
    if not listed:
        return  # without any list there is nothing to be absent from
    for reference, demands in absent.items():
        yield _finding(site, reference, demands)
    if present:
        yield Fine(len(present))


CHECK = define(
    run,
    id=ID,
    title="A workload needs an image that no list has",
    family="images",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOADS,),
)
