"""When to retry a request, and after how long."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from auditor.collectors.timeouts import TIMEOUT

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
WHOLE = 4  # time limit of a whole answer, as a multiple of the time-out
LONGEST = 60.0
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Retries:
    """The number of retries and their delays. Times are in seconds; tests replace `sleep` and `random`.

    `timeout` limits the connection, and then the time until an answer begins. `longest` limits a wait, and a pause that a
    server requests (Retry-After) without a good answer in between.
    """

    tries: int = 5
    first: float = 0.5
    longest: float = LONGEST
    timeout: float = TIMEOUT
    sleep: Sleep = asyncio.sleep
    random: Callable[[], float] = random.random

    @classmethod
    def within(cls, timeout: float) -> Retries:
        """Return the default retries, limited to a time-out: no wait exceeds the time limit of a whole answer."""
        return cls(longest=min(LONGEST, WHOLE * timeout), timeout=timeout)

    @property
    def whole(self) -> float:
        """The time limit of a whole answer."""
        return WHOLE * self.timeout

    def backoff(self, attempt: int) -> float:
        """Return the delay after the attempt of that number (from 1): doubling, with jitter so that workers do not retry in
        step."""
        return min(self.longest, self.first * 2.0 ** (attempt - 1)) * (0.5 + self.random() / 2)

    def wait(self, attempt: int, headers: Mapping[str, str], now: datetime.datetime) -> float | None:
        """Return the delay before the next attempt; None for no further attempt: none left, or the
        requested wait is too long."""
        if attempt >= self.tries:
            return None
        asked = retry_after(headers.get("retry-after", ""), now)
        if asked is None:
            return self.backoff(attempt)
        return asked if asked <= self.longest else None


def retry_after(header: str, now: datetime.datetime) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or a date; None if it holds neither."""
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return max(0.0, (at - now).total_seconds())
