"""Which URLs stay reachable with the cable cut."""

from __future__ import annotations

from auditor.plan.model import Endpoint, Plan
from auditor.transfer.network import dial_of, is_reachable


class InsideUrls:
    """What the plan calls reachable, and the hosts of its endpoints. Each URL is decided once."""

    def __init__(self, plan: Plan, endpoints: tuple[Endpoint, ...] = ()) -> None:
        self._own = frozenset(endpoint.host.lower() for endpoint in (*plan.endpoints, *endpoints))
        self._reachable = plan.reachable
        self._known: dict[str, bool] = {}

    def __contains__(self, url: str) -> bool:
        if url not in self._known:
            self._known[url] = self._decide(url)
        return self._known[url]

    def _decide(self, url: str) -> bool:
        if url.lower().startswith(("file:", "\\\\")):
            return True  # a file share: nobody mounts one over the internet
        dial = dial_of(url)
        return dial is not None and (dial.host.lower() in self._own or is_reachable(dial.host, self._reachable))
