"""Concurrent callers of one key send one request. Failures and cancellations of one caller do not affect the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collectors.single_flight import SingleFlight


class Remote:
    """Answers each key once a request for it was sent, and records the number of concurrent requests."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.sent: list[str] = []
        self.underway: dict[str, int] = {}
        self.most = 0
        self.flights: SingleFlight[str] = SingleFlight()

    def get(self, key: str, ticks: int = 3) -> Awaitable[int]:
        async def work() -> int:
            if key not in self.known:
                self.sent.append(key)
                self.underway[key] = self.underway.get(key, 0) + 1
                self.most = max(self.most, self.underway[key])
                try:
                    for _ in range(ticks):
                        await asyncio.sleep(0)
                finally:
                    self.underway[key] -= 1
                self.known[key] = len(self.sent)
            return self.known[key]

        return self.flights.run(lambda: key, work)


def test_callers_of_one_key_share_one_request() -> None:
    remote = Remote()

    async def everyone() -> list[int]:
        return await asyncio.gather(*(remote.get("a") for _ in range(50)))

    assert asyncio.run(everyone()) == [1] * 50
    assert remote.sent == ["a"]


def test_keys_do_not_wait_for_each_other() -> None:
    started: list[str] = []
    flights: SingleFlight[str] = SingleFlight()

    async def everyone() -> None:
        both = asyncio.Barrier(2)

        def of(key: str) -> Callable[[], Awaitable[None]]:
            async def work() -> None:
                started.append(key)
                await both.wait()

            return work

        async with asyncio.timeout(5):
            await asyncio.gather(flights.run(lambda: "a", of("a")), flights.run(lambda: "b", of("b")))

    asyncio.run(everyone())
    assert sorted(started) == ["a", "b"]


def test_the_next_caller_tries_after_a_failure() -> None:
    flights: SingleFlight[str] = SingleFlight()
    tries: list[int] = []

    async def work() -> str:
        tries.append(len(tries))
        await asyncio.sleep(0)
        if len(tries) == 1:
            raise OSError("refused")
        return "answer"

    async def everyone() -> list[str | BaseException]:
        return await asyncio.gather(*(flights.run(lambda: "a", work) for _ in range(3)), return_exceptions=True)

    first, *rest = asyncio.run(everyone())
    assert isinstance(first, OSError)
    assert rest == ["answer", "answer"]


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_a_cancelled_caller_does_not_stop_the_others(cancelled: int) -> None:
    remote = Remote()

    async def everyone() -> list[int | BaseException]:
        tasks = [asyncio.ensure_future(remote.get("a", ticks=10)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[cancelled].cancel()
        async with asyncio.timeout(5):
            return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(everyone())
    assert isinstance(found.pop(cancelled), asyncio.CancelledError)
    assert found == [remote.known["a"]] * 2
    assert remote.most == 1


def test_the_key_is_read_again_after_a_wait() -> None:
    """Callers that share a key until the first answer run concurrently after it."""
    flights: SingleFlight[str] = SingleFlight()
    done: list[str] = []
    most = [0, 0]

    def of(name: str) -> Awaitable[None]:
        async def work() -> None:
            most[0] += 1
            most[1] = max(most)
            await asyncio.sleep(0.01)
            most[0] -= 1
            done.append(name)

        return flights.run(lambda: name if done else "shared", work)

    async def everyone() -> None:
        await asyncio.gather(*(of(f"repository {number}") for number in range(5)))

    asyncio.run(everyone())
    assert len(done) == 5
    assert most[1] == 4


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.booleans()), min_size=1, max_size=25))
def test_no_key_is_ever_in_flight_twice(calls: list[tuple[str, int, bool]]) -> None:
    remote = Remote()

    async def everyone() -> None:
        tasks = []
        for key, ticks, is_cancelled in calls:
            tasks.append(asyncio.ensure_future(remote.get(key, ticks)))
            await asyncio.sleep(0)
            if is_cancelled:
                tasks[-1].cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(everyone())
    assert remote.most <= 1
    kept = {key for key, _, is_cancelled in calls if not is_cancelled}
    assert kept <= set(remote.known)
