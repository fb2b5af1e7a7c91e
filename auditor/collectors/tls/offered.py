"""Find the TLS versions and ciphers that an endpoint accepts: one handshake for each version, then one for each cipher.

OpenSSL's security level is lowered, so that very old servers are observed too. A version that this OpenSSL does not support is
not tried.
"""

from __future__ import annotations

import datetime
import ssl
import time
import warnings
from dataclasses import dataclass

from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.tls.connecting import connect
from auditor.collectors.tls.every_offer import greeted
from auditor.collectors.tls.handshake import Wire, endpoint_name, failed, is_refusal, open_context
from auditor.evidence.model import Kind, Observation, Seen, TlsOffered
from auditor.pki.tls_names import suites

MAX_CIPHERS = 64
HANDSHAKE_TIMEOUT = 10.0


def _versions() -> dict[str, ssl.SSLContext]:
    """Return a client context for each version that this OpenSSL supports, oldest first."""
    found: dict[str, ssl.SSLContext] = {}
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = open_context()
        try:
            context.minimum_version = context.maximum_version = version
        except ValueError:
            continue
        found[version.name.replace("_", ".")] = context
    return found


# Created during import: selecting an old version warns, and suppressing warnings is not thread-safe.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _CLIENTS = _versions()


@dataclass(frozen=True, slots=True)
class _Agreed:
    """A handshake that succeeded, or reached the server's certificates."""

    cipher: str


@dataclass(frozen=True, slots=True)
class _Refused:
    """The server answered, but rejected the offer."""

    error: Exception


class _Asking:
    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._host = host
        self._port = port
        self._deadline = time.monotonic() + timeout

    def offered(self) -> TlsOffered:
        """Return the accepted versions and ciphers. Raises OSError or Unanswered if a version got no answer: that is no
        refusal."""
        answers = {name: self._insistently(client) for name, client in _CLIENTS.items()}
        agreed = {name: answer.cipher for name, answer in answers.items() if isinstance(answer, _Agreed)}
        if not agreed and (rare := self._rare(tuple(answers.values()))) is not None:
            return rare
        if not agreed:
            raise self._none(tuple(answer for answer in answers.values() if isinstance(answer, _Refused)))
        newest = agreed.get("TLSv1.3", "")
        old = self._ciphers() if set(agreed) - {"TLSv1.3"} else ()
        return TlsOffered(tuple(agreed), tuple(cipher for cipher in (newest, *old) if cipher))

    def _rare(self, answers: tuple[_Agreed | _Refused, ...]) -> TlsOffered | None:
        """Return what a server accepts that only refused, if a client with other ciphers or groups would be accepted."""
        if not any(isinstance(answer, _Refused) and is_refusal(answer.error) for answer in answers):
            return None
        found = dict(greeted(self._host, self._port, self._deadline))
        if not found:
            return None
        ciphers = dict.fromkeys(suites()[flight.suite].openssl for flight in found.values() if flight.suite in suites())
        return TlsOffered(tuple(reversed(found)), tuple(ciphers))

    def _insistently(self, client: ssl.SSLContext) -> _Agreed | _Refused:
        """Return the answer. Retry if the server only closed the connection, as Windows and overloaded servers do."""
        answer = self._ask(client)
        return answer if isinstance(answer, _Agreed) or is_refusal(answer.error) else self._ask(client)

    def _ask(self, client: ssl.SSLContext) -> _Agreed | _Refused:
        """Do one handshake. Raises what `connect` raises, and TimeoutError, because silence is not a refusal."""
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
            return Unanswered(Kind.UNSUPPORTED, f"it uses TLS, but rejects everything that was offered: {asked}")
        return refusals[0].error

    def _ciphers(self) -> tuple[str, ...]:
        """Return every cipher of the versions before 1.3, the server's choice first; empty if not all could be found."""
        found: list[str] = []
        while len(found) < MAX_CIPHERS:
            without = "".join(f":!{name}" for name in found)
            try:
                client = open_context(f"ALL{without}:@SECLEVEL=0")
                client.maximum_version = ssl.TLSVersion.TLSv1_2
                answer = self._insistently(client)
            except ssl.SSLError:
                return tuple(found)  # no cipher is left to offer
            except (OSError, Unanswered):
                return ()
            if isinstance(answer, _Refused) or not answer.cipher:
                return tuple(found)
            found.append(answer.cipher)
        return ()


def observe_offered(host: str, port: int, *, timeout: float = 30.0) -> Observation[TlsOffered]:
    """Return what `host:port` accepts, within `timeout` seconds and some seventy handshakes. Network and server errors do not
    raise. For TLS 1.3, only the suite that the server chooses is found, because Python cannot offer fewer."""
    name = endpoint_name(host, port)
    source, at = f"tls://{name}", datetime.datetime.now(datetime.UTC)
    try:
        return Seen(_Asking(host, port, timeout).offered(), at, source)
    except (OSError, ValueError, OverflowError, Unanswered) as error:
        return failed(name, error, at)
