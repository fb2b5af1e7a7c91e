"""Whether a certificate covers a host, by RFC 6125 and the behaviour of current clients.

A wildcard stands for exactly one left-most label. Only an iPAddress covers an address. Whether the common name counts if there
is no alternative name depends on the client (`auditor.pki.path_rules`).
"""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass

from auditor.pki.certificate import Certificate
from auditor.text import listed

SHOWN = 8


class NameFlaw(enum.StrEnum):
    """Why a host is not covered."""

    NOT_COVERED = "not-covered"
    COMMON_NAME_ONLY = "common-name-only"
    NO_NAMES = "no-names"


@dataclass(frozen=True, slots=True)
class NameMismatch:
    """A host that a certificate does not cover, and the names in the certificate."""

    flaw: NameFlaw
    host: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        match self.flaw:
            case NameFlaw.NOT_COVERED:
                return f"it is valid for {listed(self.names, SHOWN)}, not for {self.host}"
            case NameFlaw.COMMON_NAME_ONLY:
                return f"{self.host} is only in its common name, which Go ignores"
            case NameFlaw.NO_NAMES:
                return "it has no subject alternative name"


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the host as an address (brackets allowed), or None if it is a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def canonical(name: str) -> str:
    """Return a name for comparison: lower case, without a trailing dot, international labels as `xn--` labels."""
    lowered = name.rstrip(".").lower()
    if lowered.isascii():
        return lowered
    try:
        return lowered.encode("idna").decode("ascii")
    except UnicodeError:
        return lowered


def covers(pattern: str, host: str) -> bool:
    """Return whether a dNSName covers a canonical host."""
    wanted = canonical(pattern)
    if not pattern.isascii():
        return False  # a dNSName is ASCII; international labels are `xn--` labels
    if wanted == host:
        return bool(host)
    label, dot, parent = host.partition(".")
    return bool(label and dot and parent) and wanted == f"*.{parent}"


def only_by_short_wildcard(certificate: Certificate, host: str) -> str:
    """Return the wildcard of two labels, such as `*.local`, that alone covers a host; empty if another name covers it."""
    wanted = canonical(host)
    if as_address(host) is not None:
        return ""
    found = [pattern for pattern in certificate.extensions.dns_names if covers(pattern, wanted)]
    return found[0] if found and all(pattern[:2] == "*." and pattern.rstrip(".").count(".") == 1 for pattern in found) else ""


def mismatch(certificate: Certificate, host: str) -> NameMismatch | None:
    """Return why the certificate does not cover the host, or None if it does."""
    extensions, address, wanted = certificate.extensions, as_address(host), canonical(host)
    if address is not None:
        covered = str(address) in extensions.ip_addresses
    else:
        covered = any(covers(pattern, wanted) for pattern in extensions.dns_names)
    if covered:
        return None
    names = extensions.dns_names + extensions.ip_addresses
    if names:
        return NameMismatch(NameFlaw.NOT_COVERED, host, names)
    is_common = certificate.common_name == str(address) if address is not None else covers(certificate.common_name, wanted)
    return NameMismatch(NameFlaw.COMMON_NAME_ONLY if is_common else NameFlaw.NO_NAMES, host, ())
