"""One TLS handshake with an untrusted server, and messages for a failed one."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from typing import Any

from auditor.collectors.registry.failures import NO_TLS, NO_TLS_REASONS, Unanswered, cause_of
from auditor.collectors.tls.connecting import remaining
from auditor.evidence.model import Failed, Kind

CIPHERS = "ALL:@SECLEVEL=0"
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT is new in Python 3.12
_MALFORMED = {
    **dict.fromkeys(NO_TLS_REASONS, NO_TLS),
    "EXCESSIVE_MESSAGE_SIZE": "its chain is larger than OpenSSL reads (100 KiB)",
}


def open_context(ciphers: str = CIPHERS) -> ssl.SSLContext:
    """Return a client that accepts everything that OpenSSL supports. Checks evaluate later how other clients behave."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers(ciphers)
    context.options |= _LEGACY_SERVER_CONNECT
    return context


def server_name(host: str) -> str | None:
    """Return the SNI name, or None for an address: RFC 6066 allows only names."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".")
    return None


class Wire:
    """TLS over a plain socket, driven by hand: an SSL socket cannot keep one deadline for a whole handshake."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, host: str, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name(host))

    def handshake(self) -> None:
        """Complete the handshake before the deadline, however slowly the server sends. Raises OSError."""
        while not self._step():
            self._send()
            self._connection.settimeout(remaining(self._deadline))
            received = self._connection.recv(65_536)
            if received:
                self._incoming.write(received)
            else:
                self._incoming.write_eof()
        self._send()

    def send(self, data: bytes) -> None:
        """Send data after the handshake. Raises OSError."""
        self.tls.write(data)
        self._send()

    def receive(self) -> bytes:
        """Return the next data of the server, or nothing at its end. Raises OSError, also for a late alert."""
        while True:
            try:
                return self.tls.read(65_536)
            except ssl.SSLWantReadError:
                self._send()
                self._connection.settimeout(remaining(self._deadline))
                received = self._connection.recv(65_536)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()

    def served(self) -> tuple[bytes, ...]:
        """Return the served chain, DER. Python 3.13 has a method for it; before, only the object below has one."""
        tls = self.tls
        holder: Any = tls if hasattr(tls, "get_unverified_chain") else tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        found: Iterable[Any] = holder.get_unverified_chain() or ()
        return tuple(item if isinstance(item, bytes) else _der(item) for item in found)

    def _step(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _send(self) -> None:
        self._connection.settimeout(remaining(self._deadline))
        self._connection.sendall(self._outgoing.read())


def _der(certificate: Any) -> bytes:  # noqa: ANN401 - _ssl.Certificate has no public type
    return ssl.PEM_cert_to_DER_cert(certificate.public_bytes())


def explain(error: Exception) -> tuple[Kind, str]:
    """Return kind and detail for an exception of `connect` or `Wire`."""
    match error:
        case Unanswered():
            return error.kind, error.detail
        case ssl.SSLError() if error.reason in _MALFORMED:
            return Kind.MALFORMED, _MALFORMED[error.reason]
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
            return Kind.UNREACHABLE, f"it is not a valid host and port: {error}"


def failed(name: str, error: Exception, at: datetime.datetime) -> Failed:
    """Return the failed observation of the endpoint `name` (`host:port`) for an exception of `connect` or `Wire`."""
    kind, detail = explain(error)
    return Failed(kind, f"{name}: {detail}", at, f"tls://{name}", cause_of(error))


def is_refusal(error: Exception) -> bool:
    """Return whether a server refused in TLS: by an alert, or with a version that was not offered. Closing proves nothing."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError) and error.reason not in _MALFORMED


def endpoint_name(host: str, port: int) -> str:
    """Return `host:port`, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
