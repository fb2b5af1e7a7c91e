"""The view of charts and manifests that something would download, by internal and external hosts."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.net import Reach, Remote, Scope, fetch_remote
from auditor.plan.model import Plan
from auditor.readers.workloads.sources import ChartSource, UnknownSources, chart_sources
from auditor.redaction import redact


@dataclass(frozen=True, slots=True)
class ChartFetch:
    """A chart or manifest, and the host that serves it."""

    source: ChartSource
    remote: Remote

    @property
    def url(self) -> str:
        """The URL without secrets."""
        return shown_url(self.source.url)


@dataclass(frozen=True, slots=True)
class ChartFetches:
    """What the workloads download: from external hosts, from internal hosts, and from unknown ones."""

    outside: tuple[ChartFetch, ...]
    inside: tuple[ChartFetch, ...]
    unknown: tuple[UnknownSources, ...]


def chart_fetches(plan: Plan, reach: Reach) -> ChartFetches:
    """Return every chart source that the plan's workloads name."""
    found = list(chart_sources(plan))
    unknown = [one for one in found if isinstance(one, UnknownSources)]
    fetches: dict[Scope, list[ChartFetch]] = {Scope.EXTERNAL: [], Scope.INTERNAL: []}
    for source in found:
        if isinstance(source, ChartSource):
            remote = fetch_remote(source.url)
            scope = reach.of(remote.host) if remote is not None else Scope.UNKNOWN
            if remote is None or scope is Scope.UNKNOWN:
                unknown.append(_unclear(source))
            else:
                fetches[scope].append(ChartFetch(source, remote))
    return ChartFetches(tuple(fetches[Scope.EXTERNAL]), tuple(fetches[Scope.INTERNAL]), tuple(unknown))


def _unclear(source: ChartSource) -> UnknownSources:
    why = f"the host of {shown_url(source.url)} is unknown"
    if source.url.startswith(("@", "alias:")):
        why = f"the host of the repository {source.url} is configured only on the machine that runs helm"
    return UnknownSources(source.owner, why, source.location)


def shown_url(url: str) -> str:
    """Return a URL without possible secrets: a password, or a token in its query."""
    return redact(url).partition("?")[0]
