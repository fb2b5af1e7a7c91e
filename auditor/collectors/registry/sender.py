"""Send one request and read one bounded answer, with retries and redirects. Authentication is elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx

from auditor.collectors.registry.challenge import may_follow
from auditor.collectors.registry.connection_pool import Connections, Origin, origin_of
from auditor.collectors.registry.environment import proxy_for
from auditor.collectors.registry.failures import Unanswered, cause_of, plain, shown
from auditor.collectors.registry.pace import MOST, Pace
from auditor.collectors.registry.retries import RETRIED, Retries, retry_after
from auditor.collectors.registry.secret import Secret
from auditor.collectors.registry.servers import Servers, ServerState
from auditor.collectors.registry.sink import HashingSink
from auditor.evidence.causes import Cause, cause_of_status
from auditor.evidence.model import Kind

MAX_REDIRECTS = 5
MAX_ERROR = 64 * 1024
SLOWEST = 64 * 1024  # bytes per second, for a body that is hashed as it arrives
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_IDENTITY = frozenset({"", "identity"})
_OF_TLS = frozenset({Cause.UNKNOWN_ISSUER, Cause.WRONG_NAME, Cause.EXPIRED, Cause.TLS, Cause.PLAIN_HTTP})
# Every request, for `auditor --verbose`, without its headers and without secret parts of its address.
_LOG = logging.getLogger("auditor.asked")


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `limit` is the maximum body size of a good answer in bytes."""

    url: httpx.URL
    limit: int
    method: str = "GET"
    accept: str = "*/*"
    authorization: Secret | None = None
    form: bytes = b""
    ca: bytes = b""
    part: str = ""  # a Range header: the requested bytes of the body
    allowed: Callable[[httpx.URL], bool] | None = None  # decides where a redirect may lead, instead of the rule for registries
    sink: HashingSink | None = None  # receives the body of a good answer

    @property
    def priority(self) -> int:
        """0 for documents and tokens, on which other requests depend; 1 for sizes, ranges and whole layers."""
        is_last = self.method == "HEAD" and self.accept == "*/*"
        return int(is_last or self.part != "" or self.sink is not None)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its body. `url` is the request's, before redirects; `by` is the server that answered, after a redirect."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes
    is_cut: bool = False  # the body was longer than the limit
    by: httpx.URL | None = None

    @property
    def origin(self) -> Origin:
        """The server that answered."""
        return origin_of(self.by or self.url)


class _Shown:
    """An address for the log. It is formatted only if it is logged, because formatting takes as long as a small answer."""

    def __init__(self, url: httpx.URL) -> None:
        self._url = url

    def __str__(self) -> str:
        return shown(self._url)


class _Silent(httpx.ReadTimeout):
    """The headers of the answer did not arrive in time."""


class Sender:
    """Sends requests. A server that is unreachable after all tries, or stays silent, gets no further requests."""

    def __init__(self, connections: Connections, retries: Retries, at_once: asyncio.Semaphore, most: int = MOST) -> None:
        """`at_once` limits requests to all hosts, `most` those to one host; see `Pace`."""
        self.requests = 0
        self._most = most
        self._paces: dict[Origin, Pace] = {}
        self._connections = connections
        self._retries = retries
        self._at_once = at_once
        self._servers = Servers()
        limit = retries.timeout
        self._timeouts = httpx.Timeout(connect=limit, read=limit, write=limit, pool=None).as_dict()

    async def send(self, request: Request) -> Reply:
        """Return the answer, whatever its status. Raises Unanswered if there was no answer."""
        origin = origin_of(request.url)
        pace = self._pace(origin)
        async with pace.turn(request.priority):
            return await self._send(request, self._servers.of(origin), pace)

    async def _send(self, request: Request, server: ServerState, pace: Pace) -> Reply:
        attempt = 0
        while True:
            attempt += 1
            _refuse_if_down(server)  # before the pace: a request that is not sent needs no spacing
            sent = await pace.ready()
            try:
                reply = await self._follow(request)
            except httpx.TransportError as error:
                pace.failed(sent)
                wait = None if server.is_failing else self._retries.wait(attempt, {}, _now())
                if wait is None:
                    server.lost += 1
                    raise self._lost(error.request.url, error, attempt) from error
                await self._retries.sleep(wait)
            else:
                if not await self._may_ask_again(reply, attempt, sent):
                    return reply

    def _pace(self, origin: Origin) -> Pace:
        pace = self._paces.get(origin)
        if pace is None:
            pace = self._paces[origin] = Pace(self._most)
        return pace

    async def _may_ask_again(self, reply: Reply, attempt: int, sent: float) -> bool:
        """Wait, and return whether to repeat a request after `reply`. The server that answered decides how long."""
        server = self._servers.of(reply.origin)
        if reply.status not in RETRIED:
            server.is_good()
            return False
        wait = None if server.is_failing else self._retries.wait(attempt, reply.headers, _now())
        asked = retry_after(reply.headers.get("retry-after", ""), _now())
        pace = self._pace(reply.origin)
        if reply.status == 429:
            pace.throttled(sent, wait)
        elif reply.status == 503:
            pace.failed(sent)
        is_too_long = asked is not None and server.paused + asked > self._retries.longest
        if is_too_long and reply.status == 429:
            detail = f"status 429: the server asks to wait {asked:g} s before the next request"
            server.down = Unanswered(Kind.UNREACHABLE, detail, cause_of_status(429))
        if wait is None or is_too_long:
            server.lost += 1
            return False
        with pace.paused() if reply.status == 429 else contextlib.nullcontext():
            await (self._retries.sleep(wait) if asked is None else server.rest(wait, self._retries.sleep))
        return True

    def _lost(self, url: httpx.URL, error: httpx.TransportError, attempts: int, *, is_silent: bool = False) -> Unanswered:
        told, cause = str(error) or type(error).__name__, cause_of(error)
        is_down = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
        proxy = proxy_for(url) if is_down else None
        if proxy is not None and cause not in _OF_TLS:
            # Through a proxy, only the proxy gets a connection: a failure there states nothing about the registry.
            told, cause = f"the proxy {shown(proxy)}: {told}", _of_proxy(told)
        lost = Unanswered(Kind.UNREACHABLE, plain(told + (f" ({attempts} tries)" if attempts > 1 else "")), cause)
        if is_down or is_silent:
            self._servers.of(origin_of(url)).down = lost
        return lost

    async def _follow(self, request: Request) -> Reply:
        asked = request.url
        for _ in range(MAX_REDIRECTS + 1):
            reply = await self._exchange(request)
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                return reply if request.url is asked else replace(reply, url=asked, by=request.url)
            request = _redirected(request, reply.headers["location"])
        raise Unanswered(Kind.MALFORMED, f"more than {MAX_REDIRECTS} redirects")

    async def _exchange(self, request: Request) -> Reply:
        """Send one request and return its answer, once the pace allows. Raises httpx.TransportError (of its request) or
        Unanswered."""
        server = self._servers.of(origin_of(request.url))
        while True:
            await server.wait()
            async with self._at_once:
                if server.pause is not None:
                    continue
                try:
                    return await self._exchanged(request, server)
                except httpx.TransportError as error:
                    error.request = httpx.Request(request.method, request.url)
                    raise

    async def _exchanged(self, request: Request, server: ServerState) -> Reply:
        _refuse_if_down(server)  # another request may have found the server down while this one waited
        self.requests += 1
        started = asyncio.get_running_loop().time()
        transport = self._connections.take(request.url, request.ca)
        try:
            # A hashed body has no limit for the whole time: `_hashed` checks its rate.
            async with asyncio.timeout(None if request.sink is not None else self._retries.whole):
                reply = await self._ask(transport, request, server)
        except TimeoutError as error:
            await transport.aclose()
            raise self._slow(request, server) from error
        except httpx.TransportError as error:
            # httpx keeps its only connection after TLS failed behind a proxy: a retry would wait for it.
            await transport.aclose()
            if isinstance(error, httpx.TimeoutException) and server.timed_out(started):
                raise self._lost(request.url, error, 1, is_silent=True) from error
            raise
        except BaseException:
            self._connections.give(request.url, request.ca, transport)
            raise
        _LOG.debug("%s %s: %d, %d bytes", request.method, _Shown(request.url), reply.status, len(reply.body))
        self._connections.give(request.url, request.ca, transport)
        if reply.status not in {429, 503}:
            took = asyncio.get_running_loop().time() - started
            self._pace(origin_of(request.url)).accepted(took, 2 if request.sink is not None else request.priority)
        return reply

    def _slow(self, request: Request, server: ServerState) -> Unanswered:
        """Return the failure of a slow answer. It is not retried: every further image would wait as long, five times."""
        detail = f"the answer took longer than {self._retries.whole:g} s"
        if request.sink is not None:
            detail += f", and arrived at less than {SLOWEST:,} bytes a second"
        _LOG.debug("%s %s: %s", request.method, _Shown(request.url), detail)
        server.down = Unanswered(Kind.UNREACHABLE, detail, Cause.TIMEOUT)
        return Unanswered(Kind.UNREACHABLE, detail, Cause.TIMEOUT)

    async def _ask(self, transport: httpx.AsyncBaseTransport, request: Request, server: ServerState) -> Reply:
        try:
            response = await transport.handle_async_request(_as_httpx(request, self._timeouts))
        except httpx.ReadTimeout as error:
            raise _Silent(f"no answer within {self._retries.timeout:g} s") from error
        server.heard(asyncio.get_running_loop().time())
        try:
            return await _read(request, response, self._retries.whole)
        finally:
            await response.aclose()


def _of_proxy(told: str) -> Cause:
    """Return the cause of a proxy failure. httpx quotes the status line of its answer (`407 Proxy Authentication Required`)."""
    return Cause.PROXY_LOGIN if told.partition(" ")[0] == "407" else Cause.PROXY


def _refuse_if_down(server: ServerState) -> None:
    if (reason := server.down) is not None:
        raise Unanswered(reason.kind, reason.detail, reason.cause)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _as_httpx(request: Request, timeouts: dict[str, float | None]) -> httpx.Request:
    # Without "identity" a server may compress, and a small answer could expand to any size.
    headers = {"User-Agent": "airgap-auditor", "Accept": request.accept, "Accept-Encoding": "identity"}
    if request.authorization is not None:
        headers["Authorization"] = request.authorization.reveal()
    if request.part:
        headers["Range"] = request.part
    if request.form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    content = request.form or None
    return httpx.Request(request.method, request.url, headers=headers, content=content, extensions={"timeout": timeouts})


async def _read(request: Request, response: httpx.Response, whole: float) -> Reply:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _IDENTITY:
        raise Unanswered(Kind.MALFORMED, f"the answer is compressed ({plain(encoding)}), which was not requested")
    limit = request.limit if response.status_code in {200, 206} else MAX_ERROR
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what an asynchronous transport returns
    if request.sink is not None and response.status_code == 200:
        is_cut = await _hashed(request.sink, stream, request.limit, whole)
        return Reply(request.url, response.status_code, response.headers, b"", is_cut)
    parts: list[bytes] = []
    size = 0
    async for chunk in stream:
        size += len(chunk)
        parts.append(chunk)
        if size > limit:
            break
    return Reply(request.url, response.status_code, response.headers, b"".join(parts)[:limit], size > limit)


async def _hashed(sink: HashingSink, stream: httpx.AsyncByteStream, limit: int, whole: float) -> bool:
    """Hash a body of at most `limit` bytes. Return True if it is longer. Raises TimeoutError if it arrives too slowly."""
    sink.restart()
    clock = asyncio.get_running_loop().time
    started = clock()
    async for chunk in stream:
        sink.feed(chunk)
        if sink.size > limit:
            return True
        if clock() - started > whole + sink.size / SLOWEST:
            raise TimeoutError
    return False


def _redirected(request: Request, location: str) -> Request:
    try:
        target = request.url.join(location)
        origin = origin_of(target)
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: a label that IDNA does not allow
        raise Unanswered(Kind.MALFORMED, "a redirect to an invalid address") from error
    if request.allowed is not None:
        if not request.allowed(target):
            raise Unanswered(
                Kind.DENIED, f"a redirect to {plain(shown(target))} is not followed: the plan does not make that host internal"
            )
        return replace(request, url=target)
    if origin == origin_of(request.url):
        return replace(request, url=target)
    if request.form or not may_follow(request.url, target):
        raise Unanswered(
            Kind.DENIED,
            f"a redirect to {plain(shown(target))} is not followed: redirects must use TLS, and must not lead to this machine",
        )
    return replace(request, url=target, authorization=None)
