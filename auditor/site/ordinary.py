"""The view of layers that the planned copy converts to ordinary layers without `urls`.

This is a prediction. Once an image's manifest is observed on the internal registry, the observation decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.site.images import Images
from auditor.site.transfers import Carriage
from auditor.transfer.copy_layers import Fate
from auditor.transfer.hops import Unpredicted

Ordinary = Mapping[Need, frozenset[str]]


def made_ordinary(carriages: Iterable[Carriage], target: Images | None) -> Ordinary:
    """Return the digests of such layers by need, for images not observed on the internal registry (`target`)."""
    placements = target.placements if target is not None else ()
    seen = {placement.need for placement in placements if placement.resolution.payload is not None}
    return {
        carriage.placement.need: frozenset(layer.digest for layer, fate in carriage.fates if _is_ordinary(layer, fate))
        for carriage in carriages
        if carriage.placement.need not in seen
    }


def _is_ordinary(layer: Descriptor, fate: Fate | Unpredicted) -> bool:
    """Return whether its `urls` are removed. For a layer without `urls`, the type of its blob's location decides."""
    return bool(layer.urls) and isinstance(fate, Fate) and fate.carried and not fate.urls and fate.row.confidence != "low"
