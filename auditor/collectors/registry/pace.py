"""Limit the requests to one host: concurrent requests, and requests per second after it answered 429.

START requests run at once. While requests wait and answers stay as fast as before, every answer adds one, up to MOST. Status
429 and 503, a lost connection and slower answers halve the number. After 429, all requests of the host wait for the requested
time. Then they start at the rate that the host accepted before, minus a margin.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Final

START: Final = 16
MOST: Final = 64
FASTEST: Final = 1000.0  # requests per second that need no spacing
SLOWEST: Final = 0.5
MARGIN: Final = 0.8  # of the rate that a host accepted before it answered 429
ENOUGH: Final = 4  # accepted requests that are enough to measure a rate
LONGEST_WINDOW: Final = 60.0
CAUTION: Final = 10.0  # seconds without 429 until a rate is raised
_SLACK, _MUCH = 0.02, 0.1  # seconds by which answers may be slower before the number stops growing, or is halved


class _Latency:
    """The mean latency of one kind of request, per round of answers."""

    def __init__(self) -> None:
        self.best = float("inf")
        self.mean = 0.0
        self._sum = 0.0
        self._count = 0

    def add(self, seconds: float, round_of: int) -> bool:
        """Add an answer. Return True if it completes a round."""
        self._sum += seconds
        self._count += 1
        if self._count < round_of:
            return False
        self.mean = self._sum / self._count
        self.best = min(self.best, self.mean)
        self._sum, self._count = 0.0, 0
        return True

    @property
    def is_steady(self) -> bool:
        """Whether the last round was about as fast as the best one."""
        return self.mean <= 2 * self.best + _SLACK

    @property
    def is_much_slower(self) -> bool:
        """Whether the last round was several times slower than the best one."""
        return self.mean > 4 * self.best + _MUCH


class Pace:
    """The limits of one host. At most `most` requests run at once; a lower `priority` number goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.limit = float(min(START, most))
        self.rate: float | None = None  # requests per second; None without a limit
        self._threshold = float(most)
        self._running = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._latency: dict[int, _Latency] = {}
        self._accepted: deque[float] = deque(maxlen=2048)
        self._halved_at = 0.0
        self._throttled_at = 0.0
        self._throttles = 0
        self._raised_at = 0.0
        self._caution = CAUTION
        self._pauses = 0
        self._resumed = asyncio.Event()
        self._next = 0.0

    @contextlib.asynccontextmanager
    async def turn(self, priority: int) -> AsyncIterator[None]:
        """Wait for a turn and hold it, retries included, until the block ends."""
        await self._enter(priority)
        try:
            yield
        finally:
            self._leave()

    async def ready(self) -> float:
        """Wait until a request may be sent: no pause, and not above the rate. Return the time of sending."""
        while True:
            if self._pauses:
                await self._resumed.wait()
                continue
            now = time.monotonic()
            if self.rate is None:
                return now
            at = max(now, self._next)
            self._next = at + 1 / self.rate
            if at <= now or await self._slept(at - now):
                return time.monotonic()

    async def _slept(self, seconds: float) -> bool:
        """Sleep. Return whether the host did not answer 429 meanwhile."""
        throttles = self._throttles
        await asyncio.sleep(seconds)
        return throttles == self._throttles and not self._pauses

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Block all new requests of the host until the block ends."""
        self._pauses += 1
        self._resumed.clear()
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._next = time.monotonic()
                self._resumed.set()

    def accepted(self, seconds: float, priority: int) -> None:
        """Record an answer after `seconds`. Allow more requests if it was as fast as others of its priority."""
        now = time.monotonic()
        self._accepted.append(now)
        latency = self._latency.setdefault(priority, _Latency())
        is_round = latency.add(seconds, max(START // 2, int(self.limit)))
        if is_round and latency.is_much_slower and now - seconds >= self._halved_at:
            self._halve(now, least=START // 2)
        elif self._waiting and self.limit < self._most and latency.is_steady and self.rate is None:
            self.limit = min(self._most, self.limit + (1 if self.limit < self._threshold else 1 / self.limit))
            self._admit()
        if self.rate is not None and now - self._raised_at > self._caution:
            self._raised_at, self.rate = now, self.rate * 1.1 if self.rate < FASTEST else None

    def failed(self, sent: float) -> None:
        """Record status 503, or a lost connection, for a request that was sent at `sent`."""
        if sent >= self._halved_at:
            self._halve(time.monotonic())

    def throttled(self, sent: float, wait: float | None) -> None:
        """Record status 429 for a request that was sent at `sent`, with the requested wait in seconds.

        Concurrent requests count once, because none of them could know.
        """
        if sent < self._throttled_at:
            return
        now = time.monotonic()
        window = min(max(wait or 0.0, 1.0), LONGEST_WINDOW)
        count = sum(at > now - window for at in self._accepted)
        self._halve(now)
        self._throttles += 1
        self._throttled_at = self._raised_at = now
        if self.rate is not None:
            self.rate, self._caution = max(min(self.rate / 2, MARGIN * count / window), SLOWEST), self._caution * 2
        elif count >= ENOUGH or self._throttles > 1:
            self.rate = max(MARGIN * count / window, SLOWEST)
        else:
            self.limit = self._threshold = 1.0  # too few answers to measure a rate: send one request after the other

    async def _enter(self, priority: int) -> None:
        if not self._waiting and self._running < int(self.limit):
            self._running += 1
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), future))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._running -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._running < int(self.limit):
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                self._running += 1
                future.set_result(None)

    def _halve(self, now: float, least: int = 1) -> None:
        self._halved_at = now
        self.limit = self._threshold = max(float(min(least, self._most)), self.limit / 2)
