"""`host:port` as plans write it."""

from __future__ import annotations

import ipaddress
import re

from auditor.text import shown

_LABELS = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.IGNORECASE)
_HOST_PORT = re.compile(r"(?P<host>\[[^\]\s]*\]|[^:\s/]+)(?::(?P<port>\d{1,5}))?")


def split_host_port(text: str) -> tuple[str, int | None]:
    """`host:port` as host (without brackets) and port, None when there is none. Raises ValueError."""
    if "://" in text:
        raise ValueError(f"{shown(text)} is a URL: write host:port without a scheme")
    match = _HOST_PORT.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is no host:port, such as registry.plant7.local:5000")
    host, port = match["host"], match["port"]
    if host.startswith("["):
        host = _ipv6(host)
    elif _LABELS.fullmatch(host) is None:
        raise ValueError(f"{shown(host)} is no host name")
    if port is not None and not 0 < int(port) < 65536:
        raise ValueError(f"{port} is no port: ports go from 1 to 65535")
    return host, int(port) if port is not None else None


def _ipv6(bracketed: str) -> str:
    try:
        return str(ipaddress.IPv6Address(bracketed[1:-1]))
    except ValueError as error:
        raise ValueError(f"{shown(bracketed)} is no IPv6 address") from error
