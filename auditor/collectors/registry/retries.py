"""When to ask again, and after how long."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from auditor.collectors.timeouts import TIMEOUT

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
WHOLE = 4  # times the time-out: how long a whole answer may take
LONGEST = 60.0
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently. Times are in seconds; `sleep` and `random` can be replaced in tests.

    `timeout` is how long a connection, and then an answer, may take to begin. `longest` is the longest wait, and how long a
    server may ask to be left alone (Retry-After) without a good answer in between.
    """

    tries: int = 5
    first: float = 0.5
    longest: float = LONGEST
    timeout: float = TIMEOUT
    sleep: Sleep = asyncio.sleep
    random: Callable[[], float] = random.random

    @classmethod
    def within(cls, timeout: float) -> Retries:
        """The usual patience, shortened to a time-out: waits are no longer than a whole answer may take."""
        return cls(longest=min(LONGEST, WHOLE * timeout), timeout=timeout)

    @property
    def whole(self) -> float:
        """How long a whole answer may take."""
        return WHOLE * self.timeout

    def backoff(self, attempt: int) -> float:
        """The wait after the attempt of that number (from 1): doubling, and scattered so that workers do not march in step."""
        return min(self.longest, self.first * 2.0 ** (attempt - 1)) * (0.5 + self.random() / 2)

    def wait(self, attempt: int, headers: Mapping[str, str], now: datetime.datetime) -> float | None:
        """The wait before the next attempt; None when there shall be none: tries used up, or asked to wait too long."""
        if attempt >= self.tries:
            return None
        asked = retry_after(headers.get("retry-after", ""), now)
        if asked is None:
            return self.backoff(attempt)
        return asked if asked <= self.longest else None


def retry_after(header: str, now: datetime.datetime) -> float | None:
    """The seconds of a Retry-After header, which holds seconds or a date; None when it holds neither."""
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
