"""Parse `host:port` in plans."""

from __future__ import annotations

import ipaddress
import re

from auditor.text import shown

_LABELS = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.IGNORECASE)
_HOST_PORT = re.compile(r"(?P<host>\[[^\]\s]*\]|[^:\s/]+)(?::(?P<port>\d{1,5}))?")


def split_host_port(text: str) -> tuple[str, int | None]:
    """Return host (without brackets) and port of `host:port`; the port is None if missing. Raises ValueError."""
    if "://" in text:
        raise ValueError(f"{shown(text)} is a URL: write host:port without a scheme")
    match = _HOST_PORT.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is not host:port, such as registry.plant7.local:5000")
    host, port = match["host"], match["port"]
    if host.startswith("["):
        host = _ipv6(host)
    elif _LABELS.fullmatch(host) is None:
        raise ValueError(f"{shown(host)} is not a host name")
    if port is not None and not 0 < int(port) < 65536:
        raise ValueError(f"{port} is not a port: ports are 1 to 65535")
    return host, int(port) if port is not None else None


def _ipv6(bracketed: str) -> str:
    try:
        return str(ipaddress.IPv6Address(bracketed[1:-1]))
    except ValueError as error:
        raise ValueError(f"{shown(bracketed)} is not an IPv6 address") from error
