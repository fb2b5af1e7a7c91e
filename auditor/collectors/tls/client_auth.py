"""Find out what an endpoint does with a client that has no certificate. Only called for endpoints that ask for one."""

from __future__ import annotations

import contextlib
import re
import ssl
import time

from auditor.collectors.registry.failures import Unanswered, plain
from auditor.collectors.tls.connecting import connect
from auditor.collectors.tls.handshake import Wire, open_context
from auditor.evidence.model import ClientAuth

MAX_ANSWER = 16 * 1024
ANSWER_TIMEOUT = 3.0
_REQUEST = "GET /v2/ HTTP/1.1\r\nHost: {host}\r\nUser-Agent: airgap-auditor\r\nAccept: */*\r\nConnection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_REFUSING = {400, 403, 495, 496}  # nginx answers 400 by default; 495 and 496 are its own codes


def without_certificate(host: str, port: int, version: ssl.TLSVersion, deadline: float) -> tuple[ClientAuth, str]:
    """Return what the endpoint does in one TLS version, and its error if it refuses.

    TLS 1.3 servers refuse only after the handshake, and web servers only after a request. So one request follows, as every
    client would send it; it contains no credentials.
    """
    try:
        with connect(host, port, min(deadline, time.monotonic() + 10)) as connection:
            context = open_context()
            context.minimum_version = context.maximum_version = version
            wire = Wire(connection, context, host, min(deadline, time.monotonic() + ANSWER_TIMEOUT))
            try:
                wire.handshake()
                wire.send(_REQUEST.format(host=host).encode("ascii", "replace"))
                return _judged(_answer(wire))
            except ssl.SSLEOFError:
                return ClientAuth.ASKED, ""
            except ssl.SSLError as error:
                return ClientAuth.REQUIRED, f"TLS alert: {plain(str(error.reason or error)).lower().replace('_', ' ')}"
    except (OSError, ValueError, OverflowError, Unanswered):
        return ClientAuth.ASKED, ""


def _answer(wire: Wire) -> bytes:
    found = b""
    with contextlib.suppress(TimeoutError, ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):
        while len(found) < MAX_ANSWER and (received := wire.receive()):
            found += received
    return found


def _judged(answer: bytes) -> tuple[ClientAuth, str]:
    match = _STATUS.match(answer)
    if match is None:
        return ClientAuth.ASKED, ""
    status = int(match[1])
    if status not in _REFUSING:
        return ClientAuth.OPTIONAL, ""
    if b"certificate" in answer.lower() or status in {495, 496}:
        return ClientAuth.REQUIRED, f"HTTP {status}{_title(answer)}"
    return ClientAuth.ASKED, ""


def _title(answer: bytes) -> str:
    """Return the title of the page or the first line about certificates, with a colon before it."""
    text = answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
    lines = [
        plain(line.strip()) for line in re.sub(r"<[^<>]{0,100}>", "\n", text).splitlines() if "certificate" in line.lower()
    ]
    return f": {min(lines, key=len)[:120]}" if lines else ""
