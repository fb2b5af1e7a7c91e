"""## What it checks
No layer of a foreign media type is without a place to get it from: neither `urls` to fetch it outside, nor proof that a
registry has the blob.

## Why it matters
Copy tools leave layers of these media types behind without a word. Without `urls` nothing can fetch them later: the pull
ends with `could not fetch content descriptor … from remote: not found`.

## How to fix
Get the layer from a host or an archive that still has it, push it with `--allow-nondistributable-artifacts`, or rebuild
the image on a base from after June 2023.

## When it cannot tell
The manifest for the pool could not be read. Layers that do have `urls` are the matter of `foreign-layer-egress`.

## References
containers/image manifest fixtures; OCI image-spec layer.md, non-distributable layers; facts/media_types.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Seen
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.sizing.budget import format_bytes
from checks.placed import with_payload

ID = "foreign-layer-unavailable"


def _stranded(site: Site, placement: Placement) -> list[Descriptor]:
    repository = placement.image.reference.repository
    return [
        layer
        for layer in foreign_layers(placement)
        if not layer.urls and not isinstance(site.evidence.blob(repository, layer.digest), Seen)
    ]


def _finding(placement: Placement, layer: Descriptor) -> Finding:
    image = placement.image.reference
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=Subject("layer", layer.digest),
        message=f"A layer of {image} ({format_bytes(layer.size)}) is marked as not to be redistributed and names no URL: copy "
        'tools leave it behind, and no node can fetch it. A node would say: "could not fetch content descriptor: not found".',
        facts={"image": str(image), "media_type": layer.media_type, "bytes": layer.size},
        location=placement.need.why[0].location,
        remedies=(
            Remedy(
                "copy",
                "Copy it with its foreign layers from a registry that has them, or rebuild it on a newer base.",
                (f"crane copy --allow-nondistributable-artifacts {image} TARGET",),
            ),
        ),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per layer; what is fine is counted per image and pool."""
    fine = 0
    said: set[str] = set()
    for placement in with_payload(site, ID):
        if isinstance(placement, Undetermined):
            yield placement
            continue
        stranded = _stranded(site, placement)
        fine += not stranded
        for layer in stranded:
            if layer.digest not in said:
                said.add(layer.digest)
                yield _finding(placement, layer)
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A foreign layer can be had from nowhere",
    family="windows",
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
)
