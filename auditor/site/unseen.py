"""Needs whose deciding evidence was requested but not collected. Checks report them as undetermined instead of predicting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.evidence.model import Kind
from auditor.needs.model import Need
from auditor.site.images import Images, Placement, Trouble
from auditor.transfer.hops import Unpredicted

if TYPE_CHECKING:
    from auditor.site.archives.view import Archives
    from auditor.site.transfers import Carriage


def unseen(placements: Iterable[Placement], archives: Archives | None, target: Images | None) -> dict[Need, Trouble]:
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


def heeding(carriages: Iterable[Carriage], reasons: Mapping[Need, Trouble]) -> Iterator[Carriage]:
    """Yield the carriages; those of needs in `reasons` become unpredicted."""
    for carriage in carriages:
        reason = reasons.get(carriage.placement.need)
        if reason is None:
            yield carriage
        else:
            unknown = Unpredicted(reason.detail, missing=True)
            yield replace(carriage, fates=tuple((layer, unknown) for layer, _ in carriage.fates))
