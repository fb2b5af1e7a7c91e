"""The only rule for internal and external hosts, and the connections that something opens to them.

`Reach` decides by the host alone: `network.reachable` has no ports. All spellings of a host get the same answer. No name is
resolved.
"""

from __future__ import annotations

import enum
import fnmatch
import ipaddress
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from auditor.connection_kinds import ConnectionKind as ConnectionKind  # noqa: PLC0414 - part of what a connection is

_PORTS = {"http": 80, "https": 443}
# Programs that fetch charts, files and sources use more schemes than runtimes that pull layers. `oci://` is a registry.
_FETCHED = _PORTS | {"oci": 443, "ftp": 21, "ftps": 990, "git": 9418, "ssh": 22, "git+ssh": 22, "git+https": 443}
_FETCHED |= {"hkp": 11371, "hkps": 443}
_SPOKEN = {"oci": "https", "git+https": "https", "git+ssh": "ssh"}
_AT_HOST = re.compile(r"[\w.-]+@([\w.-]+):(?!//).+")
_FILE_SHARES = ("file:", "\\\\")

_NAMES = frozenset({"localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"})
_DOMAINS = (".localhost", ".localdomain", ".localdomain4", ".localdomain6")
_CLUSTER = (".svc", ".cluster.local")
_IDNA_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-._")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
_SMALL = 2**24  # addresses in 127.0.0.0/8
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Scope(enum.StrEnum):
    """On which side of the air gap a host is."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    UNKNOWN = "unknown"  # the host is not fully known: it has a variable or a template, or is no host name


@dataclass(frozen=True, slots=True)
class Remote:
    """The host, port and scheme that a client connects to."""

    host: str
    port: int
    scheme: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that `who` (a client on a pool, a script, a controller) opens to `remote`, and `why`.

    `when_blocked` says what happens if the connection fails. A check declares the kinds that it reports.
    """

    remote: Remote
    who: str
    why: str
    when_blocked: str
    kind: ConnectionKind


class Reach:
    """Decides whether a host is internal.

    A host is internal if it matches a pattern or network of `reachable`, if it is one of the plan's `own` hosts, or if it is
    a name inside a cluster (`*.svc`, `*.cluster.local`). Loopback is internal only if the plan declares it: on a node it is
    another machine than where the plan was written.
    """

    def __init__(self, reachable: Iterable[str] = (), own: Iterable[str] = ()) -> None:
        """`own` are hosts with or without port: registries and endpoints of the plan."""
        self._named = {canonical(host) for host in own}
        self._networks: list[_Network] = []
        self._globs: list[re.Pattern[str]] = []
        for pattern in reachable:
            if (network := _network_of(pattern)) is not None:
                self._networks.append(network)
            elif any(character in pattern for character in "*?["):
                self._globs.append(re.compile(fnmatch.translate(pattern.lower().rstrip("."))))
            else:
                self._named.add(canonical(pattern))
        self._answers: dict[str, Scope] = {}

    def of(self, host: str) -> Scope:
        """Return the scope of a host: a name or an address in any spelling, with or without port and brackets."""
        if host not in self._answers:
            self._answers[host] = self._decide(host)
        return self._answers[host]

    def of_url(self, url: str) -> Scope:
        """Return the scope of a URL's host. File shares are internal: SMB does not cross an air gap."""
        if url.lower().startswith(_FILE_SHARES):
            return Scope.INTERNAL
        remote = fetch_remote(url)
        return self.of(remote.host) if remote is not None else Scope.UNKNOWN

    def declares(self, host: str) -> bool:
        """Whether the plan itself makes a host internal.

        It does not for a host that is internal only because every machine or cluster has one of that name. What such a host
        serves is not known.
        """
        name = canonical(host)
        return is_complete(name) and self._covers(name)

    def names(self, host: str) -> bool:
        """Whether the plan names this host itself or a small network that has it: no glob, and no more than a 127.0.0.0/8."""
        name = canonical(host)
        address = _address_of(name)
        if name in self._named or address is None:
            return name in self._named
        return any(address in network and network.num_addresses <= _SMALL for network in self._networks)

    def _decide(self, host: str) -> Scope:
        name = canonical(host)
        if not is_complete(name):
            return Scope.UNKNOWN
        is_internal = self._covers(name) or name.endswith(_CLUSTER)
        return Scope.INTERNAL if is_internal else Scope.EXTERNAL

    def _covers(self, name: str) -> bool:
        if name in self._named or any(glob.match(name) for glob in self._globs):
            return True
        address = _address_of(name) if self._networks else None
        return address is not None and any(address in network for network in self._networks)


def remote_of(url: str) -> Remote | None:
    """Return what a client connects to for an http(s) URL. None for any other URL: no runtime fetches it."""
    return _remote(url, _PORTS)


def fetch_remote(url: str) -> Remote | None:
    """Return what a program that fetches charts, files or sources connects to for a URL or for Git's `user@host:path`.

    None if that is unknown.
    """
    if (found := _AT_HOST.fullmatch(url)) is not None:
        return Remote(found[1], _FETCHED["ssh"], "ssh")
    return _remote(url, _FETCHED)


def _remote(url: str, ports: Mapping[str, int]) -> Remote | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in ports or not host:
        return None
    return Remote(host.rstrip(".") or host, port or ports[scheme], _SPOKEN.get(scheme, scheme))


def is_malformed(url: str) -> bool:
    """Whether a URL has the scheme http or https and cannot be parsed. A runtime may parse it in another way."""
    return url.partition(":")[0].strip().lower() in _PORTS and remote_of(url) is None


def covers(pattern: str, host: str) -> bool:
    """Whether a pattern or network, written as in `network.reachable`, covers a host."""
    return Reach((pattern,)).declares(host)


def bare(host: str) -> str:
    """Return a host without port and brackets: `registry:5000` and `[::1]:5000` become `registry` and `::1`.

    Brackets around anything but an IPv6 address stay: that is no host.
    """
    if host.startswith("["):
        inner, closed, _ = host[1:].partition("]")
        return inner if closed and isinstance(_address_of(inner.partition("%")[0]), ipaddress.IPv6Address) else host
    name, colon, port = host.rpartition(":")
    return name if colon and ":" not in name and port.isdigit() else host


def authority(host: str, scheme: str = "https") -> tuple[str, int]:
    """Return the canonical host and the port; the port of `scheme` if the host has none."""
    rest = host[host.rindex("]") + 1 :] if "]" in host else host[len(bare(host)) :]
    port = rest.removeprefix(":")
    return canonical(host), int(port) if port.isdigit() and len(port) <= 5 else _PORTS.get(scheme, 0)


@lru_cache(maxsize=4096)
def canonical(host: str) -> str:
    """Return the one spelling of a host, with or without port, that all of its spellings share.

    Names are lower-case ASCII (IDNA) without a trailing dot. Addresses are without brackets and zone, in their shortest
    form; an IPv4-mapped IPv6 address becomes the IPv4 address. What is no host stays as it is.
    """
    name = _trimmed(bare(_trimmed(host))).lower()
    if not name.isascii():
        name = _ascii(name)
    address = _address_of(name.partition("%")[0] if ":" in name else name)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return name if address is None else str(address)


def _trimmed(host: str) -> str:
    """Without spaces around it and dots behind it, in any order."""
    return host.translate(_IDNA_DOTS).lstrip().rstrip(f".{string.whitespace}").strip()


def _ascii(name: str) -> str:
    import idna  # noqa: PLC0415 - its tables take longer to load than most audits need: few hosts are not ASCII

    try:
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return name


def is_complete(name: str) -> bool:
    """Whether a canonical host is fully known: an address, or a name without variables, templates and empty labels."""
    if ":" in name:
        return _address_of(name) is not None
    return all(name.split(".")) and _NAME_CHARACTERS.issuperset(name)


def is_loopback(host: str) -> bool:
    """Whether clients treat a host as loopback because of its usual spelling, and use plain HTTP without being configured so.

    A registry in another spelling of loopback is connected to with TLS.
    """
    return (
        host in {"localhost", "::1", "[::1]"}
        or host.endswith(".localhost")
        or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None
    )


def is_plain_host(host: str) -> bool:
    """Whether a host is an address, or a name of letters, digits, `-`, `.` and `_`: no zone, no percent-encoding."""
    if ":" in host:
        return "%" not in host and _address_of(host.strip("[]")) is not None
    return bool(host) and _NAME_CHARACTERS.issuperset(host)


def is_own_machine(host: str) -> bool:
    """Whether a host means this machine, in any spelling: `127.1`, `0x7f000001`, `0.0.0.0`, `[::ffff:7f00:1]`, `localhost.`."""
    name = canonical(host).partition("%")[0]
    if name in _NAMES or name.endswith(_DOMAINS):
        return True
    address = _address_of(name)
    return address is not None and any(_is_own(one) for one in _embedded(address))


def _network_of(pattern: str) -> _Network | None:
    try:
        network = ipaddress.ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _address_of(name: str) -> _Address | None:
    try:
        return ipaddress.IPv6Address(name) if ":" in name else _ipv4_of(name)
    except ValueError:
        return None


def _ipv4_of(name: str) -> ipaddress.IPv4Address | None:
    """Return an IPv4 address as inet_aton(3) reads it: one to four decimal, octal or hexadecimal numbers; the last fills the
    rest."""
    parts = name.split(".")
    if len(parts) > 4 or not all(parts):
        return None
    numbers = [_number(part) for part in parts]
    last, rest = numbers[-1], 5 - len(numbers)
    if any(not 0 <= number < 256 for number in numbers[:-1]) or not 0 <= last < 256**rest:
        return None
    return ipaddress.IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(numbers[:-1])) + last)


def _number(part: str) -> int:
    """Return the number, or -1 for text that is no number or too long for a part of an address."""
    if len(part) > 32 or not part.isascii() or not part[0].isdigit():
        return -1
    base = 16 if part.startswith("0x") else 8 if part.startswith("0") else 10
    try:
        return int(part.removeprefix("0x"), base)
    except ValueError:
        return -1


def _embedded(address: _Address) -> Iterator[_Address]:
    """Yield an address and the IPv4 address that it carries: mapped, compatible, 6to4 or NAT64."""
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
