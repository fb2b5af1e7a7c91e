"""Which host names and addresses mean this machine, in every spelling that a resolver accepts. No name is resolved."""

from __future__ import annotations

import ipaddress
import re
import string
from collections.abc import Iterator

_NAMES = frozenset({"localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"})
_DOMAINS = (".localhost", ".localdomain", ".localdomain4", ".localdomain6")
_IDNA_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-._")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_loopback(host: str) -> bool:
    """Whether clients treat a host as loopback by its usual spelling, and speak plain HTTP to it without being told to."""
    return (
        host in {"localhost", "::1", "[::1]"}
        or host.endswith(".localhost")
        or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None
    )


def is_plain_host(host: str) -> bool:
    """Whether a host is an address, or a name of letters, digits, `-`, `.` and `_` alone: no zone, no percent-encoding."""
    if ":" in host:
        return "%" not in host and _address_of(host.strip("[]")) is not None
    return bool(host) and _NAME_CHARACTERS.issuperset(host)


def is_own_machine(host: str) -> bool:
    """Whether a host means this machine, in any spelling: `127.1`, `0x7f000001`, `0.0.0.0`, `[::ffff:7f00:1]`, `localhost.`."""
    name = host.translate(_IDNA_DOTS).strip("[]").partition("%")[0].rstrip(".").lower()
    if name in _NAMES or name.endswith(_DOMAINS):
        return True
    address = _address_of(name)
    return address is not None and any(_is_own(one) for one in _embedded(address))


def _address_of(name: str) -> _Address | None:
    try:
        return ipaddress.IPv6Address(name) if ":" in name else _ipv4_of(name)
    except ValueError:
        return None


def _ipv4_of(name: str) -> ipaddress.IPv4Address | None:
    """An IPv4 address as inet_aton(3) reads it: one to four numbers, decimal, octal or hexadecimal; the last fills the rest."""
    parts = name.split(".")
    if len(parts) > 4 or not all(parts):
        return None
    numbers = [_number(part) for part in parts]
    last, rest = numbers[-1], 5 - len(numbers)
    if any(not 0 <= number < 256 for number in numbers[:-1]) or not 0 <= last < 256**rest:
        return None
    return ipaddress.IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(numbers[:-1])) + last)


def _number(part: str) -> int:
    """The number; -1 for what is none, or is too long to be a part of an address."""
    if len(part) > 32 or not part.isascii() or not part[0].isdigit():
        return -1
    base = 16 if part.startswith("0x") else 8 if part.startswith("0") else 10
    try:
        return int(part.removeprefix("0x"), base)
    except ValueError:
        return -1


def _embedded(address: _Address) -> Iterator[_Address]:
    """An address and the IPv4 address that it carries: mapped, compatible, 6to4 or NAT64."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        number = int(address)
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
        if address.sixtofour is not None:
            yield address.sixtofour
        if 1 < number < 2**32 or address in _NAT64:
            yield ipaddress.IPv4Address(number & 0xFFFFFFFF)


def _is_own(address: _Address) -> bool:
    return address.is_loopback or address.is_unspecified or (address.version == 4 and address in _THIS_NETWORK)
