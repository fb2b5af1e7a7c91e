"""## What it checks
No copied layer keeps external `urls` in its manifest if the runtime of a pool requests these URLs first.

## Why it matters
The blob is in the internal registry, but the node still connects to Microsoft. containerd requests a layer's `urls` before
any registry, and fails on every response except 404: `failed to copy: httpReadSeeker: failed open: failed to do request: Get
"https://mcr.microsoft.com/v2/windows/…"`. Copying the layers is not enough.

## How to fix
Rewrite the manifest after the copy. `regctl image mod --external-urls-rm` removes the `urls` and converts the layers to
ordinary ones. A skopeo copy through a docker-archive or a rebuild with BuildKit has the same effect. Each of these changes
the digest, so update references by digest.

## When it is undetermined
The facts do not cover the tool or the runtime, or a manifest could not be read. If the internal registry was observed to have
the image without such `urls`, nothing is predicted. A layer that is not copied is reported by `copy-drops-foreign-layers`.

## References
facts/copy_layers.yaml; facts/layer_urls.yaml; containerd core/remotes/docker/fetcher.go; containerd#7676.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Outcome, RemedyKind, Severity, define
from auditor.facts.lookup import Gap
from auditor.net import remote_of
from auditor.oci.document import Descriptor
from auditor.site import Requirement, Site
from auditor.site.copies import ComparedCopy
from auditor.site.layers import leads_outside, rule_of
from auditor.site.transfers import Carriage
from auditor.transfer.copy_layers import Fate
from auditor.transfer.hops import Unpredicted
from checks._shared.bringing import with_foreign_layers
from checks._shared.copied import arrived, fine_among, layer_named, tool_of, unpredicted, where_to
from checks._shared.placed import subject_of


def _finding(site: Site, carriage: Carriage, layer: Descriptor, url: str, fate: Fate) -> Finding:
    placement, tool = carriage.placement, tool_of(site)
    remote = remote_of(url)
    host = remote.host if remote is not None else url
    return Finding(
        severity=Severity.ERROR if fate.row.is_proven else Severity.WARNING,
        subject=subject_of(placement),
        message=f"{tool} copies {layer_named(layer, placement.image.name)}, but keeps its `urls` in the manifest. "
        f"{placement.pool.runtime or 'The runtime'} of {placement.pool.name} requests the layer from {host} before "
        f"{where_to(site, carriage)}. Offline, this request fails, and so does the pull.",
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
    """Return the layer's first external URL, or an empty string."""
    return next((url for url in layer.urls or () if leads_outside(url, site.reach)), "")


def _is_rewritten(copy: ComparedCopy | None, site: Site) -> bool:
    """Whether the internal registry was observed to have the image with no URL of an external host."""
    payload = copy.kept.resolution.payload if copy is not None and copy.is_inside else None
    return payload is not None and not any(_outside(layer, site) for layer in payload.foreign)


def _judged(site: Site, carriage: Carriage) -> Finding | Unpredicted | None:
    """Return the outcome for one image and pool, or None if no copied layer is requested from an external host."""
    kept = [(layer, url, fate) for layer, fate in carriage.fates if (url := _outside(layer, site))]
    if not kept:
        return None
    rule = rule_of(carriage.placement)
    if isinstance(rule, Gap):
        runtime = carriage.placement.pool.runtime
        why = f"it is unknown whether {runtime} requests the URL of a layer or the registry first: {rule.why}"
        return Unpredicted(why, missing=rule.missing)
    if rule.first != "url" or not rule.fatal:
        return None
    for layer, url, fate in kept:
        if isinstance(fate, Unpredicted):
            return fate
        if fate.carried and fate.urls:
            return _finding(site, carriage, layer, url, fate)
    return None


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per image and pool, and count what passed per image and pool."""
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
    yield from unpredicted(site, unknown)
    yield from fine_among(site, bad)


CHECK = define(
    run,
    title="Copied manifests keep external layer URLs",
    holds="Copied manifests have no external layer URLs",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
