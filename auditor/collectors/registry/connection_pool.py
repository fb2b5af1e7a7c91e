"""Open connections: kept per server for the next request, with the trust from the plan."""

from __future__ import annotations

import os
import ssl
from collections import defaultdict
from collections.abc import Mapping

import httpx

from auditor.collectors.registry.environment import public_context
from auditor.collectors.registry.transport import make_transport
from auditor.errors import UsageError

Origin = tuple[str, str, int | None]


def origin_of(url: httpx.URL) -> Origin:
    """Return scheme, host and port: credentials must not leave them."""
    return (url.scheme, url.host, url.port)


def trust(host: str, ca: bytes, environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return a TLS context that trusts the public roots (of the environment, else certifi's) and `ca` (PEM or DER).

    Raises UsageError if either holds no certificate.
    """
    context = public_context(environment)
    if not ca:
        return context
    try:
        context.load_verify_locations(cadata=ca.decode("ascii") if b"-----BEGIN" in ca else ca)
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(f"the CA file for {host} holds no readable certificate", "Give certificates in PEM or DER.") from error
    return context


class Connections:
    """Idle transports by server. There are as many as concurrent workers; one worker uses a transport at a time."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment` may name other public roots than certifi's. Default: the environment of the process."""
        self._environment = os.environ if environment is None else environment
        self._idle: defaultdict[tuple[Origin, bytes], list[httpx.AsyncBaseTransport]] = defaultdict(list)
        self._contexts: dict[bytes, ssl.SSLContext] = {}

    def context(self, host: str, ca: bytes) -> ssl.SSLContext:
        """Return the TLS context for a host, created once per set of certificates. Raises UsageError."""
        if ca not in self._contexts:
            self._contexts[ca] = trust(host, ca, self._environment)
        return self._contexts[ca]

    def take(self, url: httpx.URL, ca: bytes) -> httpx.AsyncBaseTransport:
        """Return a transport to the server of `url` for one exchange. Return it with `give` afterwards. Raises
        httpx.ProxyError."""
        idle = self._idle[origin_of(url), ca]
        if idle:
            return idle.pop()
        context = self.context(url.host, ca) if url.scheme == "https" else None
        return make_transport(url, context, lambda: self.context("the proxy", b""))

    def give(self, url: httpx.URL, ca: bytes, transport: httpx.AsyncBaseTransport) -> None:
        """Accept a transport for reuse."""
        self._idle[origin_of(url), ca].append(transport)

    async def close(self) -> None:
        """Close all connections."""
        for idle in self._idle.values():
            for transport in idle:
                await transport.aclose()
        self._idle.clear()
