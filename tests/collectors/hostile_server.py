"""A loopback server with one port for each hostile case: a registry with one wrong endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from tests.collectors.hostile_image import DEEP, OCI, Good, Image, digest_of

ENDPOINTS = ("tag", "manifest", "config", "blob", "token", "redirect", "token redirect")


Behaviour = Callable[[asyncio.StreamWriter, Good, int], Awaitable[None]]


def raw(data: bytes) -> Behaviour:
    """Send these bytes and close."""

    async def behave(writer: asyncio.StreamWriter, _good: Good, port: int) -> None:
        writer.write(data.replace(b"{PORT}", str(port).encode()))
        await writer.drain()
        writer.close()

    return behave


def answer(status: str, body: bytes = b"", **headers: str) -> Behaviour:
    """Send a whole answer."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return raw(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)


async def good(writer: asyncio.StreamWriter, right: Good, _port: int) -> None:
    """Send the correct answer."""
    writer.write(right.head + (b"" if right.is_head else right.body))
    await writer.drain()


async def silence(_writer: asyncio.StreamWriter, _good: Good, _port: int) -> None:
    """Keep the connection open and send nothing."""
    await asyncio.sleep(60)


async def drip_head(writer: asyncio.StreamWriter, right: Good, _port: int) -> None:
    """Send the head byte by byte, so that no read waits long."""
    for byte in right.head:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.3)


async def drip_body(writer: asyncio.StreamWriter, right: Good, _port: int) -> None:
    """Send the body byte by byte."""
    writer.write(right.head)
    for byte in right.body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.3)


async def stall(writer: asyncio.StreamWriter, right: Good, _port: int) -> None:
    """Send half of the body, then nothing."""
    writer.write(right.head + right.body[: len(right.body) // 2])
    await writer.drain()
    await asyncio.sleep(60)


async def reset(writer: asyncio.StreamWriter, _good: Good, _port: int) -> None:
    """Abort the connection."""
    writer.transport.abort()


async def cut(writer: asyncio.StreamWriter, right: Good, _port: int) -> None:
    """Close in the middle of the body."""
    writer.write(right.head + right.body[: len(right.body) // 2])
    await writer.drain()
    writer.close()


def endless(start: bytes, again: bytes) -> Behaviour:
    """Send without end, until the client closes the connection."""

    async def behave(writer: asyncio.StreamWriter, _good: Good, _port: int) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(0)

    return behave


def of_length(length: str) -> Behaviour:
    """Return the correct answer with another Content-Length."""

    async def behave(writer: asyncio.StreamWriter, right: Good, _port: int) -> None:
        old = f"Content-Length: {len(right.body)}".encode()
        head = right.head.replace(old, f"Content-Length: {length}".encode())
        writer.write(head + (b"" if right.is_head else right.body))
        await writer.drain()
        writer.close()

    return behave


OK = b"HTTP/1.1 200 OK\r\n"
ANYWHERE: dict[str, Behaviour] = {
    "silence": silence,
    "drip of the head": drip_head,
    "reset": reset,
    "length 2**64 - 2": of_length("18446744073709551614"),
    "length negative": of_length("-1"),
    "length of letters": of_length("many"),
    "two lengths": of_length("5\r\nContent-Length: 7"),
    "huge header": raw(OK + b"X: " + b"x" * 200_000),
    "endless headers": endless(OK, b"X-Y: z\r\n" * 1000),
    "header of null bytes": raw(OK + b"X: \0\0\r\nContent-Length: 0\r\n\r\n\0"),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a TLS alert": raw(b"\x15\x03\x03\x00\x02\x02\x28"),
    "HTTP/9.9": raw(b"HTTP/9.9 200 OK\r\n\r\n"),
    "flood of 1xx": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "status 101": raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "status 0": answer("000 None"),
    "status 204": answer("204 No Content"),
    "status 304": answer("304 Not Modified"),
    "status 418": answer("418 Teapot"),
    "status 999": answer("999 Odd"),
    "status 500": answer("500 Oh", DEEP),
    "status 407": answer("407 Proxy", Proxy_Authenticate="Basic"),
    "403 of nested JSON": answer("403 No", DEEP),
    "400 of bad UTF-8": answer("400 No", b'{"errors":[{"code":"\xff\xfe"}]}'),
    "429 for an hour": answer("429 Slow", Retry_After="3600"),
    "429 for no time": answer("429 Slow", Retry_After="0"),
    "429 with an odd wait": answer("429 Slow", Retry_After="9" * 400),
    "503 until an invalid date": answer("503 Down", Retry_After="Mon, 99 Foo 20000 99:99:99 GMT"),
    "503 for a second": answer("503 Down", Retry_After="1"),
    "redirect loop": answer("307 Go", Location="/loop"),
    "redirect with line breaks": answer("307 Go", Location="http://127.0.0.1:{PORT}/a%0d%0aX-Evil:%201"),
    "redirect to a host of line breaks": answer("307 Go", Location="http://a%0d%0ab/"),
    "redirect to a file": answer("307 Go", Location="file:///etc/passwd"),
    "redirect to metadata": answer("307 Go", Location="http://169.254.169.254/latest"),
    "redirect to bad IDNA": answer("307 Go", Location="https://xn--a/"),
    "redirect to a bad port": answer("307 Go", Location="http://127.0.0.1:99999/"),
    "redirect without a host": answer("307 Go", Location="https://"),
    "challenge of spaces": answer("401 No", WWW_Authenticate=" " * 8000 + "x"),
    "challenge off TLS": answer("401 No", WWW_Authenticate='Bearer realm="http://auth.example/token"'),
    "challenge without realm": answer("401 No", WWW_Authenticate="Bearer"),
    "challenge with line breaks": answer("401 No", WWW_Authenticate='Bearer realm="http://127.0.0.1:{PORT}/%0d%0a"'),
    "transfer of two codings": raw(OK + b"Transfer-Encoding: gzip, chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"),
}
BODIES: dict[str, Behaviour] = {
    "drip of the body": drip_body,
    "stall": stall,
    "cut": cut,
    "length too long": of_length("100000"),
    "length too short": of_length("7"),
    "endless chunks": endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 0x10000 + b"\r\n"),
    "endless body": endless(OK + b"\r\n", b" " * 0x10000),
    "chunk of a huge size": raw(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nx"),
    "chunk of no size": raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx"),
    "nested JSON": answer("200 OK", b'{"token":' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    "bad UTF-8": answer("200 OK", b'{"schemaVersion":2,"token":"\xff\xfe"}'),
    "a web page": answer("200 OK", b"<html>login</html>"),
    "no body": answer("200 OK"),
    "other JSON": answer("200 OK", b'{"schemaVersion":2}'),
    "a wrong digest": answer("200 OK", b'{"schemaVersion":2}', Docker_Content_Digest="sha256:" + "0" * 64),
    "a gzip bomb": answer("200 OK", gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
    "a bomb of no known coding": answer("200 OK", b"x" * 1000, Content_Encoding="zstd, gzip, br"),
    "numbers without end": answer("200 OK", b'{"schemaVersion":' + b"9" * 60_000 + b',"expires_in":1e999999}'),
    "null": answer("200 OK", b"null"),
    "status 206": answer("206 Part", b"{}", Content_Range="bytes 0-1/2"),
}


@dataclass(frozen=True)
class Case:
    """One endpoint of one registry that behaves in one way; `name` None is a registry without a fault."""

    endpoint: str
    name: str | None

    @property
    def behaviour(self) -> Behaviour:
        """Return the behaviour of the endpoint."""
        return good if self.name is None else {**ANYWHERE, **BODIES}[self.name]

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.name or 'good'}"


def cases() -> tuple[Case, ...]:
    """Every behaviour at every endpoint where it is a fault; a HEAD has no body."""
    found = [Case(endpoint, name) for endpoint in ENDPOINTS for name in ANYWHERE]
    found += [Case(endpoint, name) for endpoint in ENDPOINTS if endpoint != "blob" for name in BODIES]
    return tuple(found)


class _Registry:
    """One port."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.port = 0
        self._image = Image(str(case))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while not writer.is_closing():
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    method, path, _ = head.split(" ", 2)
                    await self._answer(writer, path, is_head=method == "HEAD", is_known="Bearer fine" in head)
        except asyncio.CancelledError:
            writer.transport.abort()
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, path: str, *, is_head: bool, is_known: bool) -> None:
        endpoint, right = self._route(path, is_head=is_head)
        behave = self.case.behaviour if endpoint == self.case.endpoint else good
        if endpoint == "nothing":
            behave = answer("307 Go", Location="/loop") if path.startswith("/loop") else answer("404 Not Found")
        elif self.case.endpoint == "redirect" and endpoint == "tag":
            behave = answer("307 Go", Location="/moved")
        elif self.case.endpoint == "token redirect" and endpoint == "token":
            behave = answer("307 Go", Location="/token-moved")
        elif self.case.endpoint.startswith("token") and not endpoint.startswith("token") and not is_known:
            behave = answer("401 No", WWW_Authenticate='Bearer realm="http://127.0.0.1:{PORT}/token",service="x"')
        await behave(writer, right, self.port)

    def _route(self, path: str, *, is_head: bool) -> tuple[str, Good]:
        image = self._image
        index = Good(image.index, f"{OCI}.index.v1+json", is_head)
        manifest = Good(image.manifest, f"{OCI}.manifest.v1+json", is_head)
        token = Good(b'{"token":"fine"}', "application/json")
        routes = {
            "/v2/web/manifests/1": ("tag", manifest if self.case.endpoint == "config" else index),
            "/moved": ("redirect", index),
            f"/v2/web/manifests/{digest_of(image.manifest)}": ("manifest", manifest),
            f"/v2/web/blobs/{digest_of(image.config)}": ("config", Good(image.config, "application/octet-stream", is_head)),
            f"/v2/web/blobs/{digest_of(image.layer)}": ("blob", Good(image.layer, "application/octet-stream", is_head)),
            "/token": ("token", token),
            "/token-moved": ("token redirect", token),
        }
        return routes.get(path.partition("?")[0], ("nothing", index))


@contextlib.contextmanager
def serving(wanted: tuple[Case, ...]) -> Iterator[dict[Case, int]]:
    """Serve each case on a port of its own until the block ends."""
    ports: dict[Case, int] = {}
    servers: list[asyncio.Server] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def start() -> None:
        for case in wanted:
            registry = _Registry(case)
            server = await asyncio.start_server(registry.serve, "127.0.0.1", 0)
            servers.append(server)
            ports[case] = registry.port = server.sockets[0].getsockname()[1]

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        ready.set()
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(30)
    try:
        yield ports
    finally:
        asyncio.run_coroutine_threadsafe(_end(servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end(servers: list[asyncio.Server]) -> None:
    """Close every port and every connection."""
    for server in servers:
        server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.1)  # closed transports are dropped by the event loop
