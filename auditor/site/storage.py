"""The view of storage: the bytes of each stage, every blob once, with where the number comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.plan.model import Plan
from auditor.site.images import Images, Placement, Standing
from auditor.sizing.budget import Blob, Budget, deduplicated


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage must hold. `unknown` names the images whose bytes are not known, so that `budget` is a lower bound."""

    name: str
    budget: Budget
    capacity: int | None
    provenance: str
    unknown: tuple[str, ...]


_RUNNABLE = frozenset({Standing.OK, Standing.FALLBACK})
_NOT_FOR_THIS_POOL = frozenset({Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH})


def _is_unknown(placement: Placement) -> bool:
    """Whether bytes are missing in the sum: also where there is nothing to take yet, as whatever mends that will need room."""
    if placement.is_carrier and placement.standing in _NOT_FOR_THIS_POOL:
        return False
    payload = placement.resolution.payload
    return placement.standing not in _RUNNABLE or payload is None or payload.bytes is None


@dataclass(frozen=True, slots=True)
class _Document:
    """An index, as a blob of its own."""

    digest: str
    size: int


def _owned(images: Images) -> Iterator[tuple[str, tuple[Blob, ...]]]:
    """Each image with the blobs that its pools need: per payload, since pools share payloads.

    The placements of an image stand together, so that what was counted of it need not be looked for among all others.
    """
    image, name = None, ""
    counted: set[str] = set()
    for placement in images.placements:
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


def registry_stage(plan: Plan, images: Images) -> Stage:
    """Compressed bytes in the registry inside: manifests, configs and layers of what the pools need, each digest once."""
    unknown = tuple(dict.fromkeys(str(p.image.reference) for p in images.placements if _is_unknown(p)))
    budget = deduplicated(_owned(images))
    at_least = f"; a lower bound, as {len(unknown)} images are of unknown size" if unknown else ""
    provenance = f"derived: compressed sizes from the manifests, each digest once{at_least}"
    return Stage("registry", budget, plan.registry.disk if plan.registry else None, provenance, unknown)
