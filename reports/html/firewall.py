"""External connections as a firewall team reads them: by host, with port and protocol, initiators, purpose and consequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.report import EgressRow


@dataclass(frozen=True, slots=True)
class Access:
    """The connections to one port of a host with one consequence. Each name is given once, in the order of the report."""

    port: int
    protocol: str
    initiators: tuple[str, ...]
    purposes: tuple[str, ...]
    when_blocked: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostAccess:
    """The connections to one host."""

    host: str
    rows: tuple[Access, ...]


def by_host(rows: Iterable[EgressRow]) -> tuple[HostAccess, ...]:
    """Return the connections by host, in the order of the report."""
    hosts: dict[str, dict[tuple[int, str, str], list[EgressRow]]] = {}
    for row in rows:
        hosts.setdefault(row.host, {}).setdefault((row.port, row.scheme, row.when_blocked), []).append(row)
    return tuple(HostAccess(host, tuple(_access(alike) for alike in found.values())) for host, found in hosts.items())


def _access(alike: list[EgressRow]) -> Access:
    first = alike[0]
    return Access(
        first.port,
        f"TCP {first.port}, {first.scheme}" if first.scheme else f"TCP {first.port}",
        tuple(dict.fromkeys(row.who for row in alike)),
        tuple(dict.fromkeys(row.why for row in alike)),
        first.when_blocked,
        tuple(dict.fromkeys(row.check for row in alike if row.check)),
    )
