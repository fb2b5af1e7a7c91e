"""Capturing what a TLS endpoint serves, without trusting it: nothing is sent, and the certificates are only kept.

Connections go straight to the endpoint; HTTP proxies are not asked.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Seen

MAX_ADDRESSES = 8
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT is new in Python 3.12
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})


def _context() -> ssl.SSLContext:
    """A client that takes everything: what weak clients would make of it is judged later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT
    return context


def _server_name(host: str) -> str | None:
    """What to send as SNI: names only, as RFC 6066 has it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".")
    return None


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first address that answers before the deadline."""
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


class _Wire:
    """TLS over a plain socket, by hand: a socket that TLS has taken over cannot keep one deadline for a whole handshake."""

    def __init__(self, connection: socket.socket, host: str, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = _context().wrap_bio(self._incoming, self._outgoing, server_hostname=_server_name(host))

    def handshake(self) -> None:
        """Shake hands before the deadline, however slowly the server sends."""
        while not self._step():
            self._send()
            self._wait()
            received = self._connection.recv(65_536)
            if received:
                self._incoming.write(received)
            else:
                self._incoming.write_eof()
        self._send()

    def _step(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _send(self) -> None:
        self._wait()
        self._connection.sendall(self._outgoing.read())

    def _wait(self) -> None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(remaining)


def _served(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """The chain as served, DER. Python 3.13 has a method for it; before, only the object below does."""
    holder: Any = tls if hasattr(tls, "get_unverified_chain") else tls._sslobj  # type: ignore[attr-defined]
    found: Iterable[Any] = holder.get_unverified_chain() or ()
    return tuple(item if isinstance(item, bytes) else _der(item) for item in found)


def _der(certificate: Any) -> bytes:  # noqa: ANN401 - _ssl.Certificate has no public type
    return ssl.PEM_cert_to_DER_cert(certificate.public_bytes())


def _capture(host: str, port: int, timeout: float) -> ChainSeen:
    deadline = time.monotonic() + timeout
    with _connect(host, port, deadline) as connection:
        wire = _Wire(connection, host, deadline)
        try:
            wire.handshake()
        except OSError:
            # A server that wants a client certificate refuses us only after it has shown its own.
            if not (certificates := _served(wire.tls)):
                raise
        else:
            certificates = _served(wire.tls)
        return ChainSeen(certificates, wire.tls.version() or "")


def observe_chain(host: str, port: int, *, timeout: float = 10.0) -> Observation[ChainSeen]:
    """What `host:port` serves as its chain, leaf first, within `timeout` seconds (a resolver may take longer). Never raises
    for what a network or a server does: a failure is an observation with its kind."""
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    source, at = f"tls://{name}", datetime.datetime.now(datetime.UTC)
    try:
        chain = _capture(host, port, timeout)
    except (OSError, ValueError, OverflowError) as error:
        kind, detail = _explain(error)
        return Failed(kind, f"{name}: {detail}", at, source)
    if not chain.certificates:
        return Failed(Kind.MALFORMED, f"{name}: it served no certificate", at, source)
    return Seen(chain, at, source)


def _explain(error: Exception) -> tuple[Kind, str]:
    match error:
        case ssl.SSLError() if error.reason in _NO_TLS:
            return Kind.MALFORMED, "it answers, but not with TLS"
        case ssl.SSLEOFError() | ConnectionResetError() | BrokenPipeError():
            return Kind.UNREACHABLE, "it closed the connection during the TLS handshake"
        case ssl.SSLError():
            return Kind.UNREACHABLE, f"the TLS handshake failed: {error.reason or error}"
        case TimeoutError():
            return Kind.UNREACHABLE, "no answer in time"
        case socket.gaierror():
            return Kind.UNREACHABLE, f"its name cannot be resolved: {error.strerror}"
        case OSError():
            return Kind.UNREACHABLE, error.strerror or str(error)
        case _:
            return Kind.UNREACHABLE, f"it is no host and port that can be asked: {error}"
