"""## What it checks
Every chart that a release pulls from an OCI registry is on the internal registry, after the plan's rewrites, in the version
that the release wants. Releases are objects of Flux, Argo CD, Fleet and the helm-controller of K3s and RKE2, and the file
helmfile.yaml. If only the sources were requested, the chart exists at its source.

## Why it matters
All images can be present, and still nothing is installed. The controller retries the missing chart forever: Helm reports
`failed to perform "FetchReference" on source: …: not found`.

## How to fix
Copy the chart in that version while its source is reachable: `helm pull` and `helm push`, or `crane copy`. Or change the
version in the release to the one that the internal registry has. Then collect again.

## When it is undetermined
The registry did not answer or was not requested. Or the release accepts a range of versions and the plan has no copy of the
chart: then the controller selects the version when it runs.

## References
helm.sh/docs/topics/registries; fluxcd.io/flux/components/source/ocirepositories; OCI distribution-spec, "Pulling manifests".
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.evidence.model import Absent, Failed, Kind, Observation, Place, TagSeen
from auditor.site import Requirement, Site
from auditor.site.charts import PlacedChart


def _subject(chart: PlacedChart) -> Subject:
    wanted = chart.wanted
    return Subject("chart", str(wanted.reference) if wanted.reference is not None else f"{wanted.name} of {wanted.owner}")


def _missing(chart: PlacedChart, observed: Absent, place: str, *, is_inside: bool) -> Finding:
    wanted = chart.wanted
    holder = "The internal registry does not have" if is_inside else "Its source does not have"
    remedies = [Remedy("edit", f"Change the version in {wanted.owner} to one that exists.")]
    if is_inside:
        text = "Copy the chart while its source is reachable."
        if chart.is_internal:
            archive = f"{wanted.name}-{wanted.version}.tgz"
            where = f"oci://{place.rpartition('/')[0]}"
            copy = Remedy("copy", text, (shlex.join(["helm", "push", archive, where]),))
        else:
            copy = Remedy("copy", text, (shlex.join(["crane", "copy", str(wanted.reference), place]),))
        remedies.insert(0, copy)
    return Finding(
        severity=Severity.ERROR,
        subject=_subject(chart),
        parts=(
            Part(f"{holder} the chart {place} ({observed.detail}). {wanted.owner} installs it."),
            Part(f'Error of the controller: `failed to perform "FetchReference" on source: {place}: not found`.', Role.SYMPTOM),
        ),
        case="" if is_inside else "source",
        facts={"place": place, "owner": wanted.owner, "version": wanted.version, "answer": observed.detail},
        location=wanted.location,
        remedies=tuple(remedies),
    )


def _judged(chart: PlacedChart, observed: Observation[TagSeen] | None, place: str, *, is_inside: bool) -> Outcome | None:
    """Return the outcome for one place, or None if it has the chart."""
    if isinstance(observed, Absent):
        return _missing(chart, observed, place, is_inside=is_inside)
    if isinstance(observed, Failed):
        return Undetermined(_subject(chart), observed.kind, f"{place}: {observed.detail}", observed.faults)
    if observed is None:
        return Undetermined(_subject(chart), Kind.MISSING_EVIDENCE, f"{place} was not observed")
    return None


def _outcome(site: Site, chart: PlacedChart) -> Outcome | None:
    wanted = chart.wanted
    if wanted.reference is None:
        return Undetermined(_subject(chart), Kind.UNSUPPORTED, f"{wanted.location}: {wanted.why_unknown}")
    if Place.TARGET in site.places and chart.at is not None:
        return _judged(chart, chart.target, str(chart.at), is_inside=True)
    if Place.SOURCE in site.places and not chart.is_internal:
        return _judged(chart, chart.source, str(wanted.reference), is_inside=False)
    why = f"whether the internal registry has it is not known: it was not requested. {wanted.owner} installs it"
    return Undetermined(_subject(chart), Kind.MISSING_EVIDENCE, why)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for each chart of each release."""
    for chart in site.charts:
        yield _outcome(site, chart) or PASSED


CHECK = define(
    run,
    title="Chart is missing on the internal registry",
    holds="Charts are on the internal registry",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.OCI_CHARTS,),
)
