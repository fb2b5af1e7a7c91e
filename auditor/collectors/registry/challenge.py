"""Parse WWW-Authenticate: the authentication that a registry requires with status 401 (RFC 9110, section 11)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from auditor.net import is_loopback, is_own_machine, is_plain_host

MAX_HEADER = 8192
# Possessive, so that a header of spaces takes linear time.
_SCHEME = re.compile(r"\s*+,?\s*+([A-Za-z][A-Za-z0-9._~+-]*+)(?=\s|$|,)\s*+")
_PARAMETER = re.compile(r'\s*+,?\s*+([A-Za-z0-9._~-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s",]++)')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate. `scheme` is in lower case. A Bearer challenge names realm, and usually service and scope."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Return all challenges of a WWW-Authenticate header. Unreadable ones are left out."""
    header = header[:MAX_HEADER]
    found: list[Challenge] = []
    position = 0
    while (match := _SCHEME.match(header, position)) is not None:
        position = match.end()
        values: dict[str, str] = {}
        while (parameter := _PARAMETER.match(header, position)) is not None:
            values.setdefault(parameter[1].lower(), _unquoted(parameter[2]))
            position = parameter.end()
        known = {key: values.get(key, "") for key in ("realm", "service", "scope")}
        found.append(Challenge(match[1].lower(), **known))
    return tuple(found)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def may_follow(asked: httpx.URL, named: httpx.URL) -> bool:
    """Return whether a server at `asked` may refer us to `named`, for a token or by a redirect.

    Only over TLS; a server on loopback may name plain HTTP on loopback. No other server may name this machine, in any spelling,
    and no host with a zone or percent-encoding gets a connection. Names are not resolved first. Over TLS, a server that holds
    no certificate for the name gets no request, such as a service on a private or loopback address to which the name points.
    Raises ValueError for a name that IDNA does not allow.
    """
    host = named.raw_host.decode("ascii", "replace")
    if named.scheme not in {"http", "https"} or not is_plain_host(host):
        return False
    if is_own_machine(named.host):
        return is_loopback(asked.host) and (named.scheme == "https" or is_loopback(host))
    return named.scheme == "https"
