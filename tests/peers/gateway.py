"""A small HTTP server in front of a registry: it counts requests, injects faults, and can require tokens."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    authorization: str = ""
    part: str = ""  # its Range header

    @property
    def bare_path(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


@dataclass(slots=True)
class Sent:
    """An answer. `declared` replaces the Content-Length; `cut` closes the connection after so many bytes of the body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None


class Handler(BaseHTTPRequestHandler):
    """Handles one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gateway: Gateway

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def handle_one_request(self) -> None:
        """Clients that hang up are part of the test."""
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        asked = Asked(self.command, self.path, self.headers.get("Authorization", ""), self.headers.get("Range", ""))
        self.gateway.log.append(asked)
        self.gateway.answer(self, asked, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = _handle  # noqa: N815 - http.server's names

    def send(self, sent: Sent) -> None:
        """Write an answer."""
        self.send_response_only(sent.status)
        headers = {"Content-Length": str(len(sent.body)), **sent.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent.body if sent.cut is None else sent.body[: sent.cut])
        if sent.cut is not None:
            self.close_connection = True


Fault = Callable[[Handler, Sent], None]


@dataclass(slots=True)
class _Planned:
    match: str
    fault: Fault
    times: int


class Gateway:
    """Forwards to `upstream` (host:port), or answers 404 without one."""

    def __init__(self, upstream: str | None) -> None:
        self.log: list[Asked] = []
        self.answers: dict[str, Sent] = {}
        self.tokens: set[str] | None = None  # None: no token is required
        self.issued: Callable[[Asked, bytes], dict[str, object] | None] = lambda _asked, _body: None
        self.challenge = ""
        self.host = ""
        self._upstream = upstream
        self._faults: list[_Planned] = []
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Drop the connections to what is behind."""
        for connection in self._connections:
            connection.close()

    def inject(self, match: str, fault: Fault, times: int = 1) -> None:
        """Spoil the next `times` answers to paths that hold `match`."""
        self._faults.append(_Planned(match, fault, times))

    def asked(self, part: str, method: str = "") -> list[Asked]:
        """The requests whose path holds `part`."""
        return [one for one in self.log if part in one.path and method in {"", one.method}]

    def answer(self, handler: Handler, asked: Asked, body: bytes) -> None:
        """Answer one request."""
        sent = self._sent(handler, asked, body)
        for planned in self._faults:
            if planned.times and planned.match in asked.path:
                planned.times -= 1
                planned.fault(handler, sent)
                return
        handler.send(sent)

    def _sent(self, handler: Handler, asked: Asked, body: bytes) -> Sent:
        if asked.bare_path == "/token":
            given = self.issued(asked, body)
            return Sent(401, body=b"{}") if given is None else Sent(body=json.dumps(given).encode())
        if self.tokens is not None and asked.authorization.removeprefix("Bearer ") not in self.tokens:
            return Sent(401, {"WWW-Authenticate": self.challenge}, b'{"errors":[{"code":"UNAUTHORIZED"}]}')
        if asked.bare_path in self.answers:
            return self.answers[asked.bare_path]
        return self._forward(handler, asked, body) if self._upstream else Sent(404, body=b"not here")

    def _forward(self, handler: Handler, asked: Asked, body: bytes) -> Sent:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(str(self._upstream), timeout=10)
            self._connections.append(connection)
        names = ("Accept", "Content-Type", "Range")
        headers = {name: value for name in names if (value := handler.headers.get(name))}
        connection.request(asked.method, asked.path, body or None, headers)
        reply = connection.getresponse()
        data = reply.read()
        kept = {name: value for name, value in reply.getheaders() if name.lower() not in {"connection", "transfer-encoding"}}
        return Sent(reply.status, kept, data)

    def ask_for_tokens(self, *tokens: str, realm: str = "", scope: str = "") -> None:
        """Require a Bearer token from now on."""
        self.tokens = set(tokens)
        realm = realm or f"http://{self.host}/token"
        self.challenge = f'Bearer realm="{realm}",service="test"' + (f',scope="{scope}"' if scope else "")


def scope_of(asked: Asked) -> str:
    """The scope that a token request names."""
    return urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query).get("scope", [""])[0]


def basic(user: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@contextlib.contextmanager
def serve_gateway(upstream: str | None = None) -> Iterator[Gateway]:
    """Run a gateway on a free loopback port until the block ends."""
    gateway = Gateway(upstream)
    handler = type("BoundHandler", (Handler,), {"gateway": gateway})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    gateway.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
        gateway.close()
