"""## What it checks
No layer that the copy carries keeps `urls` in its manifest that lead outside, where a pool's runtime asks them first.

## Why it matters
The blob is in the registry inside, and a node dials Microsoft all the same: containerd asks a layer's `urls` before any
registry, and gives up on every answer but 404: `failed to copy: httpReadSeeker: failed open: failed to do request: Get
"https://mcr.microsoft.com/v2/windows/…"`. Carrying the layers is half of the way.

## How to fix
Rewrite the manifest after the copy: `regctl image mod --external-urls-rm` strips the `urls` and makes the layers ordinary.
A copy through a docker-archive by skopeo does so too, as does a rebuild by BuildKit. The digest changes each time, so that
references by digest must follow.

## When it cannot tell
The facts do not know the tool or the runtime, or a manifest could not be read. Where the internal registry was observed to
have the image without such `urls`, nothing is predicted. A layer that is left behind is the matter of
`copy-drops-foreign-layers`.

## References
facts/copy_layers.yaml; facts/layer_urls.yaml; containerd core/remotes/docker/fetcher.go; containerd#7676.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, RemedyKind, Severity, define
from auditor.net import remote_of
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.copies import Copy
from auditor.site.layers import leads_outside, rule_of
from auditor.site.transfers import Carriage
from auditor.transfer.hops import Unpredicted
from auditor.transfer.layers import Fate
from checks.bringing import with_foreign_layers
from checks.copied import arrived, fine_among, layer_named, tool_of, unpredicted, where_to
from checks.placed import subject_of

ID = "copy-keeps-urls"


def _finding(site: Site, carriage: Carriage, layer: Descriptor, url: str, fate: Fate) -> Finding:
    placement, tool = carriage.placement, tool_of(site)
    remote = remote_of(url)
    host = remote.host if remote is not None else url
    return Finding(
        check=ID,
        severity=Severity.ERROR if fate.row.confidence != "low" else Severity.WARNING,
        subject=subject_of(placement),
        message=f"{tool} carries {layer_named(layer, placement.image.name)}, and leaves its urls in the manifest: "
        f"{placement.pool.runtime or 'the runtime'} of {placement.pool.name} asks {host} before {where_to(site, carriage)}, "
        "and fails when it cannot reach it.",
        case=tool,
        facts={
            "tool": tool,
            "url": url,
            "runtime": str(placement.pool.runtime or ""),
            "row": fate.row.name,
            "source": fate.row.source,
            "confidence": fate.row.confidence,
        },
        location=site.plan.where("copy", "tool"),
        remedy_kind=RemedyKind.COPY_AGAIN,
        remedies=(with_foreign_layers(site, [placement.image.reference]),),
    )


def _outside(layer: Descriptor, site: Site) -> str:
    """The first of its URLs that leads outside; empty when none does."""
    return next((url for url in layer.urls or () if leads_outside(url, site.reach)), "")


def _is_rewritten(copy: Copy | None, site: Site) -> bool:
    """Whether the internal registry was observed to have the image with no URL of an external host."""
    payload = copy.kept.resolution.payload if copy is not None and copy.is_inside else None
    return payload is not None and not any(_outside(layer, site) for layer in payload.foreign)


def _judged(site: Site, carriage: Carriage) -> Finding | Unpredicted | None:
    """What is to be said of one image for one pool; None when no layer that is carried would be asked for outside."""
    kept = [(layer, url, fate) for layer, fate in carriage.fates if (url := _outside(layer, site))]
    if not kept:
        return None
    rule = rule_of(carriage.placement)
    if rule is None:
        runtime = carriage.placement.pool.runtime
        return Unpredicted(f"the facts do not say whether {runtime} asks the URL of a layer or the registry first")
    if rule.first != "url" or not rule.fatal:
        return None
    for layer, url, fate in kept:
        if isinstance(fate, Unpredicted):
            return fate
        if fate.carried and fate.urls:
            return _finding(site, carriage, layer, url, fate)
    return None


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per image and pool; what is fine is counted per image and pool."""
    bad = 0
    unknown: list[tuple[str, Unpredicted]] = []
    at_the_end = arrived(site)
    for carriage in site.carriages:
        copy = at_the_end.get(carriage.placement.need)
        said = None if _is_rewritten(copy, site) else _judged(site, carriage)
        bad += said is not None
        if isinstance(said, Finding):
            yield said
        elif said is not None:
            unknown.append((carriage.placement.image.name, said))
    yield from unpredicted(ID, site, unknown)
    yield from fine_among(site, ID, bad)


CHECK = define(
    run,
    id=ID,
    title="The copy keeps the URLs of layers",
    family="transfer",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
