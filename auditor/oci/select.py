"""Which manifest of an index a host would run, and what stands in the way when there is none."""

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


class Fit(enum.Enum):
    """How well one image platform suits a host."""

    EXACT = "exact"
    FALLBACK = "fallback"  # runs, but only by the previous-LTSC rule
    BLANK = "blank"  # runs on any build, as the image says none
    BUILD_MISMATCH = "build-mismatch"  # right OS and architecture, a Windows build that the host cannot run
    PLATFORM_ABSENT = "platform-absent"  # nothing for the OS and architecture

    @property
    def runs(self) -> bool:
        """Whether the host would run it."""
        return self in _RUNS


_RUNS = frozenset({Fit.EXACT, Fit.FALLBACK, Fit.BLANK})
_FITS = {
    Match.EXACT: Fit.EXACT,
    Match.FALLBACK: Fit.FALLBACK,
    Match.BLANK: Fit.BLANK,
    Match.OLDER: Fit.BUILD_MISMATCH,
    Match.NEWER: Fit.BUILD_MISMATCH,
}
_ORDER = {Fit.EXACT: 0, Fit.FALLBACK: 1, Fit.BLANK: 2, Fit.BUILD_MISMATCH: 3, Fit.PLATFORM_ABSENT: 4}


class Choice(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a choice. `entry` is the best index entry, runnable or not."""

    fit: Fit
    entry: Descriptor | None = None
    os_version: str = ""
    builds: tuple[str, ...] = ()  # os.versions on offer for the host's OS and architecture, oldest first
    runnable_builds: int = 0  # how many different Windows builds among them the host would run


def fit_platform(image: Platform, host: Platform, *, strict: bool = False, any_build: bool = False) -> Fit:
    """How an image platform suits a host. `strict`: builds must be equal; `any_build`: HostProcess, which any build runs."""
    if image.os != host.os or image.architecture != host.architecture or not _variant_runs(image, host):
        return Fit.PLATFORM_ABSENT
    if host.os != "windows" or not host.os_version or any_build:
        return Fit.EXACT
    return _FITS[match_build(host.os_version, image.os_version, strict=strict)]


def _variant_runs(image: Platform, host: Platform) -> bool:
    """arm/v7 runs v7, v6 and v5; amd64 micro-architecture levels run lower ones; an unnamed variant runs the base only."""
    if image.variant == host.variant or not image.variant:
        return True
    if host.architecture == "arm" and {image.variant, host.variant} <= set(_ARM_VARIANTS):
        return _ARM_VARIANTS.index(image.variant) >= _ARM_VARIANTS.index(host.variant)
    return host.architecture == "amd64" and host.variant >= image.variant


@lru_cache(maxsize=4096)
def _version_key(os_version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in os_version.split(".")) if split_version(os_version) else ()


def _sort_key(item: tuple[Fit, Platform, int], host: Platform) -> tuple[object, ...]:
    fit, platform, _ = item
    exact_variant = platform.variant == host.variant
    newest_first = tuple(-part for part in _version_key(platform.os_version))
    # A host that runs any build for HostProcess still takes the manifest of its own build where there is one.
    return (_ORDER[fit], _ORDER[fit_platform(platform, host)], not exact_variant, newest_first)


def entries(index: Index, known: Mapping[str, Platform] = _NONE_KNOWN) -> Iterator[tuple[Descriptor, Platform]]:
    """The index entries that name a platform to run on; attestations and `unknown/unknown` are none.

    `known` maps manifest digests to the platforms that their configs declare: they win where the index is silent.
    """
    for descriptor in index.manifests:
        if platform := _runnable_platform(descriptor, known):
            yield descriptor, platform


def flatten(index: Index, load: Callable[[str], Index | None], depth: int = MAX_DEPTH) -> Index:
    """The index with nested indexes replaced by their entries, each nested index once, so that circles end.

    `load` gives a nested index by digest, None if not at hand; then, and below `depth`, its entry stays as it is.
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
    """Whether every entry says all that a choice needs, so that no config must be read for any host."""
    return all(
        entry.platform_field is not None and (entry.platform_field.os_version or entry.platform_field.os != "windows")
        for entry in index.manifests
    )


def unclear(index: Index, host: Platform) -> Iterator[Descriptor]:
    """The entries that might suit `host`, but whose config must be read to know: no platform, or Windows without os.version."""
    for descriptor in index.manifests:
        platform = descriptor.platform
        if descriptor.is_attestation:
            continue
        if platform is None or (host.os == "windows" and not platform.os_version and fit_platform(platform, host) is Fit.BLANK):
            yield descriptor


def platforms_of(index: Index, known: Mapping[str, Platform] = _NONE_KNOWN) -> tuple[Platform | None, ...]:
    """The platform of each entry; None for what nothing can run. `known` as for `entries`."""
    return tuple(_runnable_platform(descriptor, known) for descriptor in index.manifests)


def choose(
    index: Index,
    host: Platform,
    *,
    strict: bool = False,
    any_build: bool = False,
    known: Mapping[str, Platform] = _NONE_KNOWN,
) -> Choice:
    """The manifest that `host` would run: exact build first, then the newest by the previous-LTSC rule, then a blank one."""
    return choose_among(index, platforms_of(index, known), host, strict=strict, any_build=any_build)


def choose_among(
    index: Index, platforms: tuple[Platform | None, ...], host: Platform, *, strict: bool = False, any_build: bool = False
) -> Choice:
    """`choose`, for a caller that has `platforms_of(index)` at hand."""
    pick = _pick(platforms, host, strict, any_build)
    entry = index.manifests[pick.position] if pick.position >= 0 else None
    return Choice(pick.fit, entry, pick.os_version, pick.builds, pick.runnable_builds)


class _Pick(NamedTuple):
    """A choice among platforms, by position: the same for every index with the same platforms."""

    fit: Fit
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
        and (fit := fit_platform(platform, host, strict=strict, any_build=any_build)) is not Fit.PLATFORM_ABSENT
    ]
    if not offers:
        return _Pick(Fit.PLATFORM_ABSENT, -1, "", (), 0)
    fit, platform, position = min(offers, key=lambda item: _sort_key(item, host))
    builds = sorted({offer.os_version for _, offer, _ in offers if offer.os_version}, key=_version_key)
    runnable = {split_version(offer.os_version) for offered, offer, _ in offers if offered.runs and offer.os_version}
    return _Pick(fit, position, platform.os_version, tuple(builds), len(runnable))
