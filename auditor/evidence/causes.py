"""Why a host gave no usable answer: causes that a remedy exists for, and the host."""

from __future__ import annotations

import enum
from dataclasses import dataclass

_USUAL_PORTS = {"https": ":443", "tls": ":443", "http": ":80"}


class Cause(enum.StrEnum):
    """The cause of a failed request. Evidence stores the values, and JSON reports contain them."""

    UNKNOWN = ""  # collected by an older auditor, or no closer cause is known
    NAME = "name-not-resolved"
    REFUSED = "connection-refused"
    NO_ROUTE = "no-route"
    TIMEOUT = "timeout"
    CLOSED = "connection-closed"
    UNKNOWN_ISSUER = "tls-unknown-issuer"
    WRONG_NAME = "tls-wrong-name"
    EXPIRED = "tls-expired"
    TLS = "tls-failed"
    PLAIN_HTTP = "plain-http"
    LOGIN = "login-required"  # 401, also from the token service
    FORBIDDEN = "access-denied"  # 403
    RATE_LIMIT = "rate-limit"  # 429
    SERVER = "server-error"  # 5xx
    STATUS = "unexpected-status"
    WEB_PAGE = "web-page"  # HTML where the API returns JSON: a login portal, or another server
    PROXY = "proxy-failed"
    PROXY_LOGIN = "proxy-login-required"  # 407


@dataclass(frozen=True, slots=True)
class Fault:
    """A host that gave no usable answer. `host` is `host` or `host:port`, as plans write it; `detail` quotes the error."""

    host: str
    cause: Cause
    detail: str


def cause_of_status(status: int) -> Cause:
    """Return the cause for an HTTP status that answers nothing."""
    known = {401: Cause.LOGIN, 403: Cause.FORBIDDEN, 407: Cause.PROXY_LOGIN, 429: Cause.RATE_LIMIT}
    return known.get(status) or (Cause.SERVER if 500 <= status < 600 else Cause.STATUS)


def host_of(source: str) -> str:
    """Return the host of an observation's source (`https://HOST/…`, `tls://HOST:PORT`), or an empty string.

    The port is left out if the scheme implies it. Docker Hub is `docker.io`, as references name it.
    """
    scheme, found, rest = source.partition("://")
    if not found:
        return ""
    host = rest.partition("/")[0].lower().removesuffix(_USUAL_PORTS.get(scheme, ":"))
    return "docker.io" if host == "registry-1.docker.io" else host
