"""One HTTP/1.1 connection on asyncio, one exchange at a time, with httptools (llhttp) reading the answers.

httpx's own HTTP/1.1 reader is written in Python. With it, a whole collection needs about three times the CPU time, and with
aiohttp under httpx 1.2 to 1.4 times (docs/decisions.md, 7; `bench/collect.py` measures it).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools
import httpx

MAX_HEAD = 64 * 1024
MAX_WAITING = 256 * 1024


class WireResponse:
    """The answer to one request as it arrives. Methods named `on_…` are the parser's callbacks."""

    def __init__(self, *, has_body: bool) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: deque[bytes] = deque()
        self.status = 0
        self.has_head = False
        self.complete = False
        self.keeps_alive = False
        self._has_body = has_body
        self._parser = httptools.HttpResponseParser(self)
        self._head_bytes = 0

    def feed(self, data: bytes) -> None:
        """Parse bytes from the server. Raises httpx.RemoteProtocolError if they are not HTTP, or if the headers do not end."""
        if not self.has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise httpx.RemoteProtocolError(f"not an answer in HTTP/1.1: {error}") from error
        if not self.has_head and self._head_bytes > MAX_HEAD:
            raise httpx.RemoteProtocolError(f"headers of more than {MAX_HEAD:,} bytes")

    def ended(self) -> bool:
        """Handle a closed connection. Return whether the answer was complete by then."""
        names = {name.lower() for name, _ in self.headers}
        if self.has_head and not names & {b"content-length", b"transfer-encoding"}:
            self.complete = True
        return self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; ignore trailers after the body."""
        if not self.has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Handle the end of the headers, or of an interim answer."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
            return
        self.status, self.has_head = status, True
        if not self._has_body:
            self._finish()

    def on_body(self, body: bytes) -> None:
        """Add a chunk of the body, after chunked decoding."""
        if self.complete:
            self.keeps_alive = False  # a body that must not exist: the bytes after it cannot be trusted
        else:
            self.chunks.append(body)

    def on_message_complete(self) -> None:
        """Handle the end of the answer."""
        if self.has_head:
            self._finish()

    def _finish(self) -> None:
        if not self.complete:
            self.complete = True
            self.keeps_alive = self._parser.should_keep_alive()


class WireConnection(asyncio.Protocol):
    """A connection to one server. `exchange` sends a request; then `more` waits for bytes."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport  # `connection_made` sets it before the first use
        self._answer: WireResponse | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: httpx.TransportError | None = None

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return not self._transport.is_closing() and (self._answer is None or self._answer.keeps_alive)

    def exchange(self, request: bytes, *, has_body: bool) -> WireResponse:
        """Send a request. Its answer fills while `more` is awaited."""
        answer = self._answer = WireResponse(has_body=has_body)
        self._transport.write(request)
        return answer

    async def more(self, limit: float | None) -> None:
        """Wait for more bytes of the answer. Raises httpx.ReadTimeout, ReadError or RemoteProtocolError."""
        if self._error is not None:
            raise self._error
        self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(limit):
                await self._waiter
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no data for {limit:g} s") from error
        finally:
            self._waiter = None
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        # other event loops' transports have the same methods, but are not subclasses
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        answer = self._answer
        if answer is None or answer.complete:
            self.close()  # bytes without a request
            return
        try:
            answer.feed(data)
        except httpx.RemoteProtocolError as error:
            self._fail(error)
            return
        if sum(map(len, answer.chunks)) > MAX_WAITING:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        answer = self._answer
        if answer is not None and not answer.complete and not answer.ended():
            self._fail(httpx.ReadError(f"the connection was lost before the end of the answer{f': {exc}' if exc else ''}"))
        self._wake()

    def _fail(self, error: httpx.TransportError) -> None:
        self._error = self._error or error
        self.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
