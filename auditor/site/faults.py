"""The hosts that did not answer, by image."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.evidence.causes import Fault
from auditor.site.images import Images


def faults_by_image(*views: Images | None) -> Mapping[str, tuple[Fault, ...]]:
    """Return the hosts that did not answer for each image (by name); empty if another problem exists as well."""
    placements = (placement for view in views if view is not None for placement in view.placements)
    found: dict[str, tuple[Fault, ...]] = {}
    for placement in placements:
        if (trouble := placement.resolution.trouble) is not None:
            before = found.get(placement.image.name, trouble.faults)
            found[placement.image.name] = tuple(dict.fromkeys((*before, *trouble.faults))) if before and trouble.faults else ()
    return found
