"""## What it checks
Every foreign layer is available. If the copies on the internal registry or in the plan's archives were observed, they contain
the layer. Otherwise, the layer has `urls` to download it from, or its source was observed to have the blob.

## Why it matters
Copy tools skip foreign layers silently. A skipped layer is then only available from an external host or, without `urls`, not
at all. The pull fails with `could not fetch content descriptor … from remote: not found`.

## How to fix
Get the layer from a host or an archive that still has it, copy the image with `--allow-nondistributable-artifacts`, or
rebuild it on a base from after June 2023. If the internal registry already has the manifest, crane uploads nothing: copy the
layer separately.

## When it is undetermined
The manifest for the pool could not be read. Or the registry that should have the layer was not requested for it or did not
answer. Before the copy, layers with `urls` are reported only by `foreign-layer-egress`.

## References
containers/image manifest fixtures; OCI image-spec layer.md, non-distributable layers; facts/media_types.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import (
    PASSED,
    Area,
    Finding,
    Outcome,
    Part,
    Remedy,
    RemedyKind,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.evidence.model import Absent, Failed, Kind, Seen
from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference
from auditor.site import Requirement, Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Placement, Trouble
from auditor.site.layers import foreign_layers
from auditor.text import format_size
from checks._shared.affected import of_placements
from checks._shared.bringing import with_foreign_layers
from checks._shared.placed import unknown, with_payload

_Said = Finding | Undetermined | None


def _subject(layer: Descriptor) -> Subject:
    return Subject("layer", layer.digest)


def _finding(site: Site, placement: Placement, layer: Descriptor, why: str, place: str) -> Finding:
    image = placement.image.reference
    return Finding(
        subject=_subject(layer),
        parts=(
            Part(
                f"{image} has a foreign layer ({format_size(layer.size)}). {why} Copy tools skip such layers, so no node can "
                "pull the image."
            ),
            Part("Error on the node: `could not fetch content descriptor: not found`.", Role.SYMPTOM),
        ),
        facts={"image": str(image), "media_type": layer.media_type, "bytes": layer.size, "place": place},
        location=placement.need.why[0].location,
        remedy_kind=RemedyKind.COPY_LAYER,
        remedies=(_remedy(site, image, layer, place),),
    )


def _remedy(site: Site, image: Reference, layer: Descriptor, place: str) -> Remedy:
    """Return the remedy that copies the layer to `place`, a repository with the manifest, or the whole image without one."""
    if not place or site.source is None or image in site.with_outside_urls:
        return with_foreign_layers(
            site, [image], "Copy it with its foreign layers from a registry that has them, or rebuild it on a newer base."
        )
    blob = shlex.quote(f"{image.repository}@{layer.digest}")
    checksum = shlex.quote(f"{layer.digest.removeprefix('sha256:')}  layer.tar.gz")
    fetch = f"curl -fL -o layer.tar.gz {shlex.quote(layer.urls[0])}" if layer.urls else f"crane blob {blob} > layer.tar.gz"
    return Remedy(
        "copy",
        "Copy the layer separately: the manifest is already there, so another copy of the image uploads nothing.",
        (
            fetch,
            f"echo {checksum} | sha256sum -c",
            f"crane append -f layer.tar.gz -t {shlex.quote(f'{place}:foreign-layer')}",
        ),
    )


def _at_source(site: Site, placement: Placement, layer: Descriptor) -> _Said:
    """Return the outcome for a layer of an image without an observed copy, or None if the layer is available."""
    if layer.urls:
        return None
    repository = placement.image.reference.repository
    match site.evidence.blob(repository, layer.digest):
        case Seen():
            return None
        case Absent():
            return _finding(site, placement, layer, f"It has no URL, and {repository} does not have it.", "")
        case Failed(kind, detail) as failed:
            return unknown(_subject(layer), Trouble(kind, f"{repository}: {detail}", failed.faults))
        case None:
            detail = f"the layer has no URL, and it was not observed in {repository}"
            return unknown(_subject(layer), Trouble(Kind.MISSING_EVIDENCE, detail))


def _in_copy(site: Site, copy: ComparedCopy, layer: Descriptor) -> _Said:
    """Return the outcome for a layer of an observed copy, or None if the copy has it."""
    match copy.blob(layer.digest):
        case Seen():
            return None
        case Absent():
            place = copy.at.repository if copy.at is not None else ""
            return _finding(site, copy.kept, layer, f"{copy.place} does not have it.", place)
        case Failed(kind, detail) as failed:
            return unknown(_subject(layer), Trouble(kind, f"{copy.place}: {detail}", failed.faults))
        case None:
            return unknown(_subject(layer), Trouble(Kind.MISSING_EVIDENCE, f"{copy.place}: the layer was not observed"))


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per layer, and count what passed per image and pool."""
    copies = {copy.kept.need: copy for copy in site.copies if copy.kept.resolution.payload is not None}
    said: dict[tuple[str, bool], Finding | Undetermined] = {}
    where: dict[tuple[str, bool], list[Placement]] = {}
    for placement in with_payload(site):
        if isinstance(placement, Undetermined):
            yield placement
            continue
        if not foreign_layers(placement):
            if placement.resolution.trouble is None:
                yield PASSED
            continue
        outcomes = [(layer, outcome) for layer, outcome in _judged(site, placement, copies) if outcome is not None]
        if not outcomes and placement.resolution.trouble is None:
            yield PASSED
        for layer, outcome in outcomes:
            key = layer.digest, isinstance(outcome, Finding)
            said.setdefault(key, outcome)
            where.setdefault(key, []).append(placement)
    yield from (replace(outcome, affects=of_placements(where[key])) for key, outcome in said.items())


def _judged(site: Site, placement: Placement, copies: dict[Need, ComparedCopy]) -> Iterator[tuple[Descriptor, _Said]]:
    copy = copies.get(placement.need)
    if copy is not None:
        yield from ((layer, _in_copy(site, copy, layer)) for layer in foreign_layers(copy.kept))
    else:
        yield from ((layer, _at_source(site, placement, layer)) for layer in foreign_layers(placement))


CHECK = define(
    run,
    title="Foreign layer is not available from any registry",
    holds="Foreign layers are available from a registry",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
)
