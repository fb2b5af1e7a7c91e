"""Which hosts stay reachable with the cable cut, and what a URL would dial."""

from __future__ import annotations

import fnmatch
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Dial:
    """A host, port and scheme that something would connect to."""

    host: str
    port: int
    scheme: str


def dial_of(url: str) -> Dial | None:
    """What fetching `url` would dial; None when it is no http(s) URL, which no runtime fetches."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host:
        return None
    return Dial(host.rstrip(".") or host, port or _PORTS[scheme], scheme)


def _covers(pattern: str, host: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        return fnmatch.fnmatchcase(host.lower(), pattern.lower())
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False  # a name: the plan lists networks by address, and no resolver is asked here


def is_reachable(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether a host name or address lies in one of the plan's `network.reachable` globs or networks."""
    return any(_covers(pattern, host) for pattern in patterns)


def is_malformed(url: str) -> bool:
    """Whether a URL means to be http(s) and cannot be understood. A runtime may read it otherwise than we do."""
    if url.partition(":")[0].strip().lower() not in _PORTS:
        return False
    return dial_of(url) is None
