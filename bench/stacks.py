"""Comparison of HTTP stacks on the same URLs: our transport, httpx's, and aiohttp if it is installed.

`bench/collect.py` calls it. It prints two tables: single requests of a client that only reads bodies, and whole collections
with each transport. aiohttp and httpx-aiohttp are not dependencies of the project: `pip install aiohttp httpx-aiohttp` adds
their rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from auditor.collectors.registry import connection_pool
from auditor.collectors.registry.transport import LeanTransport
from auditor.collectors.registry.wire import WireConnection
from auditor.oci.media_types import ACCEPT

try:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport
except ImportError as error:  # not a dependency
    MISSING = f"{error.name} is not installed"
else:
    MISSING = ""

WANTED = 0.15  # keep our own stack if it saves at least this share of the CPU time
HEADERS = {"User-Agent": "airgap-auditor", "Accept": ACCEPT, "Accept-Encoding": "identity"}
TIMEOUTS = httpx.Timeout(30).as_dict()
TICKS = os.sysconf("SC_CLK_TCK")

Get = Callable[[str], Awaitable[int]]  # request a URL and return the length of its body
Client = Callable[[], contextlib.AbstractAsyncContextManager[Get]]


def children_cpu() -> float:
    """Return the CPU seconds of the running child processes, which are the registry."""
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = (Path("/proc") / child / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime and stime
    return ticks / TICKS


def lean() -> httpx.AsyncBaseTransport:
    """Return our transport for plain HTTP."""
    return LeanTransport(None)


def of_httpx() -> httpx.AsyncBaseTransport:
    """Return httpx's transport (httpcore and h11)."""
    return httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_connections=1))


def of_aiohttp() -> httpx.AsyncBaseTransport:
    """Return aiohttp behind httpx's interface, with its features beyond HTTP switched off."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=1, ssl=False)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return AiohttpTransport(verify=False, client=session)


def through(make: Callable[[], httpx.AsyncBaseTransport]) -> Client:
    """A client of one worker that sends httpx requests through a transport, as `registry/sender.py` does."""

    @contextlib.asynccontextmanager
    async def client() -> AsyncIterator[Get]:
        transport = make()

        async def get(url: str) -> int:
            request = httpx.Request("GET", httpx.URL(url), headers=HEADERS, extensions={"timeout": TIMEOUTS})
            response = await transport.handle_async_request(request)
            assert response.status_code == 200, response.status_code
            assert isinstance(response.stream, httpx.AsyncByteStream)
            size = 0
            async for chunk in response.stream:
                size += len(chunk)
            await response.aclose()
            return size

        yield get
        await transport.aclose()

    return client


@contextlib.asynccontextmanager
async def plain_aiohttp() -> AsyncIterator[Get]:
    """A client of one worker that uses aiohttp without httpx."""
    connector = aiohttp.TCPConnector(limit=1, ssl=False)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=HEADERS
    ) as session:

        async def get(url: str) -> int:
            async with session.get(url, allow_redirects=False) as response:
                assert response.status == 200, response.status
                return len(await response.read())

        yield get


@contextlib.asynccontextmanager
async def plain_wire() -> AsyncIterator[Get]:
    """A client of one worker on our connection class, without httpx's objects: the lower limit for our transport."""
    connection: WireConnection | None = None
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())

    async def get(url: str) -> int:
        nonlocal connection
        _, _, host, path = url.split("/", 3)
        if connection is None or not connection.is_usable:
            name, _, port = host.partition(":")
            _, connection = await asyncio.get_running_loop().create_connection(WireConnection, name, int(port))
        answer = connection.exchange(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode(), has_body=True)
        while not answer.complete:
            await connection.more(30)
        assert answer.status == 200, answer.status
        return sum(map(len, answer.chunks))

    yield get
    if connection is not None:
        connection.close()


def clients() -> dict[str, Client]:
    """Return the clients that can run here, ours first."""
    known: dict[str, Client] = {"our transport": through(lean), "ours without httpx": plain_wire, "httpx": through(of_httpx)}
    if not MISSING:
        known |= {"aiohttp under httpx": through(of_aiohttp), "aiohttp plain": plain_aiohttp}
    return known


async def _exchange(client: Client, urls: list[str], workers: int) -> int:
    waiting = iter(urls)

    async def work() -> int:
        async with client() as get:
            return sum([await get(url) for url in waiting])

    return sum(await asyncio.gather(*(work() for _ in range(workers))))


@contextlib.contextmanager
def replaced(make: Callable[[], httpx.AsyncBaseTransport]) -> Iterator[None]:
    """Replace the collector's transport."""
    ours = connection_pool.make_transport
    connection_pool.make_transport = lambda *_: make()
    try:
        yield
    finally:
        connection_pool.make_transport = ours


class Figures:
    """CPU milliseconds per request of this process and of the registry, and seconds, by stack and round."""

    def __init__(self) -> None:
        self._of: defaultdict[str, list[tuple[float, float, float]]] = defaultdict(list)

    def measure(self, name: str, requests: int, run: Callable[[], Any]) -> None:
        """Run once and store the figures."""
        own, registry, started = time.process_time(), children_cpu(), time.perf_counter()
        run()
        taken = time.process_time() - own, children_cpu() - registry, time.perf_counter() - started
        own, registry, seconds = (value * 1000 / requests for value in taken)
        self._of[name].append((own, registry, seconds))

    def show(self, title: str) -> None:
        """Print the medians, and the saving of our transport."""
        print(title)
        medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in self._of.items()}
        ours = next(iter(medians.values()))[0]
        for name, (own, registry, each) in medians.items():
            saved = "" if own == ours else f"; ours uses {abs(1 - ours / own):.0%} {'less' if ours < own else 'more'}"
            print(f"  {name:20} client {own:.3f} ms, registry {registry:.3f} ms, {1000 / each:,.0f} requests/s{saved}")


def compare(base: str, paths: list[str], workers: int, rounds: int, collect: Callable[[str], int]) -> None:
    """Print both tables. `collect` collects everything into a fresh evidence file of a name and returns the requests."""
    if MISSING:
        print(f"aiohttp: not measured: {MISSING}")
    urls = [base + path for path in paths]
    bare, whole = Figures(), Figures()
    transports = {"our transport": lean, "httpx": of_httpx} | ({} if MISSING else {"aiohttp under httpx": of_aiohttp})
    for run in range(rounds):
        for name, client in clients().items():
            bare.measure(name, len(urls), lambda client=client: asyncio.run(_exchange(client, urls, workers)))
        for name, make in transports.items():
            with replaced(make):
                whole.measure(name, len(paths), lambda name=name, run=run: collect(f"{name}-{run}"))
    bare.show(f"CPU time of a bare exchange, median of {rounds} rounds of {len(urls):,} requests:")
    whole.show(f"CPU time of a request in a whole collection, median of {rounds} rounds:")
    print(f"our own transport is worth keeping if it uses at least {WANTED:.0%} less than the best other one")
