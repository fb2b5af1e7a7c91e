"""Why a registry gave no usable answer, and how to show an address safely."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator

import httpx

from auditor.evidence.causes import Cause
from auditor.evidence.model import Kind
from auditor.text import one_line

MAX_DETAIL = 300


# OpenSSL's reasons for an answer that is not TLS, as from a server that uses plain HTTP.
NO_TLS_REASONS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
NO_TLS = "it does not answer with TLS"


class Unanswered(Exception):
    """A request without a usable answer. It becomes `Failed` evidence and never reaches a user as an exception."""

    def __init__(self, kind: Kind, detail: str, cause: Cause = Cause.UNKNOWN) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.cause = cause


# OpenSSL's X509_V_ERR_… numbers (x509_vfy.h).
_NO_ISSUER = frozenset({2, 18, 19, 20, 21})
_DATES = frozenset({9, 10})
_NAMES = frozenset({62, 63, 64})
_ERRNOS = {
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ENETUNREACH: Cause.NO_ROUTE,
    errno.EHOSTUNREACH: Cause.NO_ROUTE,
    errno.ETIMEDOUT: Cause.TIMEOUT,
    errno.ECONNRESET: Cause.CLOSED,
    errno.EPIPE: Cause.CLOSED,
}
# asyncio and anyio join the errors of several addresses in one text.
_ERRNO_IN_TEXT = re.compile(r"\[Errno (\d{1,4})\]")
_MOST_LINKS = 20


def cause_of(error: BaseException) -> Cause:
    """Return why an exchange failed, from the exception or its causes: the most specific cause among them."""
    found = [_cause(link) for link in _links(error)]
    known = [cause for cause in found if cause is not Cause.UNKNOWN]
    return known[-1] if known else Cause.UNKNOWN


def _links(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes, outermost first; of a group, its first member."""
    for _ in range(_MOST_LINKS):
        if error is None:
            return
        yield error
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        error = inner or error.__cause__ or error.__context__


def _cause(error: BaseException) -> Cause:  # noqa: PLR0911 - one line for each kind of exception
    match error:
        case Unanswered():
            return error.cause
        case httpx.ProxyError():
            return Cause.PROXY
        case ssl.SSLCertVerificationError():
            return _of_verification(error.verify_code)
        case (
            ssl.SSLEOFError() | ssl.SSLZeroReturnError() | httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError()
        ):
            return Cause.CLOSED
        case ssl.SSLError():
            return Cause.PLAIN_HTTP if error.reason in NO_TLS_REASONS else Cause.TLS
        case socket.gaierror():
            return Cause.NAME
        case TimeoutError() | httpx.TimeoutException():
            return Cause.TIMEOUT
        case OSError():
            numbers = {error.errno} if error.errno else {int(number) for number in _ERRNO_IN_TEXT.findall(str(error))}
            causes = {_ERRNOS.get(number, Cause.UNKNOWN) for number in numbers}
            return causes.pop() if len(causes) == 1 else Cause.UNKNOWN
        case _:
            return Cause.UNKNOWN


def _of_verification(code: int) -> Cause:
    if code in _NO_ISSUER:
        return Cause.UNKNOWN_ISSUER
    return Cause.EXPIRED if code in _DATES else Cause.WRONG_NAME if code in _NAMES else Cause.TLS


def shown(url: httpx.URL | str) -> str:
    """Return an address without possible secrets: no user, no query (signed links), no fragment."""
    parsed = httpx.URL(url)
    _ = parsed.host  # raises ValueError for a label that IDNA does not allow
    try:
        # The path stays encoded: decoded, it may hold characters that a URL must not have.
        return str(parsed.copy_with(userinfo=b"", raw_path=parsed.raw_path.partition(b"?")[0], fragment=None))
    except httpx.InvalidURL:
        return f"{parsed.scheme}://{parsed.raw_host.decode('ascii', 'replace')}"


def plain(text: str) -> str:
    """Return external text for a message: one line, no control characters, limited length."""
    return one_line(text, MAX_DETAIL)
