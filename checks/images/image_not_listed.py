"""## What it checks
Every image that a workload of the plan runs is on a list or named in the plan: containers, init and ephemeral containers,
image volumes, pod templates inside custom resources, and `RELATED_IMAGE_*` variables. Other values that look like images count
where no list has them: fields of custom resources, variables, arguments, annotations, data of ConfigMaps.
A list that pins an image (`tag@digest`) covers workloads that name its tag or its digest.

## Why it matters
What no list has is not copied. The pod that needs it stays in `ImagePullBackOff`, long after the disk was carried in.

## How to fix
Add the image to the list that is copied, or correct the workload where it names the wrong version.

## When it cannot tell
- A chart is not rendered, a kustomization is not built, or a manifest cannot be read.
- An object is of a kind that the facts do not know: its controller may run images that no manifest names. List them, and name
  the list under `workloads` as `operator_images`.
- A controller fetches a chart or manifests: HelmRelease, Application, GitRepository and others.
- A value outside of the fields of pods looks like an image, and no list has it.

## References
Kubernetes API reference, core/v1 PodSpec; facts/workload_kinds.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.needs.listed import Coverage
from auditor.needs.workload_gaps import open_gaps
from auditor.oci.reference import Reference
from auditor.readers.demands import Demand
from auditor.site import Requirement, Site
from auditor.text import first_of
from checks.affected import of_pairs, waits_for_copy

ID = "image-not-listed"
_SHOWN = 5


def _finding(site: Site, reference: Reference, demands: list[Demand]) -> Finding:
    first = demands[0]
    places = [f"{demand.who} ({demand.location})" for demand in demands]
    needed_by = first_of(places, _SHOWN)
    return Finding(
        check=ID,
        severity=Severity.ERROR if waits_for_copy(site, str(reference)) else Severity.WARNING,
        subject=Subject("image", str(reference)),
        message=f"{places[0]} needs {reference}, and no list has it: it is not copied, and its pod ends in ImagePullBackOff.",
        facts={"needed_by": needed_by, "written": first.text, **first.proof},
        location=first.location,
        remedies=(Remedy("edit", f"Add {reference} to the image list, or correct {_correctable(first)}."),),
        affects=of_pairs((str(reference), pool) for demand in demands for pool in demand.pools),
    )


def _correctable(demand: Demand) -> str:
    """What to edit where the workload is wrong: the values of a chart, where they are known, else the place itself."""
    values = demand.rendered.values if demand.rendered is not None else ()
    return ", ".join(f"the value {value}" for value in values) if values else str(demand.location)


def _unread(demand: Demand) -> Undetermined:
    subject = Subject("workload", demand.who)
    kind = Kind.MALFORMED if demand.error else Kind.UNSUPPORTED
    detail = f"{demand.location}: {demand.error or demand.unbounded}"
    return Undetermined(ID, subject, kind, detail, facts=demand.proof, location=demand.location)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per image, with who needs it; and what is not enumerated, once for each kind and file."""
    references = [line.reference for line in site.needs.lines if line.reference is not None]
    listed = Coverage(references)
    absent: dict[Reference, list[Demand]] = {}
    present: set[Reference] = set()
    for demand in site.needs.demands:
        if demand.reference is None:
            if demand.hidden is None:
                yield _unread(demand)
        elif demand.reference in present or listed.has(demand.reference):
            present.add(demand.reference)
        elif not demand.surmised:
            absent.setdefault(demand.reference, []).append(demand)
    for gap in open_gaps(site.needs.demands, references):
        place = gap.first.location
        yield Undetermined(ID, Subject("workload", gap.name), Kind.UNSUPPORTED, gap.detail, facts=gap.facts, location=place)
    if not references:
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
