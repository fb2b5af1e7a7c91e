"""## What it checks
No layer of a foreign media type is without a place to get it from. Where copies are looked at, on the registry inside or in
the plan's archives, they must have it; else `urls` to fetch it outside, or proof that its source has the blob.

## Why it matters
Copy tools leave layers of these media types behind without a word. What is left behind can only be had from outside, and
without `urls` not even there: the pull ends with `could not fetch content descriptor … from remote: not found`.

## How to fix
Get the layer from a host or an archive that still has it, copy the image with `--allow-nondistributable-artifacts`, or
rebuild it on a base from after June 2023. Where the registry inside has the manifest already, crane sees that and uploads
nothing any more: then bring the layer by itself.

## When it cannot tell
The manifest for the pool could not be read, or the registry that should have the layer was not asked for it or did not
answer. Before anything is copied,
layers that do have `urls` are the matter of `foreign-layer-egress` alone.

## References
containers/image manifest fixtures; OCI image-spec layer.md, non-distributable layers; facts/media_types.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Role, Severity, Subject, Undetermined, define
from auditor.evidence.model import Absent, Failed, Kind, Seen
from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference
from auditor.site import Requirement, Site
from auditor.site.copies import Copy
from auditor.site.images import Placement, Trouble
from auditor.site.layers import foreign_layers
from auditor.text import format_size
from checks.affected import of_placements
from checks.bringing import with_foreign_layers
from checks.placed import unknown, with_payload

ID = "foreign-layer-unavailable"
_Said = Finding | Undetermined | None


def _subject(layer: Descriptor) -> Subject:
    return Subject("layer", layer.digest)


def _finding(site: Site, placement: Placement, layer: Descriptor, why: str, place: str) -> Finding:
    image = placement.image.reference
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=_subject(layer),
        parts=(
            Part(
                f"A layer of {image} ({format_size(layer.size)}) is marked as not to be redistributed{why}: copy tools leave "
                "it behind, and no node can fetch it."
            ),
            Part('A node would say: "could not fetch content descriptor: not found".', Role.SYMPTOM),
        ),
        facts={"image": str(image), "media_type": layer.media_type, "bytes": layer.size, "place": place},
        location=placement.need.why[0].location,
        remedy_kind=RemedyKind.COPY_LAYER,
        remedies=(_remedy(site, image, layer, place),),
    )


def _remedy(site: Site, image: Reference, layer: Descriptor, place: str) -> Remedy:
    """How to get the layer to `place`, a repository that has the manifest already, or with a copy yet to be made."""
    if not place or site.source is None or image in site.with_outside_urls:
        return with_foreign_layers(
            site, [image], "Copy it with its foreign layers from a registry that has them, or rebuild it on a newer base."
        )
    blob = shlex.quote(f"{image.repository}@{layer.digest}")
    checksum = shlex.quote(f"{layer.digest.removeprefix('sha256:')}  layer.tar.gz")
    fetch = f"curl -fL -o layer.tar.gz {shlex.quote(layer.urls[0])}" if layer.urls else f"crane blob {blob} > layer.tar.gz"
    return Remedy(
        "copy",
        "Bring the layer by itself: as the manifest is there already, copying the image once more would upload nothing.",
        (
            fetch,
            f"echo {checksum} | sha256sum -c",
            f"crane append -f layer.tar.gz -t {shlex.quote(f'{place}:foreign-layer')}",
        ),
    )


def _at_source(site: Site, placement: Placement, layer: Descriptor) -> _Said:
    """What is to be said of a layer that nobody looked for in a copy; None when it can be had."""
    if layer.urls:
        return None
    repository = placement.image.reference.repository
    match site.evidence.blob(repository, layer.digest):
        case Seen():
            return None
        case Absent():
            return _finding(site, placement, layer, f" and names no URL, and {repository} does not have it", "")
        case Failed(kind, detail) as failed:
            return unknown(ID, _subject(layer), Trouble(kind, f"{repository}: {detail}", failed.faults))
        case None:
            detail = f"the layer names no URL, and {repository} was not asked for it"
            return unknown(ID, _subject(layer), Trouble(Kind.MISSING_EVIDENCE, detail))


def _in_copy(site: Site, copy: Copy, layer: Descriptor) -> _Said:
    """What is to be said of a layer where the nodes will get the image from; None when it is there."""
    match copy.blob(layer.digest):
        case Seen():
            return None
        case Absent():
            place = copy.at.repository if copy.at is not None else ""
            return _finding(site, copy.kept, layer, f", and {copy.place} does not have it", place)
        case Failed(kind, detail) as failed:
            return unknown(ID, _subject(layer), Trouble(kind, f"{copy.place}: {detail}", failed.faults))
        case None:
            return unknown(ID, _subject(layer), Trouble(Kind.MISSING_EVIDENCE, f"nobody asked {copy.place} for the layer"))


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per layer; what is fine is counted per image and pool."""
    copies = {copy.kept.need: copy for copy in site.copies if copy.kept.resolution.payload is not None}
    fine = 0
    said: dict[tuple[str, bool], Finding | Undetermined] = {}
    where: dict[tuple[str, bool], list[Placement]] = {}
    for placement in with_payload(site, ID):
        if isinstance(placement, Undetermined):
            yield placement
            continue
        if not foreign_layers(placement):
            fine += placement.resolution.trouble is None
            continue
        outcomes = [(layer, outcome) for layer, outcome in _judged(site, placement, copies) if outcome is not None]
        fine += not outcomes and placement.resolution.trouble is None
        for layer, outcome in outcomes:
            key = layer.digest, isinstance(outcome, Finding)
            said.setdefault(key, outcome)
            where.setdefault(key, []).append(placement)
    yield from (replace(outcome, affects=of_placements(where[key])) for key, outcome in said.items())
    if fine:
        yield Fine(fine)


def _judged(site: Site, placement: Placement, copies: dict[Need, Copy]) -> Iterator[tuple[Descriptor, _Said]]:
    copy = copies.get(placement.need)
    if copy is not None:
        yield from ((layer, _in_copy(site, copy, layer)) for layer in foreign_layers(copy.kept))
    else:
        yield from ((layer, _at_source(site, placement, layer)) for layer in foreign_layers(placement))


CHECK = define(
    run,
    id=ID,
    title="A foreign layer can be had from nowhere",
    family="windows",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
)
