"""Which TLS versions and ciphers an endpoint agrees to: one handshake for each version, then one for each cipher.

OpenSSL's own security level is lowered, so that servers of long ago are seen too. A version that this OpenSSL cannot speak at
all is not asked for.
"""

from __future__ import annotations

import datetime
import ssl
import time
import warnings
from dataclasses import dataclass

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.tls.connecting import connect
from auditor.collectors.tls.handshake import Wire, endpoint_name, failed, is_refusal, open_context
from auditor.evidence.model import Kind, Observation, Seen, TlsOffered

MAX_CIPHERS = 64
HANDSHAKE_TIMEOUT = 10.0


def _versions() -> dict[str, ssl.SSLContext]:
    """A client for each version that this OpenSSL speaks, oldest first."""
    found: dict[str, ssl.SSLContext] = {}
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = open_context()
        try:
            context.minimum_version = context.maximum_version = version
        except ValueError:
            continue
        found[version.name.replace("_", ".")] = context
    return found


# Made while importing: naming an old version warns, and silencing that is not safe in the threads that ask.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _CLIENTS = _versions()


@dataclass(frozen=True, slots=True)
class _Agreed:
    """A handshake that worked, or came as far as the server's certificates."""

    cipher: str


@dataclass(frozen=True, slots=True)
class _Refused:
    """The server answered, and not with what was offered."""

    error: Exception


class _Asking:
    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._host = host
        self._port = port
        self._deadline = time.monotonic() + timeout

    def offered(self) -> TlsOffered:
        """Raises OSError or Unanswered where the answer cannot be had: a version that nobody answered for is not refused."""
        answers = {name: self._insistently(client) for name, client in _CLIENTS.items()}
        agreed = {name: answer.cipher for name, answer in answers.items() if isinstance(answer, _Agreed)}
        if not agreed:
            raise self._none(tuple(answer for answer in answers.values() if isinstance(answer, _Refused)))
        newest = agreed.get("TLSv1.3", "")
        old = self._ciphers() if set(agreed) - {"TLSv1.3"} else ()
        return TlsOffered(tuple(agreed), tuple(cipher for cipher in (newest, *old) if cipher))

    def _insistently(self, client: ssl.SSLContext) -> _Agreed | _Refused:
        """The answer; asked again where the server only hung up, as Windows does, and an overloaded one too."""
        answer = self._ask(client)
        return answer if isinstance(answer, _Agreed) or is_refusal(answer.error) else self._ask(client)

    def _ask(self, client: ssl.SSLContext) -> _Agreed | _Refused:
        """One handshake. Raises what `connect` does, and TimeoutError: silence is no refusal."""
        deadline = min(self._deadline, time.monotonic() + HANDSHAKE_TIMEOUT)
        with connect(self._host, self._port, deadline) as connection:
            wire = Wire(connection, client, self._host, deadline)
            try:
                wire.handshake()
            except TimeoutError:
                raise
            except OSError as error:
                if not wire.served():
                    return _Refused(error)
            cipher = wire.tls.cipher()
            return _Agreed(cipher[0] if cipher else "")

    def _none(self, refusals: tuple[_Refused, ...]) -> Exception:
        if any(is_refusal(refusal.error) for refusal in refusals):
            asked = ", ".join(_CLIENTS)
            return Unanswered(Kind.UNSUPPORTED, f"it speaks TLS, but agrees to nothing that was offered: {asked}")
        return refusals[0].error

    def _ciphers(self) -> tuple[str, ...]:
        """Every cipher of the versions before 1.3, the server's choice first; none when they could not all be found."""
        found: list[str] = []
        while len(found) < MAX_CIPHERS:
            without = "".join(f":!{name}" for name in found)
            try:
                client = open_context(f"ALL{without}:@SECLEVEL=0")
                client.maximum_version = ssl.TLSVersion.TLSv1_2
                answer = self._insistently(client)
            except ssl.SSLError:
                return tuple(found)  # nothing is left to offer
            except (OSError, Unanswered):
                return ()
            if isinstance(answer, _Refused) or not answer.cipher:
                return tuple(found)
            found.append(answer.cipher)
        return ()


def observe_offered(host: str, port: int, *, timeout: float = 30.0) -> Observation[TlsOffered]:
    """What `host:port` agrees to, within `timeout` seconds and some seventy handshakes. Never raises for what a network or a
    server does. Of TLS 1.3 only the suite that the server chooses is found, as Python cannot offer fewer."""
    name = endpoint_name(host, port)
    source, at = f"tls://{name}", datetime.datetime.now(datetime.UTC)
    try:
        return Seen(_Asking(host, port, timeout).offered(), at, source)
    except (OSError, ValueError, OverflowError, Unanswered) as error:
        return failed(name, error, at)
