"""Observe the chain that a TLS endpoint serves, without trusting it."""

from __future__ import annotations

import datetime
import time

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.tls.connecting import connect
from auditor.collectors.tls.every_offer import greeted
from auditor.collectors.tls.handshake import Wire, endpoint_name, failed, is_refusal, open_context
from auditor.evidence.model import ChainSeen, Failed, Kind, Observation, Seen
from auditor.evidence.store import MAX_CERTIFICATES


def _capture(host: str, port: int, timeout: float) -> ChainSeen:
    deadline = time.monotonic() + timeout
    with connect(host, port, deadline) as connection:
        wire = Wire(connection, open_context(), host, deadline)
        try:
            wire.handshake()
        except OSError as error:
            # A server that requires a client certificate refuses us only after it has sent its own.
            certificates = wire.served()
            if not certificates and not is_refusal(error):
                raise
            refusal: OSError | None = error
        else:
            certificates, refusal = wire.served(), None  # none if client and server chose a suite without authentication
        if certificates:
            return ChainSeen(certificates, wire.tls.version() or "")
    if (found := next(greeted(host, port, deadline), None)) is not None:
        return ChainSeen(found[1].certificates, found[0])
    if refusal is not None:
        raise refusal
    return ChainSeen((), "")


def observe_chain(host: str, port: int, *, timeout: float = 10.0) -> Observation[ChainSeen]:
    """Return the chain that `host:port` serves, leaf first, within `timeout` seconds (a resolver may take longer). Network and
    server errors do not raise: they become a failed observation with its kind."""
    name = endpoint_name(host, port)
    source, at = f"tls://{name}", datetime.datetime.now(datetime.UTC)
    try:
        chain = _capture(host, port, timeout)
    except (OSError, ValueError, OverflowError, Unanswered) as error:
        return failed(name, error, at)
    if not chain.certificates:
        return Failed(Kind.MALFORMED, f"{name}: it served no certificate", at, source)
    if len(chain.certificates) > MAX_CERTIFICATES:
        detail = f"it served {len(chain.certificates)} certificates, more than the limit of {MAX_CERTIFICATES}"
        return Failed(Kind.MALFORMED, f"{name}: {detail}", at, source)
    return Seen(chain, at, source)
