"""Which manifest of an index a host would run, and what stands in the way when there is none."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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


@dataclass(frozen=True, slots=True)
class Choice:
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


def _version_key(os_version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in os_version.split(".")) if split_version(os_version) else ()


def _sort_key(item: tuple[Fit, Platform, Descriptor], host: Platform) -> tuple[object, ...]:
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
        platform = known.get(descriptor.digest) or descriptor.platform
        if platform is not None and platform.is_known and not descriptor.is_attestation:
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


def unclear(index: Index, host: Platform) -> Iterator[Descriptor]:
    """The entries that might suit `host`, but whose config must be read to know: no platform, or Windows without os.version."""
    for descriptor in index.manifests:
        platform = descriptor.platform
        if descriptor.is_attestation:
            continue
        if platform is None or (host.os == "windows" and not platform.os_version and fit_platform(platform, host) is Fit.BLANK):
            yield descriptor


def choose(
    index: Index,
    host: Platform,
    *,
    strict: bool = False,
    any_build: bool = False,
    known: Mapping[str, Platform] = _NONE_KNOWN,
) -> Choice:
    """The manifest that `host` would run: exact build first, then the newest by the previous-LTSC rule, then a blank one."""
    offers = [
        (fit, platform, descriptor)
        for descriptor, platform in entries(index, known)
        if (fit := fit_platform(platform, host, strict=strict, any_build=any_build)) is not Fit.PLATFORM_ABSENT
    ]
    if not offers:
        return Choice(Fit.PLATFORM_ABSENT)
    fit, platform, descriptor = min(offers, key=lambda item: _sort_key(item, host))
    builds = sorted({offer.os_version for _, offer, _ in offers if offer.os_version}, key=_version_key)
    runnable = {split_version(offer.os_version) for offered, offer, _ in offers if offered.runs and offer.os_version}
    return Choice(fit, descriptor, platform.os_version, tuple(builds), len(runnable))
