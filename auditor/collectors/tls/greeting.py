"""Send one ClientHello and read what the server answers, without completing the handshake."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.collectors.tls.client_hello import NEW, Offer, record
from auditor.collectors.tls.connecting import connect, remaining
from auditor.collectors.tls.encrypted_flight import Decrypter, Keys
from auditor.collectors.tls.server_flight import MAX_FLIGHT, SERVER_HELLO, BadFlight, Flight, read_message

ALERT, HANDSHAKE, CHANGE, DATA = 21, 22, 20, 23
_MAX_RECORD = 16_384 + 2_048


@dataclass(frozen=True, slots=True)
class ServerRefusal:
    """The server refused the offer with an alert (its number, RFC 8446, section 6), or closed the connection: None."""

    alert: int | None


def greet(host: str, port: int, offer: Offer, deadline: float, *, whole: bool = False) -> Flight | ServerRefusal:
    """Return the answer to an offer: up to the ServerHello, or `whole` up to the end of the server's flight.

    Raises OSError, Unanswered as `connect` does, and BadFlight. If only the rest of a flight is unreadable, what was read
    before is returned.
    """
    keys = Keys() if whole and NEW in offer.versions else None
    if keys is not None:
        offer = replace(offer, shares={group: key for group, key in keys.shares.items() if group in offer.groups})
    hello = offer.message()
    with connect(host, port, deadline) as connection:
        connection.settimeout(remaining(deadline))
        connection.sendall(record(hello))
        return _Answer(connection, deadline, hello, keys).read(whole=whole)


class _Answer:
    def __init__(self, connection: socket.socket, deadline: float, hello: bytes, keys: Keys | None) -> None:
        self._connection = connection
        self._deadline = deadline
        self._hello = hello
        self._keys = keys
        self._decrypter: Decrypter | None = None
        self._left = MAX_FLIGHT

    def read(self, *, whole: bool) -> Flight | ServerRefusal:
        flight: Flight | None = None
        try:
            for kind, body, message in self._messages():
                flight = read_message(flight or Flight(), kind, body)
                if kind == SERVER_HELLO and (not whole or flight.is_retry):
                    return flight
                if kind == SERVER_HELLO and flight.version >= NEW:
                    self._start(flight, message)
                if flight.is_whole:
                    return flight
        except _Alerted as alerted:
            return flight if flight is not None and flight.certificates else ServerRefusal(alerted.number)
        except (BadFlight, OSError):
            if flight is None:
                raise
        return flight if flight is not None else ServerRefusal(None)

    def _start(self, flight: Flight, message: bytes) -> None:
        if self._keys is None or flight.group is None:
            raise BadFlight("no key to decrypt the flight")
        secret = self._keys.secret(flight.group, flight.share)
        self._decrypter = Decrypter(flight.suite, secret, self._hello + message)

    def _messages(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield type, body and bytes of each handshake message. Ends when the server closes the connection."""
        pending = b""
        for kind, content in self._records():
            if kind == ALERT:
                raise _Alerted(content[1] if len(content) > 1 else 0)
            if kind != HANDSHAKE:
                continue
            pending += content
            while len(pending) >= 4 and len(pending) >= 4 + (length := int.from_bytes(pending[1:4], "big")):
                message, pending = pending[: 4 + length], pending[4 + length :]
                yield message[0], message[4:], message
            if len(pending) >= 4 and int.from_bytes(pending[1:4], "big") > MAX_FLIGHT:
                raise BadFlight("a message is too long")

    def _records(self) -> Iterator[tuple[int, bytes]]:
        while header := self._exactly(5, or_end=True):
            kind, length = header[0], int.from_bytes(header[3:5], "big")
            if kind not in {ALERT, HANDSHAKE, CHANGE, DATA} or header[1] != 3 or length > _MAX_RECORD:
                raise BadFlight("it does not answer with TLS")
            body = self._exactly(length)
            if kind == DATA and self._decrypter is not None:
                yield self._decrypter.opened(header, body)
            else:
                yield kind, body

    def _exactly(self, count: int, *, or_end: bool = False) -> bytes:
        found = b""
        while len(found) < count:
            self._connection.settimeout(remaining(self._deadline))
            try:
                received = self._connection.recv(min(65_536, count - len(found)))
            except (ConnectionResetError, BrokenPipeError):
                received = b""
            self._left -= len(received)
            if self._left < 0:
                raise BadFlight("its flight is too long")
            if not received:
                if or_end and not found:
                    return b""
                raise BadFlight("it closed the connection inside a record")
            found += received
        return found


class _Alerted(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
