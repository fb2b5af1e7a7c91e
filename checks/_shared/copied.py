"""Shared by the checks of the planned copy: what is copied, what was observed, and what cannot be predicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.check import Affected, Fine, Remedy, Subject, Undetermined
from auditor.evidence.model import Kind, Seen
from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.plan.rewrites import placed
from auditor.site import Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Placement, Trouble
from auditor.site.transfers import Carriage
from auditor.text import format_size, listed
from auditor.transfer.copy_layers import carrying
from auditor.transfer.hops import Unpredicted
from checks._shared.bringing import with_foreign_layers
from checks._shared.placed import image_subject, unknown

SHOWN = 3


def to_copy(site: Site) -> Iterator[Placement | Undetermined]:
    """Yield the placements to copy with a known manifest.

    Yield an undetermined outcome for a manifest that could not be read, and for one that may be in an unread archive.
    """
    said: set[tuple[str, str]] = set()
    doubted = _doubted(site)
    for placement in site.to_copy.placements if site.to_copy is not None else ():
        trouble = doubted.get(placement.need, placement.resolution.trouble)
        if placement.resolution.payload is not None and placement.need not in doubted:
            yield placement
        elif trouble is not None and (key := (placement.image.name, trouble.detail)) not in said:
            said.add(key)
            yield unknown(image_subject(placement.image), trouble)


def _doubted(site: Site) -> dict[Need, Trouble]:
    """Return the needs that an archive may meet that could not be read completely, with the reason."""
    held = site.archives.held if site.archives is not None else ()
    troubles = ((one.placement.need, one.placement.resolution.trouble) for one in held if one.entry is None)
    return {need: trouble for need, trouble in troubles if trouble is not None}


def fine_among(site: Site, bad: int) -> Iterator[Undetermined | Fine]:
    """Yield what could not be read and the number of passed placements. `bad` counts read placements that did not pass."""
    fine = -bad
    for placement in to_copy(site):
        if isinstance(placement, Undetermined):
            yield placement
        else:
            fine += placement.resolution.trouble is None
    yield Fine(max(0, fine))


def tool_of(site: Site) -> str:
    """Return the copy tool with its version, or an empty string."""
    return str(site.transfer.tool) if site.transfer is not None else ""


def unpredicted(site: Site, images: Iterable[tuple[str, Unpredicted]]) -> Iterator[Undetermined]:
    """Yield one outcome per reason, with the images that it concerns."""
    reasons: dict[Unpredicted, dict[str, None]] = {}
    for image, reason in images:
        reasons.setdefault(reason, {})[image] = None
    for reason, concerned in reasons.items():
        names = listed([*concerned], SHOWN)
        kind = Kind.MISSING_EVIDENCE if reason.missing else Kind.UNSUPPORTED
        detail = f"{reason.why}; this concerns {names}"
        yield Undetermined(Subject("copy", tool_of(site)), kind, detail, affects=(Affected(tuple(concerned)),))


def arrived(site: Site) -> dict[Need, ComparedCopy]:
    """Return the observed copies of images with foreign layers, at the last stop of the transfer, by need."""
    if not site.carriages:
        return {}
    concerned = {carriage.placement.need for carriage in site.carriages}
    at_the_end = site.plan.registry is None or site.target is not None
    return {
        copy.kept.need: copy
        for copy in (site.copies if at_the_end else ())
        if copy.kept.need in concerned and copy.kept.resolution.payload is not None
    }


def is_there(copy: ComparedCopy | None, layer: Descriptor) -> bool:
    """Whether the layer was observed at the last stop of the transfer."""
    return copy is not None and isinstance(copy.blob(layer.digest), Seen)


def yet_to_copy(site: Site) -> Iterator[tuple[Carriage, ComparedCopy | None]]:
    """Yield the predictions for images that were not observed complete at the last stop, each with its observed copy.

    If the whole image was observed, the observation decides: a copy can convert a layer and so change its digest.
    """
    at_the_end = arrived(site)
    for carriage in site.carriages:
        copy = at_the_end.get(carriage.placement.need)
        if copy is None or not copy.is_complete:
            yield carriage, copy


def where_to(site: Site, carriage: Carriage) -> str:
    """Return the last stop of the image: its name on the internal registry, or `the archive`."""
    registry = site.plan.registry
    return str(placed(registry, carriage.placement.image.reference)) if registry is not None else "the archive"


def carry(site: Site, carriage: Carriage) -> Remedy:
    """Return the remedy for a foreign layer: strip its external `urls`, else use the option of the plan's tool."""
    transfer, image = site.transfer, carriage.placement.image.reference
    assert transfer is not None  # noqa: S101 - a carriage exists only with a copy
    if image in site.with_outside_urls:
        return with_foreign_layers(site, [image])
    hop = transfer.ways(image)[0][-1]
    option = carrying(hop.tool, hop.version, hop.origin, hop.to)
    note = "If the manifest is already on the internal registry, crane uploads nothing"
    if hop.tool == "crane" and option:
        return with_foreign_layers(site, [image], f"Run crane with {option}, for copy and for push. {note}.")
    if option:
        return Remedy("copy", f"Run {hop.tool} with {option}.")
    return with_foreign_layers(site, [image], f"Copy it with crane: {hop.tool} has no option for foreign layers. {note}.")


def layer_named(layer: Descriptor, image: str) -> str:
    """Return a description of a layer, with its size and media type."""
    return f"a layer of {image} ({format_size(layer.size)}, {layer.media_type or 'without a media type'})"
