"""The view of charts and manifests that would be fetched from elsewhere: who would dial which host, and what happens."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.plan.model import Plan
from auditor.readers.workloads.sources import ChartSource, UnknownSources, chart_sources
from auditor.redaction import redact
from auditor.site.mirrors import bare
from auditor.transfer.network import Dial, fetch_dial, is_reachable

_MACHINE = ("localhost", "*.localhost", "127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class ChartFetch:
    """One place outside, and what would be dialled for it."""

    source: ChartSource
    dial: Dial

    @property
    def url(self) -> str:
        """The place, as it may be shown."""
        return shown_url(self.source.url)


@dataclass(frozen=True, slots=True)
class ChartFetches:
    """What the workloads would fetch: from outside, from hosts that can be reached, and what nobody can tell."""

    outside: tuple[ChartFetch, ...]
    inside: tuple[ChartFetch, ...]
    unknown: tuple[UnknownSources, ...]


def chart_fetches(plan: Plan) -> ChartFetches:
    """Every place that the plan's workloads name. The registry inside can be reached."""
    found = list(chart_sources(plan))
    unknown = [one for one in found if isinstance(one, UnknownSources)]
    dials = [(one, fetch_dial(one.url)) for one in found if isinstance(one, ChartSource)]
    unknown += [_unclear(source) for source, dial in dials if dial is None]
    fetches = [ChartFetch(source, dial) for source, dial in dials if dial is not None]
    outside, inside = [tuple(fetch for fetch in fetches if is_inside(plan, fetch.dial) is near) for near in (False, True)]
    return ChartFetches(outside, inside, tuple(unknown))


def _unclear(source: ChartSource) -> UnknownSources:
    why = f"nobody can tell which host {shown_url(source.url)} is"
    if source.url.startswith(("@", "alias:")):
        why = f"only the machine that runs helm knows which host the repository {source.url} is"
    return UnknownSources(source.owner, why, source.location)


def shown_url(url: str) -> str:
    """A URL without what may be a secret: a password, or a token in its query."""
    return redact(url).partition("?")[0]


def is_inside(plan: Plan, dial: Dial) -> bool:
    """Whether a host can be reached with the cable cut: the registry inside and the machine itself always can."""
    own = plan.registry is not None and bare(plan.registry.host).strip("[]") == dial.host
    return own or is_reachable(dial.host, (*plan.reachable, *_MACHINE))
