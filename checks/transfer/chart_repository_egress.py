"""## What it checks
Nothing that the plan deploys downloads charts or manifests from an external host. The dependencies of each chart are in its
`charts` folder. No HelmChart, HelmRepository, Argo CD Application, Rancher repository or Fleet source uses an external host.

## Why it matters
All images can be present, and still nothing is installed. Helm fails with `found in Chart.yaml, but missing in charts/
directory`. A controller in the cluster retries the external repository forever.

## How to fix
Run `helm dependency build` on a machine with internet access, and copy the chart with its `charts` folder. For controllers,
push the charts to an internal registry (`oci://`) or embed them in the object (`spec.chartContent` of a HelmChart). Use a
repository that `network.reachable` covers.

## When it is undetermined
A chart could not be rendered or read, or a manifest is missing. Or the chart names a repository by an alias (`@name`) that
only the machine that runs Helm can resolve. Charts that are named relative to a repository have the scope of that repository.

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


def _remedy(fetch: ChartFetch) -> Remedy:
    if fetch.source.field.group:
        return Remedy("edit", "Use an internal repository or registry that has it.")
    build = shlex.join(["helm", "dependency", "build", fetch.source.owner])
    return Remedy("command", "Download the dependencies on a machine with internet access, and copy the whole chart.", (build,))


def _finding(fetch: ChartFetch) -> Finding:
    source, field = fetch.source, fetch.source.field
    return Finding(
        severity=Severity.ERROR if field.confidence != "low" else Severity.WARNING,
        subject=Subject("chart", source.owner),
        message=f"{source.owner} gets {source.what} from {fetch.url} ({field.who}). {fetch.remote.host} is an external host. "
        f"Offline, {field.when_blocked}.",
        case=f"{source.what} {fetch.url}",
        facts={"url": fetch.url, "who": field.who, "source": field.source, "confidence": field.confidence},
        location=source.location,
        remedies=(_remedy(fetch),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per external source, and count the internal sources as passed (at least one)."""
    fetches = site.chart_fetches
    for fetch in fetches.outside:
        yield _finding(fetch)
    for unknown in fetches.unknown:
        kind = Kind.MISSING_EVIDENCE if unknown.missing else Kind.UNSUPPORTED
        yield Undetermined(Subject("chart", unknown.owner), kind, f"{unknown.location}: {unknown.why}")
    if fetches.inside or not (fetches.outside or fetches.unknown):
        yield Fine(max(1, len(fetches.inside)))


CHECK = define(
    run,
    title="Chart is downloaded from an external host",
    holds="No chart is downloaded from an external host",
    area=Area.CONNECTIONS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES,),
    connections=(ConnectionKind.CHART,),
)
