"""Select the manifest of an index that a host would run, or the reason why it cannot run any."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from auditor.oci.document import MAX_ENTRIES, Descriptor, Index
from auditor.oci.media_types import INDEXES
from auditor.oci.platform import Platform
from auditor.oci.windows import Match, match_build, split_version

_NONE_KNOWN: Mapping[str, Platform] = MappingProxyType({})
MAX_DEPTH = 4
_ARM_VARIANTS = ("v8", "v7", "v6", "v5")


class PlatformFit(enum.Enum):
    """How well an image platform suits a host."""

    EXACT = "exact"
    FALLBACK = "fallback"  # runs only by the previous-LTSC rule
    BLANK = "blank"  # runs on any build, because the image states none
    BUILD_MISMATCH = "build-mismatch"  # right OS and architecture, but a Windows build that the host cannot run
    PLATFORM_ABSENT = "platform-absent"  # no manifest for the OS and architecture

    @property
    def runs(self) -> bool:
        """Return whether the host would run it."""
        return self in _RUNS


_RUNS = frozenset({PlatformFit.EXACT, PlatformFit.FALLBACK, PlatformFit.BLANK})
_FITS = {
    Match.EXACT: PlatformFit.EXACT,
    Match.FALLBACK: PlatformFit.FALLBACK,
    Match.BLANK: PlatformFit.BLANK,
    Match.OLDER: PlatformFit.BUILD_MISMATCH,
    Match.NEWER: PlatformFit.BUILD_MISMATCH,
}
_ORDER = {
    PlatformFit.EXACT: 0,
    PlatformFit.FALLBACK: 1,
    PlatformFit.BLANK: 2,
    PlatformFit.BUILD_MISMATCH: 3,
    PlatformFit.PLATFORM_ABSENT: 4,
}


class Choice(msgspec.Struct, frozen=True, gc=False):
    """The result of a selection. `entry` is the best index entry, runnable or not."""

    fit: PlatformFit
    entry: Descriptor | None = None
    os_version: str = ""
    builds: tuple[str, ...] = ()  # os.versions available for the host's OS and architecture, oldest first
    runnable_builds: int = 0  # how many different Windows builds among them the host can run


def fit_platform(image: Platform, host: Platform, *, strict: bool = False, any_build: bool = False) -> PlatformFit:
    """Return how an image platform suits a host. `strict` requires equal builds; `any_build` is for HostProcess containers,
    which run on any build.
    """
    if image.os != host.os or image.architecture != host.architecture or not _variant_runs(image, host):
        return PlatformFit.PLATFORM_ABSENT
    if host.os != "windows" or not host.os_version or any_build:
        return PlatformFit.EXACT
    return _FITS[match_build(host.os_version, image.os_version, strict=strict)]


def _variant_runs(image: Platform, host: Platform) -> bool:
    """Return whether the host runs the variant: arm/v7 runs v7, v6, v5; amd64 runs lower levels; no variant means base only."""
    if image.variant == host.variant or not image.variant:
        return True
    if host.architecture == "arm" and {image.variant, host.variant} <= set(_ARM_VARIANTS):
        return _ARM_VARIANTS.index(image.variant) >= _ARM_VARIANTS.index(host.variant)
    return host.architecture == "amd64" and host.variant >= image.variant


@lru_cache(maxsize=4096)
def _version_key(os_version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in os_version.split(".")) if split_version(os_version) else ()


def _sort_key(item: tuple[PlatformFit, Platform, int], host: Platform) -> tuple[object, ...]:
    fit, platform, _ = item
    exact_variant = platform.variant == host.variant
    newest_first = tuple(-part for part in _version_key(platform.os_version))
    # A host that accepts any build (HostProcess) still prefers the manifest of its own build.
    return (_ORDER[fit], _ORDER[fit_platform(platform, host)], not exact_variant, newest_first)


def entries(index: Index, known: Mapping[str, Platform] = _NONE_KNOWN) -> Iterator[tuple[Descriptor, Platform]]:
    """Yield the index entries with a runnable platform; skip attestations and `unknown/unknown`.

    `known` maps manifest digests to the platforms in their configs. They apply where the index states no platform.
    """
    for descriptor in index.manifests:
        if platform := _runnable_platform(descriptor, known):
            yield descriptor, platform


def flatten(index: Index, load: Callable[[str], Index | None], depth: int = MAX_DEPTH) -> Index:
    """Replace nested indexes with their entries. Each nested index is expanded once, so that loops end.

    `load` returns a nested index by digest, or None if it was not collected. In that case, and below `depth`, the entry is
    kept.
    """
    found: list[Descriptor] = []
    seen: set[str] = set()

    def walk(entries: tuple[Descriptor, ...], left: int) -> None:
        for entry in entries:
            if entry.digest in seen:
                continue
            nested = load(entry.digest) if entry.media_type in INDEXES and left else None
            if nested is None:
                found.append(entry)
                continue
            seen.add(entry.digest)
            walk(nested.manifests, left - 1)

    if not any(entry.media_type in INDEXES for entry in index.manifests):
        return index
    walk(index.manifests, depth)
    return Index(manifests=tuple(found[:MAX_ENTRIES]), media_type=index.media_type)


def is_clear(index: Index) -> bool:
    """Return whether every entry states all that a selection needs, so that no config must be read for any host."""
    return all(
        entry.platform_field is not None and (entry.platform_field.os_version or entry.platform_field.os != "windows")
        for entry in index.manifests
    )


def unclear(index: Index, host: Platform) -> Iterator[Descriptor]:
    """Yield the entries that may suit `host` but need their config: no platform, or Windows without os.version."""
    for descriptor in index.manifests:
        platform = descriptor.platform
        if descriptor.is_attestation:
            continue
        if platform is None or (
            host.os == "windows" and not platform.os_version and fit_platform(platform, host) is PlatformFit.BLANK
        ):
            yield descriptor


def platforms_of(index: Index, known: Mapping[str, Platform] = _NONE_KNOWN) -> tuple[Platform | None, ...]:
    """Return the platform of each entry, or None for entries that cannot run. `known` is as in `entries`."""
    return tuple(_runnable_platform(descriptor, known) for descriptor in index.manifests)


def choose(
    index: Index,
    host: Platform,
    *,
    strict: bool = False,
    any_build: bool = False,
    known: Mapping[str, Platform] = _NONE_KNOWN,
) -> Choice:
    """Return the manifest that `host` would run. Order: exact build, newest by the previous-LTSC rule, build not stated."""
    return choose_among(index, platforms_of(index, known), host, strict=strict, any_build=any_build)


def choose_among(
    index: Index, platforms: tuple[Platform | None, ...], host: Platform, *, strict: bool = False, any_build: bool = False
) -> Choice:
    """Like `choose`, for callers that already have `platforms_of(index)`."""
    pick = _pick(platforms, host, strict, any_build)
    entry = index.manifests[pick.position] if pick.position >= 0 else None
    return Choice(pick.fit, entry, pick.os_version, pick.builds, pick.runnable_builds)


class _Pick(NamedTuple):
    """A selection by position: the same for every index with the same platforms."""

    fit: PlatformFit
    position: int
    os_version: str
    builds: tuple[str, ...]
    runnable_builds: int


def _runnable_platform(descriptor: Descriptor, known: Mapping[str, Platform]) -> Platform | None:
    platform = known.get(descriptor.digest) or descriptor.platform
    return platform if platform is not None and platform.is_known and not descriptor.is_attestation else None


@lru_cache(maxsize=16384)
def _pick(platforms: tuple[Platform | None, ...], host: Platform, strict: bool, any_build: bool) -> _Pick:
    offers = [
        (fit, platform, position)
        for position, platform in enumerate(platforms)
        if platform is not None
        and (fit := fit_platform(platform, host, strict=strict, any_build=any_build)) is not PlatformFit.PLATFORM_ABSENT
    ]
    if not offers:
        return _Pick(PlatformFit.PLATFORM_ABSENT, -1, "", (), 0)
    fit, platform, position = min(offers, key=lambda item: _sort_key(item, host))
    builds = sorted({offer.os_version for _, offer, _ in offers if offer.os_version}, key=_version_key)
    runnable = {split_version(offer.os_version) for offered, offer, _ in offers if offered.runs and offer.os_version}
    return _Pick(fit, position, platform.os_version, tuple(builds), len(runnable))
