"""httpx transports for registries: a lean one for direct connections, and httpx's own for a proxy."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable

import httpx

from auditor.collectors.registry.environment import proxy_for
from auditor.collectors.registry.failures import NO_TLS, NO_TLS_REASONS
from auditor.collectors.registry.wire import WireConnection, WireResponse

_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Body(httpx.AsyncByteStream):
    """The body of an answer, chunk by chunk. Closing it early closes the connection."""

    def __init__(self, connection: WireConnection, answer: WireResponse, timeout: float | None) -> None:
        self._connection = connection
        self._answer = answer
        self._timeout = timeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._answer.chunks
        while True:
            while chunks:
                yield chunks.popleft()
            if self._answer.complete:
                return
            await self._connection.more(self._timeout)

    async def aclose(self) -> None:
        if not self._answer.complete:
            self._connection.close()


class LeanTransport(httpx.AsyncBaseTransport):
    """One persistent connection to one server, opened on demand and again after a loss. Not for concurrent requests."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._connection: WireConnection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request without a body, or with a complete one. Raises httpx.TransportError."""
        timeouts = request.extensions.get("timeout", {})
        content = _serialised(request)
        connection = self._connection
        if connection is None or not connection.is_usable:
            connection = self._connection = await self._connect(request.url, timeouts.get("connect"))
        answer = connection.exchange(content, has_body=request.method != "HEAD")
        timeout = timeouts.get("read")
        try:
            while not answer.has_head:
                await connection.more(timeout)
        except BaseException:
            connection.close()
            raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(connection, answer, timeout))

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    async def _connect(self, url: httpx.URL, limit: float | None) -> WireConnection:
        host, port = url.raw_host.decode("ascii"), url.port or _DEFAULT_PORTS[url.scheme]
        secure = url.scheme == "https"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limit):
                _, connection = await loop.create_connection(
                    WireConnection,
                    host,
                    port,
                    ssl=(self._context or True) if secure else None,
                    server_hostname=host if secure else None,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {host}:{port} within {limit:g} s") from error
        except ssl.SSLError as error:
            raise httpx.ConnectError(f"{host}:{port}: {_no_trust(error)}") from error
        except (UnicodeError, OverflowError) as error:
            raise httpx.ConnectError(f"{host}:{port} is not a valid host and port: {error}") from error
        except OSError as error:
            # asyncio replaces the system's error text; a resolver's errors have numbers below zero.
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
            raise httpx.ConnectError(f"{host}:{port}: {reason}") from error
        return connection


def _no_trust(error: ssl.SSLError) -> str:
    """Return why TLS with a registry failed."""
    if error.reason in NO_TLS_REASONS:
        return f"{NO_TLS}; for plain HTTP, set `insecure: true` in the plan"
    verified = getattr(error, "verify_message", "")
    return f"TLS fails: {error.reason or error}" + (f": {verified}" if verified else "")


def _serialised(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    for name, value in request.headers.raw:
        if b"\r" in value or b"\n" in value:
            raise httpx.LocalProtocolError(f"a line break in the header {name.decode('ascii', 'replace')}")
        lines.append(b"%s: %s" % (name, value))
    lines += (b"", request.content)
    return b"\r\n".join(lines)


def make_transport(
    url: httpx.URL, context: ssl.SSLContext | None, own: Callable[[], ssl.SSLContext] | None = None
) -> httpx.AsyncBaseTransport:
    """Return a transport for the server of `url`. `own` creates the context that verifies a TLS proxy.

    Raises httpx.TransportError if the proxy of the environment cannot be used.
    """
    proxy = proxy_for(url)
    if proxy is None:
        return LeanTransport(context)
    try:
        verify = context if context is not None else False  # plain HTTP: there is nothing to verify
        via = httpx.Proxy(proxy, ssl_context=own() if own and proxy.startswith("https:") else None)
        return httpx.AsyncHTTPTransport(verify=verify, proxy=via, limits=httpx.Limits(max_connections=1))
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise httpx.ProxyError(f"the proxy of the environment cannot be used: {error}") from error
