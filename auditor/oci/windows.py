"""Which Windows image builds a Windows host build can run with process isolation.

The rule is containerd's (containerd/platforms platform_windows_compat.go); its numbers are rows in facts/windows_builds.yaml,
and which containerd applies which rule is in facts/windows_runtimes.yaml.
"""

from __future__ import annotations

import datetime
import enum
import re
from functools import cache
from typing import Literal

from auditor.facts import Fact, table
from auditor.facts.versions import Versioned

_BUILD = re.compile(r"[0-9]{4,6}")


class WindowsRelease(Fact, frozen=True, kw_only=True):
    """A Windows release that runs containers. `floor`: an LTSC generation of the stable-ABI rule.

    `support_ends` is the end of extended support, where there is one; after `mainstream_ends` only security fixes remain.
    """

    name: str
    aliases: tuple[str, ...]
    build: int
    product: str
    mainstream_ends: datetime.date | None = None
    support_ends: datetime.date | None = None
    floor: bool = False
    base_images: bool = True


class WindowsRuntime(Versioned, frozen=True, kw_only=True):
    """How a range of runtime versions picks among Windows manifests."""

    runtime: str
    matching: Literal["strict", "ltsc"]
    sorts_os_version: bool


class Match(enum.Enum):
    """How an image build relates to a host build."""

    EXACT = "exact"
    BLANK = "blank"  # no os.version in the image: matches any host
    FALLBACK = "fallback"  # runs by the previous-LTSC rule only
    OLDER = "older"  # too old for this host
    NEWER = "newer"  # newer than the host

    @property
    def runs(self) -> bool:
        """Whether the host runs an image with this match."""
        return self in _RUNS


_RUNS = frozenset({Match.EXACT, Match.BLANK, Match.FALLBACK})


def releases() -> tuple[WindowsRelease, ...]:
    """All Windows releases that the facts know."""
    return table("windows_builds", WindowsRelease)


@cache
def _by_name() -> dict[str, int]:
    return {name.lower(): row.build for row in releases() for name in (row.name, *row.aliases)}


def build_named(text: str) -> int | None:
    """The build that a name (`ltsc2022`, `1809`, `23H2`) or a plain build number stands for; None when it is neither."""
    named = _by_name().get(text.lower())
    if named is not None:
        return named
    return int(text) if _BUILD.fullmatch(text) and int(text) > 9999 else None


@cache
def release_of(build: int) -> WindowsRelease | None:
    """The release with exactly this build, or None."""
    return next((row for row in releases() if row.build == build), None)


@cache
def split_version(version: str) -> tuple[str, int] | None:
    """`10.0.20348.587` as (`10.0`, 20348); None when it is no Windows version."""
    parts = version.split(".")
    if len(parts) not in {3, 4} or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return f"{int(parts[0])}.{int(parts[1])}", int(parts[2])


@cache
def _floor(host: int) -> int:
    floors = sorted(row.build for row in releases() if row.floor)
    below = [build for build in floors if build < host]
    return below[-1] if below else floors[0]


@cache
def match_build(host_version: str, image_version: str, *, strict: bool = False) -> Match:
    """How an image with `image_version` stands to a host with `host_version` (both `10.0.BUILD[.REVISION]`).

    `strict` is the rule of older containerd: builds must be equal. A blank image version matches any host; an image version
    that is no Windows version counts as OLDER, since no host runs it.
    """
    if not image_version:
        return Match.BLANK
    host, image = split_version(host_version), split_version(image_version)
    if host is None or image is None or host[0] != image[0]:
        return Match.OLDER
    stable = min(row.build for row in releases() if row.floor)
    if host[1] == image[1]:
        return Match.EXACT
    if image[1] > host[1]:
        return Match.NEWER
    if strict or host[1] < stable or image[1] < _floor(host[1]):
        return Match.OLDER
    return Match.FALLBACK


@cache
def runtime_rule(runtime: str, version: str) -> WindowsRuntime | None:
    """The row for a runtime at a version; None when the facts have none (the caller must say so, not guess)."""
    rows: tuple[WindowsRuntime, ...] = table("windows_runtimes", WindowsRuntime)
    return next((row for row in rows if row.runtime == runtime and row.surely_covers(version)), None)
