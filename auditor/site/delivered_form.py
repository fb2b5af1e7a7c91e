"""The delivered form of images that were not observed on the internal registry: predicted from the planned copy, or unknown.

Once an image's manifest is observed on the internal registry, the observation decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.evidence.model import Kind
from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.site.images import Images, Placement, Trouble
from auditor.transfer.copy_layers import Fate
from auditor.transfer.hops import Unpredicted

if TYPE_CHECKING:
    from auditor.site.archives.view import Archives
    from auditor.site.transfers import Carriage

LayersByNeed = Mapping[Need, frozenset[str]]


def converted_layers(carriages: Iterable[Carriage], target: Images | None) -> LayersByNeed:
    """Return the digests of the layers that the planned copy converts to ordinary layers without `urls`, by need.

    Only images that were not observed on the internal registry (`target`) are included.
    """
    placements = target.placements if target is not None else ()
    observed = {placement.need for placement in placements if placement.resolution.payload is not None}
    return {
        carriage.placement.need: frozenset(layer.digest for layer, fate in carriage.fates if _is_converted(layer, fate))
        for carriage in carriages
        if carriage.placement.need not in observed
    }


def _is_converted(layer: Descriptor, fate: Fate | Unpredicted) -> bool:
    """Return whether its `urls` are removed. For a layer without `urls`, the type of its blob's location decides."""
    return bool(layer.urls) and isinstance(fate, Fate) and fate.carried and not fate.urls and fate.row.confidence != "low"


def unknown_deliveries(
    placements: Iterable[Placement], archives: Archives | None, target: Images | None
) -> dict[Need, Trouble]:
    """Return why the delivered form of an image is unknown: not observed on the internal registry, or an archive was not read.

    Images observed on the internal registry, or known to be in no archive, are not included.
    """
    inside = {placement.need: placement for placement in target.placements} if target is not None else {}
    doubt = _of_archives(archives)
    if not inside and not doubt:
        return {}
    held = {held.placement.need for held in archives.held if held.entry is not None} if archives is not None else set()
    found: dict[Need, Trouble] = {}
    for placement in placements:
        need = placement.need
        there = inside.get(need)
        if there is not None and there.resolution.payload is not None:
            continue
        trouble = there.resolution.trouble if there is not None else None
        if trouble is not None:
            detail = f"it was not observed on the internal registry: {trouble.detail}"
            found[need] = Trouble(Kind.MISSING_EVIDENCE, detail, trouble.faults)
        elif doubt and need not in held:
            found[need] = Trouble(Kind.MISSING_EVIDENCE, f"the archives were not read for it: {doubt}")
    return found


def _of_archives(archives: Archives | None) -> str:
    return next((trouble.detail for trouble in archives.unread.values()), "") if archives is not None else ""


def without_predictions(carriages: Iterable[Carriage], reasons: Mapping[Need, Trouble]) -> Iterator[Carriage]:
    """Yield the carriages; those of needs in `reasons` become unpredicted."""
    for carriage in carriages:
        reason = reasons.get(carriage.placement.need)
        if reason is None:
            yield carriage
        else:
            unknown = Unpredicted(reason.detail, missing=True)
            yield replace(carriage, fates=tuple((layer, unknown) for layer, _ in carriage.fates))
