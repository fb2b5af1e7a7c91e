"""## What it checks
Every image that a workload of the plan pulls is on an image list or in the plan. The check reads:

- pods: containers, init and ephemeral containers, image volumes, and pod templates inside custom resources;
- fields of custom resources: whole references, and registry, repository and tag in separate fields;
- configuration of programs: environment variables, arguments, annotations, and data of ConfigMaps and Secrets;
- images that known operators run for an object, from a version in the object or from a default of the operator's version.

A list entry with tag and digest (`tag@digest`) covers workloads that use either. If one field names several versions of a
repository, one listed version is sufficient.

## Why it matters
An image that is not listed is not copied. Its pod stays in `ImagePullBackOff` at the air-gapped site.

## How to fix
Add the image to the copied list, or correct the workload if it names the wrong version.

## When it is undetermined
- A chart is not rendered, a kustomization is not built, or a manifest cannot be read.
- No rule finds an image in an object of an unknown kind. Its controller may choose images itself. Put these images into a
  list, and add that list under `workloads` as `operator_images`.
- A fact that decides a known operator's image is missing: the operator is not among the workloads, the facts do not cover its
  version, or a field is not set. The message names the fact.
- A service mesh adds a proxy to pods, and its injector is not among the workloads.
- A controller downloads a chart or manifests: HelmRelease, Application, GitRepository and others.
- A value is only a part of an image reference.

A whole reference in a field that does not name an image is *possible*: if no list has it, the check warns.

## References
Kubernetes API reference, core/v1 PodSpec; facts/workload_kinds.yaml, facts/operator_images.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, RemedyKind, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.needs.listed import Coverage, settled
from auditor.needs.workload_gaps import open_gaps
from auditor.oci.reference import Reference
from auditor.readers.demands import Demand
from auditor.site import Requirement, Site
from auditor.text import first_of
from checks._shared.affected import of_pairs, waits_for_copy

_SHOWN = 5


def _finding(site: Site, reference: Reference, demands: list[Demand]) -> Finding:
    first = demands[0]
    locations = [f"{demand.who} ({demand.location})" for demand in demands]
    needed_by = first_of(locations, _SHOWN)
    if first.is_possible:
        message = f"{locations[0]} names {reference}, which is not listed. If the workload pulls it, the pull fails offline."
        remedy = f"Add {reference} to the image list if the workload pulls it. Otherwise, waive this finding."
    else:
        message = (
            f"{locations[0]} needs {reference}, which is not listed. It is not copied, so the pod fails with ImagePullBackOff."
        )
        remedy = f"Add {reference} to the image list, or correct {_correctable(first)}."
    others = tuple(dict.fromkeys(str(one.reference) for one in demands if one.reference != reference))
    if others:
        message = f"{message} One of {len(others) + 1} versions is sufficient."
    is_error = not first.is_possible and waits_for_copy(site, str(reference))
    return Finding(
        severity=Severity.ERROR if is_error else Severity.WARNING,
        subject=Subject("image", str(reference)),
        message=message,
        facts={"needed_by": needed_by, "written": first.text, **({"alternatives": others} if others else {}), **first.proof},
        location=first.location,
        remedy_kind=RemedyKind.ADD_TO_LIST,
        remedies=(Remedy("edit", remedy),),
        affects=of_pairs((str(reference), pool) for demand in demands for pool in demand.pools),
    )


def _correctable(demand: Demand) -> str:
    """Return what to edit: the chart values that set the image, if they are known, else the location in the manifest."""
    values = demand.rendered.values if demand.rendered is not None else ()
    return ", ".join(f"the value {value}" for value in values) if values else str(demand.location)


def _unread(demand: Demand) -> Undetermined:
    subject = Subject("workload", demand.who)
    kind = Kind.MALFORMED if demand.error else Kind.UNSUPPORTED
    detail = f"{demand.location}: {demand.error or demand.unbounded}"
    return Undetermined(subject, kind, detail, facts=demand.proof, location=demand.location)


def _absent(demands: Iterable[Demand], listed: Coverage) -> dict[Reference, list[Demand]]:
    """Return the unlisted demands by reference. Alternatives count once, under the first, unless one is needed elsewhere."""
    chosen = settled(demands, listed)
    found: dict[Reference, list[Demand]] = {}
    choices: dict[str, list[Demand]] = {}
    for demand in demands:
        if demand.reference is None or demand.choice in chosen or listed.has(demand.reference):
            continue
        if demand.choice:
            choices.setdefault(demand.choice, []).append(demand)
        else:
            found.setdefault(demand.reference, []).append(demand)
    for alternatives in choices.values():
        references = [demand.reference for demand in alternatives if demand.reference is not None]
        if not any(reference in found for reference in references):
            found[references[0]] = alternatives
    return found


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding for each image with who needs it, and one row for each kind and file that is not enumerated."""
    references = [line.reference for line in site.needs.lines if line.reference is not None]
    listed = Coverage(references)
    demands = site.needs.demands
    yield from (_unread(demand) for demand in demands if demand.reference is None and demand.hidden is None)
    for gap in open_gaps(demands, references):
        location = gap.first.location
        yield Undetermined(Subject("workload", gap.name), Kind.UNSUPPORTED, gap.detail, facts=gap.facts, location=location)
    if not references:
        return  # the plan has no list
    for reference, wanted in _absent(demands, listed).items():
        yield _finding(site, reference, sorted(wanted, key=lambda demand: demand.is_possible))
    present = {demand.reference for demand in demands if demand.reference is not None and listed.has(demand.reference)}
    if present:
        yield Fine(len(present))


CHECK = define(
    run,
    title="Workload needs an image that is not listed",
    holds="All images of workloads are listed",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOADS,),
)
