"""Find the cipher suites and groups that an endpoint accepts, whether it asks for a client certificate, and what it staples.

Each probe is one ClientHello; what the server chose is left out of the next one. No handshake is completed, except to find out
what happens without a client certificate.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.tls.client_auth import without_certificate
from auditor.collectors.tls.client_hello import NEW, Offer
from auditor.collectors.tls.greeting import ServerRefusal, greet
from auditor.collectors.tls.handshake import server_name
from auditor.collectors.tls.server_flight import BadFlight, Flight
from auditor.evidence.model import ClientAuth, Handshakes, Observation, Seen, TlsOffered
from auditor.pki.der_names import name_text
from auditor.pki.tls_names import GROUPS, suites

MAX_PROBES = 120
MAX_STAPLE = 32 * 1024
OLD = 0x0303
_UNREADABLE = (OSError, BadFlight, Unanswered, ValueError, OverflowError)
_ECDSA_ALSO_NEEDS = "ECDSA"  # OpenSSL's server uses an ECDSA key in TLS 1.2 only if its curve is offered as a group


@dataclass(frozen=True, slots=True)
class _Found:
    """Numbers in the order of discovery, and whether the last probe was refused, so that there are no others."""

    numbers: tuple[int, ...] = ()
    is_all: bool = False


class _Probes:
    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._host = host
        self._port = port
        self._name = server_name(host) or ""
        self._deadline = time.monotonic() + timeout
        self._left = MAX_PROBES

    def observed(self) -> Handshakes:
        """Return what was found. What could not be read is left out, with its flag `all_…` false."""
        old = self._each(OLD, _old_suites(), lambda flight: flight.suite, vary_suites=True)
        new = self._each(NEW, _new_suites(), lambda flight: flight.suite, vary_suites=True)
        exchanging = tuple(one for one in old.numbers if suites()[one].exchange == "ECDHE")
        old_groups = self._each(OLD, exchanging, _group, whole=True) if exchanging else _Found(is_all=old.is_all)
        new_groups = self._each(NEW, _new_suites(), _group) if new.numbers else _Found(is_all=new.is_all)
        by_ecdsa = any(suites()[one].signs_with == _ECDSA_ALSO_NEEDS for one in exchanging)
        flights = tuple(flight for version in (NEW, OLD) if (flight := self._whole(version, new if version == NEW else old)))
        auth, refusal = self._client_auth(flights)
        asking = next((flight for flight in flights if flight.requests), Flight())
        staple = next((flight.staple for flight in flights if flight.staple), b"")
        return Handshakes(
            old_suites=_suite_names(old),
            new_suites=_suite_names(new),
            old_groups=_group_names(old_groups),
            new_groups=_group_names(new_groups),
            all_old_suites=old.is_all,
            all_new_suites=new.is_all,
            all_old_groups=old_groups.is_all and not by_ecdsa,
            all_new_groups=new_groups.is_all,
            client_auth=auth,
            authorities=tuple(filter(None, map(name_text, asking.authorities))),
            refusal=refusal,
            staple=staple if len(staple) <= MAX_STAPLE else b"",
            staple_known=bool(flights) and len(staple) <= MAX_STAPLE,
        )

    def _ask(self, offer: Offer, *, whole: bool = False) -> Flight | ServerRefusal:
        """Return the answer. Ask again if the server only closed the connection, as overloaded servers do."""
        answer: Flight | ServerRefusal = ServerRefusal(None)
        for _ in range(2):
            self._left -= 1
            if self._left < 0:
                raise TimeoutError("too many probes")
            answer = greet(self._host, self._port, offer, self._deadline, whole=whole)
            if not isinstance(answer, ServerRefusal) or answer.alert is not None:
                break
        return answer

    def _each(
        self,
        version: int,
        offered: tuple[int, ...],
        chosen: Callable[[Flight], int | None],
        *,
        vary_suites: bool = False,
        whole: bool = False,
    ) -> _Found:
        """Return every suite, or every group, that the server chooses if those before are not offered."""
        rest, found = (offered if vary_suites else tuple(GROUPS)), list[int]()
        while rest:
            offer = Offer((version,), rest if vary_suites else offered, tuple(GROUPS) if vary_suites else rest, self._name)
            try:
                answer = self._ask(offer, whole=whole)
            except _UNREADABLE:
                return _Found(tuple(found))
            if isinstance(answer, ServerRefusal):
                return _Found(tuple(found), is_all=True)
            number = chosen(answer) if (answer.version >= NEW) == (version == NEW) else None
            if number not in rest:
                return _Found(tuple(found), is_all=number is None and answer.is_whole)
            found.append(number)
            rest = tuple(one for one in rest if one != number)
        return _Found(tuple(found), is_all=True)

    def _whole(self, version: int, found: _Found) -> Flight | None:
        """Return the whole flight of the server in a version, or None if it does not support it, or cannot be read."""
        if not found.numbers:
            return None
        try:
            answer = self._ask(Offer((version,), found.numbers, tuple(GROUPS), self._name), whole=True)
        except _UNREADABLE:
            return None
        return answer if isinstance(answer, Flight) and answer.is_whole else None

    def _client_auth(self, flights: tuple[Flight, ...]) -> tuple[ClientAuth, str]:
        if not flights:
            return ClientAuth.UNKNOWN, ""
        results = [
            without_certificate(self._host, self._port, _python_version(flight.version), self._deadline)
            for flight in flights
            if flight.requests
        ]
        worst = (ClientAuth.REQUIRED, ClientAuth.ASKED, ClientAuth.OPTIONAL)
        return next((result for auth in worst for result in results if result[0] is auth), (ClientAuth.NONE, ""))


def _python_version(version: int) -> ssl.TLSVersion:
    return ssl.TLSVersion(version)


def _old_suites() -> tuple[int, ...]:
    """Return the suites of TLS 1.2 and older, those with forward secrecy first, as clients offer them."""
    old = [row for row in suites().values() if not row.is_new]
    return tuple(row.number for row in sorted(old, key=lambda row: (row.exchange != "ECDHE", row.exchange != "DHE")))


def _new_suites() -> tuple[int, ...]:
    return tuple(row.number for row in suites().values() if row.is_new)


def _group(flight: Flight) -> int | None:
    return flight.group


def _suite_names(found: _Found) -> tuple[str, ...]:
    return tuple(suites()[number].name for number in found.numbers)


def _group_names(found: _Found) -> tuple[str, ...]:
    return tuple(GROUPS[number] for number in found.numbers)


def observe_handshakes(host: str, port: int, *, timeout: float = 30.0) -> Handshakes:
    """Return what `host:port` accepts and asks for in handshakes, within `timeout` seconds. Never raises for the network."""
    return _Probes(host, port, timeout).observed()


def with_handshakes(offered: Observation[TlsOffered], host: str, port: int, *, timeout: float) -> Observation[TlsOffered]:
    """Return the observed offer with its handshakes. A failed observation is returned as it is."""
    if not isinstance(offered, Seen):
        return offered
    found = observe_handshakes(host, port, timeout=timeout)
    versions = offered.value.versions
    if found.new_suites and "TLSv1.3" not in versions:  # with suites that Python does not offer
        versions = (*versions, "TLSv1.3")
    return Seen(replace(offered.value, versions=versions, handshakes=found), offered.at, offered.source)
