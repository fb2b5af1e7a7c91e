"""Which manifests of an index a copy tool copies."""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable, Sequence
from typing import Literal

import msgspec

from auditor.facts import remembered, table
from auditor.oci.platform import InvalidPlatform, Platform, parse_platform
from auditor.transfer.copy_options import PINNED
from auditor.transfer.hops import Hop, HopRow, Unpredicted, row_for


class CopyPlatforms(HopRow, frozen=True, kw_only=True):
    """What a tool keeps of an index, which option selects another platform, and what happens to the index and the names."""

    keeps: Literal["all", "named", "one", "own", "none", "unknown"]
    index: Literal["kept", "lost", "sparse"]
    names: Literal["kept", "told", "lost"]
    option: str = ""
    architecture: str = ""
    variant: str = ""
    fixed: str = ""
    os_version: Literal["", "exact", "build", "ignored"] = ""
    picks: Literal["", "first", "best"] = ""


class Kept(enum.Enum):
    """Whether a manifest is copied. `OWN`: the tool copies the platform of its machine, which is unknown."""

    YES = "yes"
    NO = "no"
    OWN = "own"


class RequestedPlatform(msgspec.Struct, frozen=True):
    """The platform that options request. Empty parts are unknown."""

    os: str
    architecture: str = ""
    variant: str = ""
    os_version: str = ""


Offers = Sequence[tuple[str, Platform]]


def _said(row: CopyPlatforms) -> Hashable:
    return row.keeps, row.index, row.fixed, row.option, row.os_version, row.picks


@remembered
def platform_row(hop: Hop) -> CopyPlatforms | Unpredicted:
    """Return the row for one hop."""
    rows: tuple[CopyPlatforms, ...] = table("copy_platforms", CopyPlatforms)
    return row_for(rows, hop, _said)


@remembered
def wish_of(row: CopyPlatforms, hop: Hop) -> RequestedPlatform | Unpredicted | None:
    """Return the platform that a hop is configured to keep, or None if it keeps all or its machine's platform."""
    if row.keeps == "one":
        system, _, architecture = row.fixed.partition("/")
        return RequestedPlatform(system, architecture)
    if row.keeps == "own":
        return _overridden(row, hop)
    if row.keeps != "named":
        return None
    values = hop.options.values(row.option) or hop.options.values("-p")
    if len(values) != 1:
        return Unpredicted(f"copy.options sets {row.option} {len(values)} times", missing=True)
    try:
        named = parse_platform(values[0])
    except InvalidPlatform as error:
        return Unpredicted(f"copy.options: {error}", missing=True)
    return RequestedPlatform(named.os, named.architecture, named.variant, named.os_version)


def _overridden(row: CopyPlatforms, hop: Hop) -> RequestedPlatform | None:
    """Return what replaces the machine's platform. Its architecture may still be the machine's."""
    system, architecture, variant = (
        (hop.options.values(name) or ("",))[-1] for name in (row.option, row.architecture, row.variant)
    )
    return RequestedPlatform(system, architecture, variant) if system else None


def _fits(platform: Platform, wish: RequestedPlatform, row: CopyPlatforms) -> bool:
    """Return whether an entry matches the requested platform."""
    wanted = ((wish.os, platform.os), (wish.architecture, platform.architecture), (wish.variant, platform.variant))
    if any(asked and asked != given for asked, given in wanted):
        return False
    if not wish.os_version or row.os_version == "ignored":
        return True
    if row.os_version == "build":
        return _build(platform.os_version) == _build(wish.os_version)
    return platform.os_version == wish.os_version


def _build(os_version: str) -> tuple[str, ...]:
    return tuple(os_version.split(".")[:3])


def keeps(hop: Hop, offers: Offers, wanted: str) -> Kept | Unpredicted:
    """Return whether a hop copies the manifest `wanted`, one of `offers` by digest in index order."""
    row = platform_row(hop)
    if isinstance(row, Unpredicted):
        return row
    if row.keeps == "all":
        return Kept.YES
    if row.keeps == "none":
        return Kept.NO
    if row.keeps == "unknown":
        return Unpredicted(f"the facts do not cover which platforms {hop} keeps with these options ({row.source})")
    wish = wish_of(row, hop)
    if wish is None:
        return Kept.OWN
    return wish if isinstance(wish, Unpredicted) else _picked(row, hop, wish, offers, wanted)


def _picked(row: CopyPlatforms, hop: Hop, wish: RequestedPlatform, offers: Offers, wanted: str) -> Kept | Unpredicted:
    fitting = [(digest, platform) for digest, platform in offers if _fits(platform, wish, row)]
    if wanted not in {digest for digest, _ in fitting}:
        return Kept.NO
    if len(fitting) == 1:
        return Kept.YES
    if not wish.architecture and len({platform.architecture for _, platform in fitting}) > 1:
        return Kept.OWN
    if row.picks == "first":
        return Kept.YES if fitting[0][0] == wanted else Kept.NO
    if row.picks == "best":
        best = max(fitting, key=lambda offer: _number(offer[1].os_version))
        return Kept.YES if best[0] == wanted else Kept.NO
    return Unpredicted(f"the facts do not cover which of {len(fitting)} manifests for {wish.os} {hop} keeps")


def _number(os_version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in os_version.split("."))


def _keeps_on(way: Iterable[Hop], offers: Offers, wanted: str, *, is_listed: bool) -> Kept | Unpredicted:
    """Return whether all hops copy a manifest. After a hop that keeps one manifest, no index is left to choose from."""
    for hop in way:
        row = platform_row(hop)
        chooses = isinstance(row, CopyPlatforms) and row.keeps != "all"
        if chooses and not is_listed:
            return Unpredicted("the facts do not cover an index inside an index")
        found = keeps(hop, offers, wanted)
        if chooses or found is not Kept.YES:
            return found
    return Kept.YES


def keeps_over(ways: Sequence[tuple[Hop, ...]], offers: Offers, wanted: str, *, is_listed: bool) -> Kept | Unpredicted:
    """Return whether a manifest is copied on any possible route; known only if all routes agree.

    `is_listed`: the root index lists it, not a nested one.
    """
    found = [_keeps_on(way, offers, wanted, is_listed=is_listed) for way in ways]
    if not found or len(set(found)) == 1:
        return found[0] if found else Kept.YES
    reasons = (one for one in found if isinstance(one, Unpredicted))
    why = "the result depends on the archive format, and the archive was not read (use --via archives)"
    return next(reasons, Unpredicted(why, missing=True))


def keeps_all(ways: Iterable[tuple[Hop, ...]]) -> bool:
    """Return whether every index is copied completely, whatever its entries are."""
    rows = (platform_row(hop) for way in ways for hop in way)
    return all(isinstance(row, CopyPlatforms) and row.keeps == "all" for row in rows)


@remembered
def keeping_all(tool: str) -> str | None:
    """Return the option with which a tool copies a whole index; empty if that is the default, None if it cannot."""
    rows: tuple[CopyPlatforms, ...] = table("copy_platforms", CopyPlatforms)
    whole = [row for row in rows if row.tool == tool and row.keeps == "all" and PINNED not in row.given]
    if not whole:
        return None
    return "" if any(not row.given for row in whole) else whole[0].given[0]
