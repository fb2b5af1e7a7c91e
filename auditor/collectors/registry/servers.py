"""What the requests of one run learned about each server: whether it is down, silent or failing, and when it may be asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from auditor.collectors.registry.connection_pool import Origin
from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.registry.retries import Sleep

MOST_SILENT = 3  # time-outs of one server, while it answers other requests
MOST_LOST = 3  # requests in a row that failed after all tries


@dataclass(slots=True)
class ServerState:
    """The state of one server (scheme, host, port). Times are those of the event loop, in seconds.

    `down` is why it is not asked again in this run, None while it is. `answered` is when it last answered anything.
    """

    down: Unanswered | None = None
    answered: float = float("-inf")
    silent: int = 0
    lost: int = 0
    paused: float = 0.0
    pause: asyncio.Future[None] | None = None

    def heard(self, at: float) -> None:
        """It sent an answer."""
        self.answered = at

    def is_good(self) -> None:
        """It gave an answer that is not one to be tried again: it neither fails nor limits."""
        self.lost, self.paused = 0, 0.0

    def timed_out(self, started: float) -> bool:
        """A request got no answer in time. Whether the server counts as not answering: it sent nothing at all since `started`,
        or left several requests without an answer."""
        self.silent += 1
        return self.answered < started or self.silent >= MOST_SILENT

    @property
    def is_failing(self) -> bool:
        """Whether so many requests in a row failed after all tries that further ones are tried only once."""
        return self.lost >= MOST_LOST

    async def rest(self, seconds: float, sleep: Sleep) -> None:
        """Leave the server alone as it asked (Retry-After). Requests that are told so meanwhile share the one pause."""
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
        """Wait until the server may be asked."""
        while self.pause is not None:
            await asyncio.shield(self.pause)


class Servers:
    """The servers of one run."""

    def __init__(self) -> None:
        self._known: defaultdict[Origin, ServerState] = defaultdict(ServerState)

    def of(self, origin: Origin) -> ServerState:
        """The state of a server."""
        return self._known[origin]
