"""## What it checks
The plan's copy tool, in its version and with its options, copies every layer of the images that pools need. This includes
foreign layers and layers with `urls`, on every step: into archives, and into the internal registry.

## Why it matters
Most tools skip such layers silently and exit with code 0. The tag and the manifest are then in the internal registry, but a
node fails with `could not fetch content descriptor … from remote: not found`, or requests the layer from Microsoft.

## How to fix
Use the option that copies these layers (crane `--allow-nondistributable-artifacts`, regctl `--include-external`), or a tool
that has such an option. The manifest still contains the `urls`: see `copy-keeps-urls`.

## When it is undetermined
The facts do not cover the tool or its version. Its behaviour depends on an option or an archive format that is unknown. Or a
manifest could not be read. If the internal registry was observed to have the whole image, that observation decides and
nothing is predicted. This holds even if the copy converted a layer and so changed its digest.

## References
facts/copy_layers.yaml, where each row states its source and whether a test of this project confirms it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, Part, RemedyKind, Role, Severity, define
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.transfers import Carriage
from auditor.text import format_size
from auditor.transfer.copy_layers import Fate
from auditor.transfer.hops import Unpredicted
from checks._shared.copied import carry, fine_among, is_there, layer_named, tool_of, unpredicted, where_to, yet_to_copy
from checks._shared.placed import subject_of


def _finding(site: Site, carriage: Carriage, left: list[tuple[Descriptor, Fate]]) -> Finding:
    layer, fate = left[0]
    image, tool = carriage.placement.image.name, tool_of(site)
    more = f" and {len(left) - 1:,} more of its layers" if len(left) > 1 else ""
    them = "them" if len(left) > 1 else "it"
    is_sure = fate.row.is_proven
    doubt = () if is_sure else (Part("No test has confirmed this yet.", Role.EFFECT),)
    return Finding(
        severity=Severity.ERROR if is_sure else Severity.WARNING,
        subject=subject_of(carriage.placement),
        parts=(
            Part(
                f"{tool} does not copy {layer_named(layer, image)}{more}. {where_to(site, carriage)} will have the manifest "
                f"without {them}, so nodes of {carriage.placement.pool.name} cannot pull the image.",
                names_who=True,
            ),
            *doubt,
            Part("Error on the node: `could not fetch content descriptor: not found`.", Role.SYMPTOM),
        ),
        case=tool,
        facts={
            "tool": tool,
            "row": fate.row.name,
            "source": fate.row.source,
            "confidence": fate.row.confidence,
            "confirmed": fate.row.confirmed,
            "layers": tuple(layer.digest for layer, _ in left),
            "bytes": sum(max(0, layer.size) for layer, _ in left),
            "left": format_size(sum(max(0, layer.size) for layer, _ in left)),
        },
        location=site.plan.where("copy", "tool"),
        remedy_kind=RemedyKind.COPY_AGAIN,
        remedies=(carry(site, carriage),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per image and pool, and count what passed per image and pool."""
    bad = 0
    unknown: list[tuple[str, Unpredicted]] = []
    for carriage, copy in yet_to_copy(site):
        left = [(layer, fate) for layer, fate in carriage.left if not is_there(copy, layer)]
        open_ = [fate for layer, fate in carriage.fates if isinstance(fate, Unpredicted) and not is_there(copy, layer)]
        if left and copy is not None and copy.doubt:
            open_ = [Unpredicted(copy.doubt, missing=True)]
        elif left:
            yield _finding(site, carriage, left)
        unknown += [(carriage.placement.image.name, fate) for fate in open_[:1]]
        bad += bool(left or open_)
    yield from unpredicted(site, unknown)
    yield from fine_among(site, bad)


CHECK = define(
    run,
    title="Copy tool does not copy all layers",
    holds="The copy tool copies all layers",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
