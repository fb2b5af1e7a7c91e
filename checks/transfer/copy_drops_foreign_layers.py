"""## What it checks
The plan's copy tool, at its version and with its options, carries every layer of the images that pools need, also those that
are marked as not to be redistributed or that have `urls`, on every hop of the way: into archives, and into the registry inside.

## Why it matters
Most tools leave such layers behind, with exit code 0 and without a word. The tag is there, the manifest is there, and a node
says `could not fetch content descriptor … from remote: not found`, or dials Microsoft.

## How to fix
Give the tool the option that carries them (crane `--allow-nondistributable-artifacts`, regctl `--include-external`), or take
one that has such an option. The manifest still has its `urls` then: see `copy-keeps-urls`.

## When it cannot tell
The facts do not know the tool or its version, what it does depends on an option or on the format of an archive that nobody
looked at, or a manifest could not be read. Where the internal registry was observed to have the whole image, that observation
decides: nothing is predicted, also if the copy converted a layer and so changed its digest.

## References
facts/copy_layers.yaml, where each row has its source and says whether a test of this project saw it happen.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, Part, RemedyKind, Role, Severity, define
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.transfers import Carriage
from auditor.text import format_size
from auditor.transfer.hops import Unpredicted
from auditor.transfer.layers import Fate
from checks.copied import carry, fine_among, is_there, layer_named, tool_of, unpredicted, where_to, yet_to_copy
from checks.placed import subject_of

ID = "copy-drops-foreign-layers"


def _finding(site: Site, carriage: Carriage, left: list[tuple[Descriptor, Fate]]) -> Finding:
    layer, fate = left[0]
    image, tool = carriage.placement.image.name, tool_of(site)
    more = f" and {len(left) - 1:,} more of its layers" if len(left) > 1 else ""
    them = "them" if len(left) > 1 else "it"
    is_sure = fate.row.confidence != "low"
    doubt = () if is_sure else (Part("Nobody has confirmed that yet.", Role.EFFECT),)
    return Finding(
        check=ID,
        severity=Severity.ERROR if is_sure else Severity.WARNING,
        subject=subject_of(carriage.placement),
        parts=(
            Part(
                f"{tool} leaves {layer_named(layer, image)}{more} behind: {where_to(site, carriage)} will have the manifest "
                f"without {them}, and nodes of {carriage.placement.pool.name} cannot get {them} inside.",
                names_who=True,
            ),
            *doubt,
            Part('A node would say: "could not fetch content descriptor: not found".', Role.SYMPTOM),
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
    """One finding per image and pool; what is fine is counted per image and pool."""
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
    yield from unpredicted(ID, site, unknown)
    yield from fine_among(site, ID, bad)


CHECK = define(
    run,
    id=ID,
    title="The copy tool leaves layers behind",
    family="transfer",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
