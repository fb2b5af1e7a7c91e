"""HTTP/1.1 in the forms of real servers, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collectors.registry.transport import LeanTransport, make_transport, proxy_for
from auditor.collectors.registry.wire import WireResponse
from auditor.errors import UsageError
from auditor.evidence.model import Kind, Seen
from auditor.evidence.store import Store
from tests.collectors.asking import LINUX, failure, gather, plan_of
from tests.peers.gateway import Gateway, serve_gateway

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Script:
    """A server that sends prepared bytes, one list for each connection, one entry for each request."""

    def __init__(self, *connections: list[bytes]) -> None:
        self.requests: list[bytes] = []
        self.opened = 0
        self.url = ""
        self._connections = connections

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection; close it after the last prepared answer."""
        prepared = self._connections[self.opened]
        self.opened += 1
        for answer in prepared:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def scripted(*connections: list[bytes]) -> AsyncIterator[tuple[Script, LeanTransport]]:
    """A scripted server and a transport."""
    script, transport = Script(*connections), LeanTransport(None)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    async with server:
        script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/"
        yield script, transport
        await transport.aclose()


async def ask(script: Script, transport: LeanTransport, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """One exchange."""
    request = httpx.Request(method, script.url, headers=headers, extensions={"timeout": httpx.Timeout(2).as_dict()})
    response = await transport.handle_async_request(request)
    try:
        return response.status_code, await response.aread()
    finally:
        await response.aclose()


def exchange(*connections: list[bytes], times: int = 1, method: str = "GET") -> tuple[list[tuple[int, bytes]], int]:
    """Return the answers to some requests, and the number of connections."""

    async def run() -> tuple[list[tuple[int, bytes]], int]:
        async with scripted(*connections) as (script, transport):
            return [await ask(script, transport, method) for _ in range(times)], script.opened

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (PLAIN, b"hi"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN, b"hi"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, b"hi"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\nX: y\r\n\r\n", b"hi"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_bodies_of_every_kind(answer: bytes, body: bytes) -> None:
    answers, _ = exchange([answer])
    assert answers[0][1] == body


def test_a_connection_is_kept() -> None:
    assert exchange([PLAIN, PLAIN, PLAIN], times=3) == ([(200, b"hi")] * 3, 1)


def test_a_head_has_no_body_and_keeps_the_connection() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"
    assert exchange([head, head], times=2, method="HEAD") == ([(200, b"")] * 2, 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        PLAIN + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ],
)
def test_connection_with_unexpected_bytes_is_not_kept(answer: bytes) -> None:
    assert exchange([answer], [PLAIN], times=2) == ([(200, b"hi")] * 2, 2)


def test_a_connection_that_was_closed_in_between_is_opened_again() -> None:
    async def run() -> int:
        async with scripted([PLAIN], [PLAIN]) as (script, transport):
            for _ in range(2):
                assert await ask(script, transport) == (200, b"hi")
                await asyncio.sleep(0.05)
            return script.opened

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", httpx.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
def test_invalid_http_answer_is_an_error(answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        exchange([answer])


def test_slow_reader_gets_the_whole_body() -> None:
    size = 3_000_000

    async def run() -> int:
        async with scripted([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size]) as (script, transport):
            response = await transport.handle_async_request(httpx.Request("GET", script.url))
            total = 0
            async for chunk in response.aiter_raw():
                total += len(chunk)
                await asyncio.sleep(0.001)
            return total

    assert asyncio.run(run()) == size


def test_a_header_cannot_smuggle_another() -> None:
    async def run() -> None:
        async with scripted([PLAIN]) as (script, transport):
            with pytest.raises(httpx.LocalProtocolError):
                await ask(script, transport, Authorization="a\r\nX-Evil: 1")

    asyncio.run(run())


def test_a_host_that_does_not_answer_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_args: object, **_named: object) -> None:
        await asyncio.sleep(5)

    async def run() -> None:
        request = httpx.Request("GET", "http://registry.example/", extensions={"timeout": httpx.Timeout(0.05).as_dict()})
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        await LeanTransport(None).handle_async_request(request)

    with pytest.raises(httpx.ConnectTimeout):
        asyncio.run(run())


def test_a_transport_that_was_never_used_closes() -> None:
    asyncio.run(LeanTransport(None).aclose())


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=300), prefix=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: "])
)
def test_arbitrary_bytes_are_an_answer_or_an_error(data: bytes, prefix: bytes) -> None:
    answer = WireResponse(has_body=True)
    try:
        answer.feed(prefix + data)
    except httpx.RemoteProtocolError:
        return
    answer.ended()
    assert sum(map(len, answer.chunks)) <= len(data)


def _proxies(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = httpx.URL("https://registry.plant.example/v2/"), httpx.URL("https://quay.io/v2/")
    _proxies(monkeypatch)
    assert proxy_for(outside) is None
    _proxies(monkeypatch, HTTPS_PROXY="proxy.example:3128", NO_PROXY="plant.example")
    assert (proxy_for(outside), proxy_for(inside)) == ("http://proxy.example:3128", None)
    assert isinstance(make_transport(outside, None), httpx.AsyncHTTPTransport)
    assert isinstance(make_transport(inside, None), LeanTransport)
    _proxies(monkeypatch, ALL_PROXY="nonsense://x")
    with pytest.raises(httpx.ProxyError):
        make_transport(outside, None)


@pytest.mark.peer
@pytest.mark.usefixtures("shop")
def test_a_proxy_is_used(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_gateway(gateway.host) as proxy:
        _proxies(monkeypatch, HTTP_PROXY=f"http://{proxy.host}")
        monkeypatch.setattr("urllib.request.proxy_bypass", lambda _host: False)
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
            assert isinstance(store.tag(f"{gateway.host}/shop/web:1"), Seen)
        assert proxy.log
        assert proxy.log[0].path == f"http://{gateway.host}/v2/shop/web/manifests/1"


def test_a_proxy_that_cannot_be_used_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _proxies(monkeypatch, ALL_PROXY="nonsense://x")
    with Store.memory() as store, pytest.raises(UsageError, match="ALL_PROXY: nonsense:// proxies are not supported"):
        gather(store, plan_of(LINUX), "quay.example/a/b:1")


def test_a_name_that_resolves_to_nothing() -> None:
    with Store.memory() as store:
        gather(store, plan_of(LINUX), "registry.invalid/a/b:1")
        kind, detail = failure(store.tag("registry.invalid/a/b:1"))
    assert kind is Kind.UNREACHABLE
    assert "registry.invalid" in detail


def test_port_without_a_listener() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{held.getsockname()[1]}"
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{host}/a/b:1")
            assert "refused" in failure(store.tag(f"{host}/a/b:1"))[1].lower()


def test_server_without_tls_gives_a_helpful_error() -> None:
    async def plain_http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def asked() -> str:
        server = await asyncio.start_server(plain_http, "127.0.0.1", 0)
        transport = LeanTransport(None)
        async with server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/"
            request = httpx.Request("GET", url, extensions={"timeout": httpx.Timeout(5).as_dict()})
            with pytest.raises(httpx.ConnectError) as caught:
                await transport.handle_async_request(request)
        await transport.aclose()
        return str(caught.value)

    said = asyncio.run(asked())
    assert said.endswith(": it does not answer with TLS; for plain HTTP, set `insecure: true` in the plan")
