"""Which Windows image builds run on a Windows host build with process isolation.

The rule is containerd's (containerd/platforms platform_windows_compat.go). Its numbers are in facts/windows_builds.yaml;
facts/windows_runtimes.yaml states which containerd version applies which rule.
"""

from __future__ import annotations

import datetime
import enum
import re
from typing import Literal

from auditor.facts import Fact, header, remembered, table
from auditor.facts.lookup import Found, Gap, GapKind, gap_of, rows_at
from auditor.facts.versions import Versioned

_BUILD = re.compile(r"[0-9]{4,6}")


class WindowsRelease(Fact, frozen=True, kw_only=True):
    """A Windows release that runs containers. `floor` marks an LTSC generation of the stable-ABI rule.

    `support_ends` is the end of extended support, if any. After `mainstream_ends` Microsoft ships only security fixes.
    """

    name: str
    aliases: tuple[str, ...]
    build: int
    product: str
    mainstream_ends: datetime.date | None = None
    support_ends: datetime.date | None = None
    floor: bool = False
    base_images: bool = True
    same_revision: bool = False


class WindowsRuntime(Versioned, frozen=True, kw_only=True):
    """How a range of runtime versions selects among Windows manifests."""

    runtime: str
    matching: Literal["strict", "ltsc"]
    sorts_os_version: bool


class Match(enum.Enum):
    """How an image build relates to a host build."""

    EXACT = "exact"
    BLANK = "blank"  # the image states no os.version: matches any host
    FALLBACK = "fallback"  # runs only by the previous-LTSC rule
    OLDER = "older"  # too old for this host
    NEWER = "newer"  # newer than the host

    @property
    def runs(self) -> bool:
        """Return whether the host runs an image with this match."""
        return self in _RUNS


_RUNS = frozenset({Match.EXACT, Match.BLANK, Match.FALLBACK})


def releases() -> tuple[WindowsRelease, ...]:
    """Return all Windows releases in the facts."""
    return table("windows_builds", WindowsRelease)


@remembered
def _by_name() -> dict[str, int]:
    return {name.lower(): row.build for row in releases() for name in (row.name, *row.aliases)}


def build_named(text: str) -> int | None:
    """Return the build for a name (`ltsc2022`, `1809`, `23H2`) or a plain build number, or None for any other text."""
    named = _by_name().get(text.lower())
    if named is not None:
        return named
    return int(text) if _BUILD.fullmatch(text) and int(text) > 9999 else None


@remembered
def release_of(build: int) -> WindowsRelease | None:
    """Return the release with exactly this build, or None."""
    return next((row for row in releases() if row.build == build), None)


@remembered
def split_version(version: str) -> tuple[str, int] | None:
    """Return `10.0.20348.587` as (`10.0`, 20348), or None if the text is not a Windows version."""
    parts = version.split(".")
    if len(parts) not in {3, 4} or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return f"{int(parts[0])}.{int(parts[1])}", int(parts[2])


@remembered
def _floor(host: int) -> int:
    floors = sorted(row.build for row in releases() if row.floor)
    below = [build for build in floors if build < host]
    return below[-1] if below else floors[0]


@remembered
def match_build(host_version: str, image_version: str, *, strict: bool = False) -> Match:
    """Return how an image with `image_version` relates to a host with `host_version` (both `10.0.BUILD[.REVISION]`).

    `strict` is the rule of older containerd versions: builds must be equal. An image without a version matches any host. An
    invalid image version counts as OLDER, because no host runs it.
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


@remembered
def build_gap(os_version: str) -> Gap | None:
    """Return why the rules for image builds are not verified for a host build, or None if they are."""
    split, head = split_version(os_version), header("windows_builds")
    newest = head.through("Windows build")
    if split is None or split[1] <= int(newest):
        return None
    return gap_of(GapKind.BEYOND, "Windows build", str(split[1]), newest, head.month)


@remembered
def runtime_rules(runtime: str, version: str) -> Found[WindowsRuntime]:
    """Return the rows for a runtime version, or the gap if the facts do not answer."""
    rows: tuple[WindowsRuntime, ...] = table("windows_runtimes", WindowsRuntime)
    return rows_at((row for row in rows if row.runtime == runtime), version, runtime)


def runtime_rule(runtime: str, version: str) -> WindowsRuntime | None:
    """Return the row for a runtime version, or None if the facts have none. The caller must then report it as unknown."""
    return runtime_rules(runtime, version).first
