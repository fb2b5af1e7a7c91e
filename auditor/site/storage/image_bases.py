"""Windows images on one kind of base at several patch levels: the saving from a single patch level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from auditor.oci.document import Descriptor
from auditor.oci.windows import split_version
from auditor.site.images import Placement

LARGE: Final = 50_000_000  # smaller first layers are not worth sharing
ALIKE: Final = 1.5  # bases of one kind grow by less than this factor between months; two kinds differ by more


@dataclass(frozen=True, slots=True)
class ImageBase:
    """The patch levels (os.version) of one kind of base of one build, and the compressed bytes that a single one would save."""

    build: int
    versions: tuple[str, ...]
    saving: int


def spread_bases(placements: Iterable[Placement]) -> tuple[ImageBase, ...]:
    """Return every kind of base with several patch levels, the largest saving first."""
    found: dict[int, dict[str, tuple[Descriptor, str]]] = {}
    for placement in placements:
        payload, version = placement.resolution.payload, placement.resolution.choice.os_version
        split = split_version(version) if placement.pool.is_windows else None
        if payload is not None and payload.layers and split is not None and payload.layers[0].size >= LARGE:
            found.setdefault(split[1], {}).setdefault(payload.layers[0].digest, (payload.layers[0], version))
    spread = [kind for build, bases in found.items() for kind in _kinds(build, list(bases.values()))]
    return tuple(sorted(spread, key=lambda kind: (-kind.saving, kind.versions)))


def _kinds(build: int, bases: list[tuple[Descriptor, str]]) -> Iterator[ImageBase]:
    """Yield bases of similar size that differ in their patch level."""
    ranked = sorted(bases, key=lambda base: (base[0].size, base[1]))
    while ranked:
        alike = [base for base in ranked if base[0].size <= ALIKE * ranked[0][0].size]
        ranked = ranked[len(alike) :]
        versions = sorted({version for _, version in alike})
        if len(versions) > 1:
            yield ImageBase(build, tuple(versions), sum(layer.size for layer, _ in alike) - alike[-1][0].size)
