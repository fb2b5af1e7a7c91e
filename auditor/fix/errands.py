"""Decide which images have to be copied, and which of their parts are missing.

The evidence about the internal registry decides. Without it, the archives decide; without both, everything is copied. A part
that is not proven to be there counts as missing; the scripts check before they copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from auditor.evidence.model import Seen
from auditor.fix.steps import CopyBlob, CopyManifest, Errand, Push, Rewrite, Step, WriteIndex, tagged
from auditor.oci.document import Index
from auditor.oci.layouts.oci_layout import CONTAINERD_NAME
from auditor.oci.reference import Reference
from auditor.oci.select import entries
from auditor.plan.rewrites import placed
from auditor.site import Site
from auditor.site.charts import PlacedChart
from auditor.site.copies import ComparedCopy
from auditor.site.images import Payload, Placement
from auditor.site.layers import leads_outside


@dataclass(frozen=True, slots=True)
class Stayed:
    """An image that no script copies, and the reason."""

    reference: Reference
    why: str


_Pins = frozenset[tuple[str, str]]  # repository and digest of every need by digest


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One image for one pool: its placement at the source, and the observed copy that the pool pulls."""

    placement: Placement
    copy: ComparedCopy | None

    @property
    def payload(self) -> Payload | None:
        """The manifest that the pool runs."""
        return self.placement.resolution.payload

    @property
    def kept(self) -> Payload | None:
        """The manifest in the copy that the pool would run now."""
        return self.copy.kept.resolution.payload if self.copy is not None else None

    @property
    def lacking(self) -> tuple[str, ...]:
        """The digests of the copied manifest that were not observed in the copy."""
        return self.copy.lacking if self.copy is not None else ()

    @property
    def has_arrived(self) -> bool:
        """Whether the copy gives the pool the same result as the source, with every layer observed."""
        if self.copy is None or not self.copy.is_complete:
            return False
        return self.copy.kept.standing.rank <= self.placement.standing.rank


def errands(site: Site) -> tuple[tuple[Errand, ...], tuple[Stayed, ...]]:
    """Return what to copy to the internal registry, and the images that cannot be copied. The plan must name one."""
    carried: list[Errand] = []
    stayed: list[Stayed] = []
    pins = frozenset((need.reference.repository, need.reference.digest) for need in site.needs.needs if need.reference.digest)
    for reference, wanted in _by_image(site):
        made = _errand(site, reference, wanted, pins)
        if isinstance(made, Stayed):
            stayed.append(made)
        elif made is not None:
            carried.append(made)
    for chart in site.charts:
        made = _chart_errand(chart)
        if isinstance(made, Stayed):
            stayed.append(made)
        elif made is not None and made not in carried:
            carried.append(made)
    return tuple(carried), tuple(stayed)


def _chart_errand(chart: PlacedChart) -> Errand | Stayed | None:
    """Return how to copy one chart; None if the internal registry has it, or if no exact version is known."""
    reference, target = chart.wanted.reference, chart.at
    if reference is None or target is None or isinstance(chart.target, Seen):
        return None
    if chart.is_internal:
        return Stayed(reference, "it is a chart that the release takes from the internal registry: push it with `helm push`")
    if not isinstance(chart.source, Seen):
        return Stayed(reference, "it is a chart, and its source does not have it or was not observed")
    digest = chart.source.value.digest
    return Errand(reference, target, (CopyManifest(reference, target, digest),), digest)


def _by_image(site: Site) -> Iterator[tuple[Reference, list[_Wanted]]]:
    copies = {copy.kept.need: copy for copy in site.copies}
    every = (_Wanted(placement, copies.get(placement.need)) for placement in site.images.placements)
    for reference, group in groupby(every, lambda wanted: wanted.placement.image.reference):
        yield reference, list(group)


def _errand(site: Site, reference: Reference, wanted: list[_Wanted], pins: _Pins) -> Errand | Stayed | None:
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - nothing is copied without an internal registry
    target = placed(registry, reference)
    if target == reference and site.source is not None:
        return None  # nodes already pull it under this name
    image = wanted[0].placement.image
    runnable = [one for one in wanted if one.payload is not None]
    urls = any(_leads_outside(site, one.kept if one.has_arrived else one.payload) for one in runnable)
    if wanted == runnable and all(one.has_arrived for one in wanted) and not (urls and _is_inside(wanted[0])):
        return None
    if (pushed := _out_of_archive(site, wanted, target)) is not None:
        return Errand(reference, _by_tag(target), (pushed,))
    if site.source is None:
        return Stayed(reference, "its source was not observed, and no archive contains it for every pool")
    if image.absent:
        return Stayed(reference, f"its source does not have it: {image.absent}")
    if image.trouble is not None:
        return Stayed(reference, f"its source could not be read: {image.trouble.detail}")
    if not runnable:
        return Stayed(reference, "its source has no manifest that is known to run on a pool")
    is_whole = bool(reference.digest) or (reference.repository, image.digest) in pins
    is_whole = is_whole or (site.transfer is not None and site.transfer.keeps_indexes)
    steps = tuple(
        _rewritten(runnable, reference, target) if urls else _copied(runnable, reference, _by_tag(target), is_whole=is_whole)
    )
    layers = frozenset(layer.digest for payload in _parts(runnable).values() for layer in payload.foreign)
    return Errand(reference, tagged(target) if urls else target, steps, image.digest, layers) if steps else None


def _out_of_archive(site: Site, wanted: list[_Wanted], target: Reference) -> Push | None:
    """Return the push from the only archive with the image for every pool and no external layers; else None."""
    if site.archives is None or not _is_inside(wanted[0]) or any(one.copy and one.copy.image.digest for one in wanted):
        return None
    needs = {one.placement.need for one in wanted}
    held = [one for one in site.archives.held if one.placement.need in needs]
    entries = {(one.entry.archive.path, one.entry.root.digest): one.entry for one in held if one.entry is not None}
    entry = next(iter(entries.values()), None)
    if entry is None or len(entries) > 1 or any(one.entry is None or not _is_sound(site, one.placement) for one in held):
        return None
    archive, root = entry.archive, entry.root
    # Only containerd reads the name from that annotation.
    name = next((name for name in root.names if root.name_source != CONTAINERD_NAME), "")
    if not name and len(archive.inventory.images) > 1:
        return None
    inventory = archive.inventory
    return Push(archive.path, inventory.format, name, _by_tag(target), len(inventory.images) == 1, inventory.is_folder)


def _is_sound(site: Site, placement: Placement) -> bool:
    """Whether an archive has a manifest that the pool runs, without layers from external hosts."""
    return placement.resolution.payload is not None and not _leads_outside(site, placement.resolution.payload)


def _leads_outside(site: Site, payload: Payload | None) -> bool:
    """Whether a layer has a URL of an external host."""
    layers = payload.foreign if payload is not None else ()
    return any(leads_outside(url, site.reach) for layer in layers for url in layer.urls or ())


def _parts(wanted: list[_Wanted]) -> dict[str, Payload]:
    """Return the manifests that pools run, by digest."""
    return {one.payload.digest: one.payload for one in wanted if one.payload is not None}


def _by_tag(target: Reference) -> Reference:
    """Return `target` with its tag only, if it has a tag."""
    return replace(target, digest="") if target.tag else target


def _rewritten(wanted: list[_Wanted], reference: Reference, target: Reference) -> Iterator[Step]:
    if all(one.has_arrived and _is_inside(one) for one in wanted):
        yield Rewrite(target, tagged(target), tuple(dict.fromkeys(one.kept.digest for one in wanted if one.kept is not None)))
    else:
        yield Rewrite(reference, tagged(target), tuple(_parts(wanted)))


def _copied(wanted: list[_Wanted], reference: Reference, target: Reference, *, is_whole: bool) -> Iterator[Step]:
    """Yield steps that copy the whole image if its digest must stay, else the manifests that pools run and a new index."""
    image, parts = wanted[0].placement.image, _parts(wanted)
    if not isinstance(image.document, Index) or is_whole or _is_all(image.document, parts):
        if _stands(wanted, image.digest):
            yield from (_of_part(reference, target, payload) for payload in _dropped(wanted))
        else:
            if isinstance(image.document, Index) and wanted[0].copy is None:
                # The copy was not observed: the index may exist while one of its manifests is missing.
                yield from (_of_part(reference, target, payload) for payload in parts.values())
            foreign = any(payload.foreign for payload in parts.values())
            yield CopyManifest(reference.at(image.digest), target, image.digest, foreign)
        yield from _blobs(wanted, reference, target)
        return
    yield from (_of_part(reference, target, payload) for digest, payload in parts.items() if not _was_seen(wanted, digest))
    yield from _blobs(wanted, reference, target)
    if not _lists(wanted, parts):
        yield WriteIndex(target, tuple(parts))


def _of_part(reference: Reference, target: Reference, payload: Payload) -> CopyManifest:
    digest = payload.digest
    return CopyManifest(reference.at(digest), target.at(digest), digest, bool(payload.foreign))


def _is_all(index: Index, parts: dict[str, Payload]) -> bool:
    """Whether the pools run every manifest of the index."""
    return {descriptor.digest for descriptor, _ in entries(index)} <= parts.keys()


def _is_inside(wanted: _Wanted) -> bool:
    """Whether the internal registry was queried for the image."""
    return wanted.copy is not None and wanted.copy.is_inside


def _stands(wanted: list[_Wanted], digest: str) -> bool:
    """Whether the internal registry has the image under its digest, even if some of its parts are missing."""
    return any(one.copy is not None and one.copy.is_inside and one.copy.image.digest == digest for one in wanted)


def _was_seen(wanted: list[_Wanted], digest: str) -> bool:
    return any(_is_inside(one) and one.kept is not None and one.kept.digest == digest for one in wanted)


def _lists(wanted: list[_Wanted], parts: dict[str, Payload]) -> bool:
    """Whether the tag in the internal registry is an index with every manifest that pools run."""
    copy = wanted[0].copy
    document = copy.image.document if copy is not None and copy.is_inside else None
    return isinstance(document, Index) and parts.keys() <= {child.digest for child in document.manifests}


def _dropped(wanted: list[_Wanted]) -> Iterator[Payload]:
    """Yield the manifests that an index in the internal registry lists but that are missing."""
    gone = {one.payload.digest: one.payload for one in wanted if one.payload and one.copy and one.copy.kept.resolution.dropped}
    yield from gone.values()


def _blobs(wanted: list[_Wanted], reference: Reference, target: Reference) -> Iterator[Step]:
    """Yield steps for the layers that a manifest in the internal registry lacks."""
    lacking = {
        (one.payload.digest, digest): None
        for one in wanted
        if one.payload is not None and _was_seen([one], one.payload.digest)
        for digest in one.lacking
    }
    yield from (CopyBlob(reference.at(manifest), target.at(manifest), digest) for manifest, digest in lacking)
