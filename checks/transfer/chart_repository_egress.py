"""## What it checks
Nothing that the plan deploys has charts or manifests fetched from a host that cannot be reached: a chart's dependencies are in
its folder `charts`, and no HelmChart, HelmRepository, Argo CD Application, Rancher repository or Fleet source leads outside.

## Why it matters
The images are all there, and nothing is installed: helm says `found in Chart.yaml, but missing in charts/ directory`, and a
controller in the cluster tries the repository for ever.

## How to fix
Run `helm dependency build` on the connected side and carry the chart with its folder `charts`. For controllers, put charts into
a registry inside (`oci://`) or into the object itself (`spec.chartContent` of a HelmChart), and name a repository that
`network.reachable` covers.

## When it cannot tell
A chart could not be rendered or read, a manifest is not here, or a repository is known only by a name that helm has on another
machine (`@name`). Charts that are given by such a name inside a repository go where the repository is.

## References
facts/chart_sources.yaml; helm.sh/docs/helm/helm_dependency; docs.k3s.io/helm.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.fetches import ChartFetch

ID = "chart-repository-egress"


def _remedy(fetch: ChartFetch) -> Remedy:
    if fetch.source.field.group:
        return Remedy("edit", "Name a repository or registry inside that has it.")
    build = shlex.join(["helm", "dependency", "build", fetch.source.owner])
    return Remedy("command", "On the connected side, fetch what the chart depends on, and carry it with the chart.", (build,))


def _finding(fetch: ChartFetch) -> Finding:
    source, field = fetch.source, fetch.source.field
    return Finding(
        check=ID,
        severity=Severity.ERROR if field.confidence != "low" else Severity.WARNING,
        subject=Subject("chart", source.owner),
        message=f"{source.owner} has {source.what} fetched from {fetch.url} ({field.who}), and with the cable cut nobody "
        f"reaches {fetch.remote.host}: {field.when_blocked}.",
        case=f"{source.what} {fetch.url}",
        facts={"url": fetch.url, "who": field.who, "source": field.source, "confidence": field.confidence},
        location=source.location,
        remedies=(_remedy(fetch),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per place outside; what is fine is counted per place inside, and once where there is none at all."""
    fetches = site.chart_fetches
    for fetch in fetches.outside:
        yield _finding(fetch)
    for unknown in fetches.unknown:
        kind = Kind.MISSING_EVIDENCE if unknown.missing else Kind.UNSUPPORTED
        yield Undetermined(ID, Subject("chart", unknown.owner), kind, f"{unknown.location}: {unknown.why}")
    if fetches.inside or not (fetches.outside or fetches.unknown):
        yield Fine(max(1, len(fetches.inside)))


CHECK = define(
    run,
    id=ID,
    title="A chart would be fetched from outside",
    family="transfer",
    area=Area.CONNECTIONS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES,),
    connections=(ConnectionKind.CHART,),
)
