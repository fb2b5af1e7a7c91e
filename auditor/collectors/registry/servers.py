"""The state of each server in one run: whether it is down, silent or failing, and when it may get a request."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from auditor.collectors.registry.connection_pool import Origin
from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.registry.retries import Sleep

MOST_SILENT = 3  # time-outs of one server that answers other requests
MOST_LOST = 3  # requests in a row that failed after all tries


@dataclass(slots=True)
class ServerState:
    """The state of one server (scheme, host, port). Times are those of the event loop, in seconds.

    `down` is the reason why it gets no more requests in this run, or None. `answered` is the time of its last answer.
    """

    down: Unanswered | None = None
    answered: float = float("-inf")
    silent: int = 0
    lost: int = 0
    paused: float = 0.0
    pause: asyncio.Future[None] | None = None

    def heard(self, at: float) -> None:
        """Record an answer."""
        self.answered = at

    def is_good(self) -> None:
        """Record an answer that needs no retry: it neither fails nor limits."""
        self.lost, self.paused = 0, 0.0

    def timed_out(self, started: float) -> bool:
        """Record a request that got no answer in time. Return whether the server counts as down: it sent nothing since
        `started`, or left several requests without an answer."""
        self.silent += 1
        return self.answered < started or self.silent >= MOST_SILENT

    @property
    def is_failing(self) -> bool:
        """Whether so many requests in a row failed after all tries that further ones get a single try."""
        return self.lost >= MOST_LOST

    async def rest(self, seconds: float, sleep: Sleep) -> None:
        """Pause requests to the server as it requested (Retry-After). Concurrent requests share the one pause."""
        if self.pause is not None:
            await asyncio.shield(self.pause)
            return
        self.paused += seconds
        self.pause = future = asyncio.get_running_loop().create_future()
        try:
            await sleep(seconds)
        finally:
            self.pause = None
            future.set_result(None)

    async def wait(self) -> None:
        """Wait until the server may get a request."""
        while self.pause is not None:
            await asyncio.shield(self.pause)


class Servers:
    """The servers of one run."""

    def __init__(self) -> None:
        self._known: defaultdict[Origin, ServerState] = defaultdict(ServerState)

    def of(self, origin: Origin) -> ServerState:
        """Return the state of a server."""
        return self._known[origin]
