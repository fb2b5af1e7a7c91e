"""The first flight of a TLS server, read message by message (RFC 5246, RFC 6066, RFC 8446)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

MAX_FLIGHT = 512 * 1024
MAX_CERTIFICATES = 100
MAX_AUTHORITIES = 100
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446, 4.1.3
SERVER_HELLO, ENCRYPTED, CERTIFICATE, KEY_EXCHANGE, REQUEST, DONE, FINISHED, STATUS = 2, 8, 11, 12, 13, 14, 20, 22


class BadFlight(ValueError):
    """The server's bytes are not a flight of TLS."""


@dataclass(frozen=True, slots=True)
class Flight:
    """What a server sent. Numbers are those of the protocol; None means not seen.

    `is_retry`: it asks for another key share. `is_whole`: all its messages were read. `certificates` are DER, leaf first.
    `requests`: it asks for a client certificate, from one of `authorities` (DER names; none if any will do). `staple` is the
    OCSP response that it stapled.
    """

    version: int = 0
    suite: int = 0
    group: int | None = None
    share: bytes = b""
    is_retry: bool = False
    is_whole: bool = False
    certificates: tuple[bytes, ...] = ()
    requests: bool = False
    authorities: tuple[bytes, ...] = ()
    staple: bytes = b""
    extensions: dict[int, bytes] = field(default_factory=dict, repr=False)


class Cursor:
    """Reads bytes in order. Raises BadFlight if they end early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        if self._at + count > len(self._data):
            raise BadFlight("a message ends early")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, octets: int) -> int:
        """Return the next number."""
        return int.from_bytes(self.take(octets), "big")

    def vector(self, octets: int) -> bytes:
        """Return the next bytes, whose length stands before them."""
        return self.take(self.number(octets))

    @property
    def is_empty(self) -> bool:
        """Return whether all bytes were read."""
        return self._at >= len(self._data)


def read_message(flight: Flight, kind: int, body: bytes) -> Flight:
    """Return the flight with one more handshake message. Raises BadFlight."""
    cursor = Cursor(body)
    match kind:
        case 2:
            return _hello(cursor)
        case 11:
            return _certificates(flight, cursor)
        case 12:
            return _key_exchange(flight, cursor)
        case 13:
            return _request(flight, cursor)
        case 22:
            return replace(flight, staple=_status(cursor))
        case 14 | 20:
            return replace(flight, is_whole=True)
        case _:
            return flight


def _hello(cursor: Cursor) -> Flight:
    version, random = cursor.number(2), cursor.take(32)
    cursor.vector(1)
    suite = cursor.number(2)
    cursor.take(1)
    extensions = dict(_extensions(cursor.vector(2))) if not cursor.is_empty else {}
    version = int.from_bytes(extensions.get(43, b""), "big") or version
    is_retry = random == _RETRY
    group, share = None, b""
    if 51 in extensions:
        inner = Cursor(extensions[51])
        group = inner.number(2)
        share = b"" if is_retry else inner.vector(2)
    return Flight(version, suite, group, share, is_retry, extensions=extensions)


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    cursor = Cursor(data)
    while not cursor.is_empty:
        yield cursor.number(2), cursor.vector(2)


def _certificates(flight: Flight, cursor: Cursor) -> Flight:
    is_new = flight.version >= 0x0304
    if is_new:
        cursor.vector(1)
    entries, found, staple = Cursor(cursor.vector(3)), list[bytes](), flight.staple
    while not entries.is_empty and len(found) < MAX_CERTIFICATES:
        found.append(entries.vector(3))
        if is_new:
            extensions = dict(_extensions(entries.vector(2)))
            if len(found) == 1 and 5 in extensions:
                staple = _status(Cursor(extensions[5]))
    return replace(flight, certificates=tuple(found), staple=staple)


def _status(cursor: Cursor) -> bytes:
    return cursor.vector(3) if cursor.number(1) == 1 else b""


def _key_exchange(flight: Flight, cursor: Cursor) -> Flight:
    """Only ECDHE names its group: curve type 3 and the number (RFC 8422, 5.4)."""
    named = cursor.number(1) == 3
    return replace(flight, group=cursor.number(2)) if named else flight


def _request(flight: Flight, cursor: Cursor) -> Flight:
    if flight.version >= 0x0304:
        cursor.vector(1)
        data = dict(_extensions(cursor.vector(2))).get(47, b"")
        names = Cursor(data).vector(2) if data else b""
    else:
        cursor.vector(1)
        if flight.version >= 0x0303:
            cursor.vector(2)
        names = cursor.vector(2)
    found, listed = Cursor(names), list[bytes]()
    while not found.is_empty and len(listed) < MAX_AUTHORITIES:
        listed.append(found.vector(2))
    return replace(flight, requests=True, authorities=tuple(listed))
