"""The platforms of nodes: those image platforms that Kubernetes runs on."""

from __future__ import annotations

from functools import cache

from auditor.facts import Fact, table
from auditor.oci.platform import InvalidPlatform, Platform, parse_platform
from auditor.plan.spelling import nearest
from auditor.text import shown


class Architecture(Fact, frozen=True, kw_only=True):
    """An architecture that nodes of an operating system can have."""

    os: str
    architecture: str


@cache
def _architectures(os: str) -> tuple[str, ...]:
    rows: tuple[Architecture, ...] = table("architectures", Architecture)
    return tuple(row.architecture for row in rows if row.os == os)


def node_platform(text: str) -> Platform:
    """Return the platform of nodes: Linux, or Windows with a build. Raises ValueError, whose text states what to write."""
    try:
        platform = parse_platform(text)
    except InvalidPlatform as error:
        raise ValueError(str(error)) from error
    quoted = shown(text)
    if platform.os not in {"linux", "windows"}:
        raise ValueError(f"{quoted}: Kubernetes nodes run linux or windows, not {shown(platform.os)}")
    known = _architectures(platform.os)
    if platform.architecture not in known:
        hint = nearest(platform.architecture, known) or f"known: {', '.join(known)}"
        raise ValueError(f"{quoted}: {platform.os} nodes cannot have the architecture {shown(platform.architecture)}: {hint}")
    if platform.os == "linux" and platform.os_version:
        raise ValueError(f"{quoted}: only Windows has builds; write linux/{platform.architecture}")
    if platform.os == "windows" and not platform.os_version:
        raise ValueError(f"{quoted} has no Windows build: write windows/{platform.architecture}:ltsc2022 or :10.0.20348")
    return platform
