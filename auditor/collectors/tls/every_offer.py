"""Observe endpoints with which the collector's OpenSSL has no cipher or key in common: 3DES, RC4, unusual curves.

Only the server's first flight is read, so no such cipher is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.tls.client_hello import NEW, Offer
from auditor.collectors.tls.greeting import greet
from auditor.collectors.tls.handshake import server_name
from auditor.collectors.tls.server_flight import BadFlight, Flight
from auditor.pki.tls_names import GROUPS, VERSIONS, suites


def every_offer(version: int, host: str) -> Offer:
    """Return the offer of everything that the collector knows, in one version."""
    fitting = tuple(row.number for row in suites().values() if row.is_new == (version == NEW))
    return Offer((version,), fitting, tuple(GROUPS), server_name(host) or "")


def greeted(host: str, port: int, deadline: float) -> Iterator[tuple[str, Flight]]:
    """Yield each version in which the endpoint sends its certificates, newest first, with its flight. Never raises."""
    for name, version in reversed(tuple(VERSIONS.items())):
        try:
            flight = greet(host, port, every_offer(version, host), deadline, whole=True)
        except (OSError, BadFlight, Unanswered, ValueError, OverflowError):
            continue
        if isinstance(flight, Flight) and flight.version == version and flight.certificates:
            yield name, flight
