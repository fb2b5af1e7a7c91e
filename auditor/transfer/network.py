"""Which hosts stay reachable with the cable cut, and what a URL would dial."""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
# What fetches charts, files and sources speaks more than what fetches layers; oci:// is a registry.
_FETCHED = _PORTS | {"oci": 443, "ftp": 21, "ftps": 990, "git": 9418, "ssh": 22, "git+ssh": 22, "git+https": 443}
_FETCHED |= {"hkp": 11371, "hkps": 443}
_SPOKEN = {"oci": "https", "git+https": "https", "git+ssh": "ssh"}
_AT_HOST = re.compile(r"[\w.-]+@([\w.-]+):(?!//).+")


@dataclass(frozen=True, slots=True)
class Dial:
    """A host, port and scheme that something would connect to."""

    host: str
    port: int
    scheme: str


def dial_of(url: str) -> Dial | None:
    """What fetching `url` would dial; None when it is no http(s) URL, which no runtime fetches."""
    return _dial(url, _PORTS)


def fetch_dial(url: str) -> Dial | None:
    """What a program that fetches charts, files or sources would dial for a URL, or for Git's `user@host:path`; None if that
    cannot be told."""
    if (found := _AT_HOST.fullmatch(url)) is not None:
        return Dial(found[1], _FETCHED["ssh"], "ssh")
    return _dial(url, _FETCHED)


def _dial(url: str, ports: Mapping[str, int]) -> Dial | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in ports or not host:
        return None
    return Dial(host.rstrip(".") or host, port or ports[scheme], _SPOKEN.get(scheme, scheme))


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
