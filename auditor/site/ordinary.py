"""The view of layers of which the planned copy makes ordinary ones, without `urls`.

This is foretold, and holds for an image until its manifest was seen on the registry inside: from then on that decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.site.images import Images
from auditor.site.transfers import Carriage
from auditor.transfer.hops import Unpredicted
from auditor.transfer.layers import Fate

Ordinary = Mapping[Need, frozenset[str]]


def made_ordinary(carriages: Iterable[Carriage], target: Images | None) -> Ordinary:
    """The digests of such layers by need, for what was not seen inside (`target`)."""
    placements = target.placements if target is not None else ()
    seen = {placement.need for placement in placements if placement.resolution.payload is not None}
    return {
        carriage.placement.need: frozenset(layer.digest for layer, fate in carriage.fates if _is_ordinary(layer, fate))
        for carriage in carriages
        if carriage.placement.need not in seen
    }


def _is_ordinary(layer: Descriptor, fate: Fate | Unpredicted) -> bool:
    """Whether its `urls` are lost on the way; of layers without any, only whoever has the blob can tell."""
    return bool(layer.urls) and isinstance(fate, Fate) and fate.carried and not fate.urls and fate.row.confidence != "low"
