"""Connect to an endpoint before a deadline: directly, or through the HTTP proxy that the environment names."""

from __future__ import annotations

import base64
import re
import socket
import time

import httpx

from auditor.collectors.registry.environment import proxy_for
from auditor.collectors.registry.failures import Unanswered, plain, shown
from auditor.evidence.causes import Cause
from auditor.evidence.model import Kind

MAX_ADDRESSES = 8
MAX_HEAD = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})([^\r\n]*)")


def connect(host: str, port: int, deadline: float) -> socket.socket:
    """Return a connection to `host:port`. `deadline` is on the monotonic clock.

    Raises OSError if no host answers, Unanswered if the proxy refuses, ValueError and OverflowError for an invalid host or
    port. HTTPS_PROXY, ALL_PROXY and NO_PROXY apply as they do for registries.
    """
    try:
        url = httpx.URL(scheme="https", host=host, port=port)
        proxy = proxy_for(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    if proxy is None:
        return _dial(host, port, deadline)
    return _through(_address(proxy), url, port, deadline)


def _dial(host: str, port: int, deadline: float) -> socket.socket:
    """Return a connection to the first address that answers before the deadline."""
    failure: OSError = TimeoutError("timed out")
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in addresses[:MAX_ADDRESSES]:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(remaining)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _address(proxy: str) -> httpx.URL:
    try:
        url = httpx.URL(proxy)
        name = shown(url)
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: a label that IDNA does not allow
        raise Unanswered(Kind.UNSUPPORTED, "the proxy of the environment has an invalid address", Cause.PROXY) from error
    if url.scheme != "http" or not url.host:
        detail = f"TLS endpoints support only http:// proxies, not {name}"
        raise Unanswered(Kind.UNSUPPORTED, detail, Cause.PROXY)
    return url


def _through(proxy: httpx.URL, target: httpx.URL, port: int, deadline: float) -> socket.socket:
    """Return a tunnel made by CONNECT (RFC 9110, section 9.3.6)."""
    name = shown(proxy)
    try:
        connection = _dial(proxy.host, proxy.port or 80, deadline)
    except OSError as error:
        detail = f"the proxy {name} does not answer: {error.strerror or error}"
        raise Unanswered(Kind.UNREACHABLE, detail, Cause.PROXY) from error
    try:
        connection.sendall(_request(proxy, target, port))
        status, words = _answer(connection, deadline)
    except OSError as error:
        connection.close()
        detail = f"the proxy {name} gave no answer: {error.strerror or error}"
        raise Unanswered(Kind.UNREACHABLE, detail, Cause.PROXY) from error
    if 200 <= status < 300:
        return connection
    connection.close()
    if not status:
        raise Unanswered(Kind.MALFORMED, f"the proxy {name} does not answer like a proxy", Cause.PROXY)
    kind = Kind.DENIED if status in {401, 403, 407} else Kind.UNREACHABLE
    cause = Cause.PROXY_LOGIN if status == 407 else Cause.PROXY
    raise Unanswered(kind, f"the proxy {name} refuses the connection: {plain(f'{status}{words}')}", cause)


def _request(proxy: httpx.URL, target: httpx.URL, port: int) -> bytes:
    host = target.raw_host.decode("ascii")
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", "User-Agent: airgap-auditor"]
    if proxy.userinfo:
        login = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {login}")
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _answer(connection: socket.socket, deadline: float) -> tuple[int, str]:
    """Return status and reason of the proxy's answer; status 0 if it is invalid. The endpoint sends nothing before us."""
    head = b""
    while b"\r\n\r\n" not in head:
        connection.settimeout(remaining(deadline))
        received = connection.recv(4096)
        head += received
        if not received or len(head) > MAX_HEAD:
            return 0, ""
    match = _STATUS.match(head)
    return (int(match[1]), match[2].decode("latin-1")) if match else (0, "")


def remaining(deadline: float) -> float:
    """Return the seconds until a deadline. Raises TimeoutError if it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
