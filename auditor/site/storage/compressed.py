"""Compressed bytes: what is downloaded, and what the registry inside must hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.plan.model import Plan
from auditor.site.images import Images, Placement, Standing
from auditor.site.storage.stage import Stage, certain
from auditor.sizing.budget import Blob, Budget, deduplicated

_RUNNABLE = frozenset({Standing.OK, Standing.FALLBACK})
_NOT_FOR_THIS_POOL = frozenset({Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH})
HOW = "compressed sizes from the manifests, each digest once"


def _is_unknown(placement: Placement) -> bool:
    """Whether bytes are missing in the sum: also where there is nothing to take yet, as whatever mends that will need room."""
    if placement.is_carrier and placement.standing in _NOT_FOR_THIS_POOL:
        return False
    payload = placement.resolution.payload
    return placement.standing not in _RUNNABLE or payload is None or payload.bytes is None


def unknown_among(placements: Iterable[Placement]) -> tuple[str, ...]:
    """The images of which some bytes are not known."""
    return tuple(dict.fromkeys(str(placement.image.reference) for placement in placements if _is_unknown(placement)))


@dataclass(frozen=True, slots=True)
class _Document:
    """An index, as a blob of its own."""

    digest: str
    size: int


def owned(placements: Iterable[Placement]) -> Iterator[tuple[str, tuple[Blob, ...]]]:
    """Each image with the blobs that its pools need: per payload, since pools share payloads.

    The placements of an image stand together, so that what was counted of it need not be looked for among all others.
    """
    image, name = None, ""
    counted: set[str] = set()
    for placement in placements:
        payload = placement.resolution.payload
        if payload is None:
            continue
        if placement.image is not image:
            image, name = placement.image, str(placement.image.reference)
            counted.clear()
            if image.digest:
                yield name, (_Document(image.digest, image.size),)
        if payload.digest not in counted:
            counted.add(payload.digest)
            yield name, payload.blobs


def compressed(images: Images) -> Budget:
    """Manifests, configs and layers of what the pools need, each digest once."""
    return deduplicated(owned(images.placements))


def download_stage(budget: Budget, unknown: tuple[str, ...]) -> Stage:
    """What is fetched on the connected side: the platforms that pools need."""
    return certain("download", budget, None, f"{HOW}, of the platforms that pools need", unknown)


def registry_stage(plan: Plan, budget: Budget, unknown: tuple[str, ...]) -> Stage:
    """What the registry inside must hold of one version of everything."""
    return certain("registry", budget, plan.registry.disk if plan.registry else None, HOW, unknown, "registry", "disk")
