"""Send one request at a time for each key. Concurrent callers that need the same answer wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_T = TypeVar("_T")


class SingleFlight(Generic[K]):
    """Runs the work of one caller per key; the others wait until it ends, and then run theirs.

    So `work` first checks whether the answer already exists, and returns without a request if so. A failed or cancelled caller
    does not affect those that wait: the next one takes its turn.
    """

    def __init__(self) -> None:
        self._ends: dict[K, asyncio.Future[None]] = {}

    async def run(self, key: Callable[[], K], work: Callable[[], Awaitable[_T]]) -> _T:
        """Return the result of `work`. `key` is evaluated again after each wait, because an answer may change it."""
        while (end := self._ends.get(name := key())) is not None:
            await asyncio.shield(end)
        self._ends[name] = end = asyncio.get_running_loop().create_future()
        try:
            return await work()
        finally:
            del self._ends[name]
            end.set_result(None)
