"""## What it checks
No layer that a pool pulls has an external URL (`urls`) that the pool cannot reach. The media type of the layer does not
matter. If the planned copy is known to convert a layer to an ordinary one, it counts as ordinary until its manifest is
observed on the internal registry. Then the observation decides.

## Why it matters
containerd requests such a URL before any registry, and fails on every response except 404, even if the internal registry has
the layer. The node connects to mcr.microsoft.com or go.microsoft.com. The pull hangs and fails: `failed to copy:
httpReadSeeker: failed open: failed to do request: Get "https://mcr.microsoft.com/v2/windows/…"`.

## How to fix
Copying the layer is not sufficient: remove the `urls` from the manifest. Use `regctl image mod --external-urls-rm`, a skopeo
copy through a docker-archive, or a rebuild on a base from after June 2023. Each of these changes the digest.

## When it is undetermined
The manifest for the pool could not be read. The facts do not cover the pool's runtime. Or the result depends on the version
of the runtime, and the plan does not state it.

## References
containerd core/remotes/docker/fetcher.go; containerd#7676; facts/layer_urls.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import (
    PASSED,
    Affected,
    Area,
    ConnectionKind,
    Finding,
    Outcome,
    Part,
    RemedyKind,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.evidence.model import Kind
from auditor.facts.lookup import Gap
from auditor.oci.reference import parse_reference
from auditor.site import Requirement, Site
from auditor.site.layers import LayerEgress, url_doubt
from auditor.text import and_more, format_size
from auditor.transfer.pull import PullRule
from checks._shared.affected import of_placements
from checks._shared.bringing import with_foreign_layers
from checks._shared.placed import with_payload

SHOWN = 10


def _subject(egress: LayerEgress) -> Subject:
    return Subject("layer", egress.layer.digest, pool=egress.pool)


def _parts(egress: LayerEgress, rule: PullRule) -> tuple[Part, ...]:
    url, host = egress.urls[0], egress.remotes[0].host
    images = and_more(egress.images[0], len(egress.images))
    order = "requests this URL before any registry" if rule.first == "url" else "requests the registry first, then this URL"
    symptom = rule.symptom.format(url=url, host=host)
    size = format_size(egress.layer.size)
    return (
        Part(f"A layer of {images} ({size}) has the URL {url}, and {egress.pool} cannot reach {host}.", names_who=True),
        Part(f"{egress.runtime} {order}. If the URL is blocked, {rule.when_blocked}.", Role.EFFECT),
        Part(f"Error on the node: `{symptom}`.", Role.SYMPTOM, rule.symptom),
    )


def _affected(egress: LayerEgress) -> tuple[Affected, ...]:
    return (Affected(egress.images, (egress.pool,)),)


def _finding(site: Site, egress: LayerEgress, rule: PullRule) -> Finding:
    return Finding(
        severity=Severity.ERROR if rule.first == "url" and rule.fatal else Severity.WARNING,
        subject=_subject(egress),
        parts=_parts(egress, rule),
        facts={
            "urls": egress.urls,
            "media_type": egress.layer.media_type,
            "bytes": egress.layer.size,
            "images": egress.images[:SHOWN],
            "image_count": len(egress.images),
            "runtime": str(egress.runtime),
            "asks_first": rule.first,
            "fatal": rule.fatal,
            "source": rule.source,
            "confidence": rule.confidence,
        },
        location=egress.location,
        remedy_kind=RemedyKind.STRIP_URLS,
        remedies=(with_foreign_layers(site, map(parse_reference, egress.images)),),
        affects=_affected(egress),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per layer and pool, and count what passed per image and pool."""
    bad: set[tuple[str, str]] = set()
    for egress in site.layer_egress:
        bad.update((image, egress.pool) for image in egress.images)
        if egress.delivery_doubt:
            trouble = egress.delivery_doubt
            yield Undetermined(_subject(egress), trouble.kind, trouble.detail, trouble.faults, affects=_affected(egress))
        elif isinstance(egress.rule, Gap):
            detail = f"it is unknown whether {egress.runtime} requests the URL or the registry first: {egress.rule.why}"
            kind = Kind.MISSING_EVIDENCE if egress.rule.missing else Kind.UNSUPPORTED
            yield Undetermined(_subject(egress), kind, detail, affects=_affected(egress))
        else:
            yield _finding(site, egress, egress.rule)
    doubtful = [(egress.delivery_doubt, egress.images) for egress in site.layer_egress if egress.delivery_doubt]
    told = {(image, doubt.detail) for doubt, images in doubtful for image in images}
    for placement in with_payload(site):
        if isinstance(placement, Undetermined):
            if (placement.subject.id, placement.detail) not in told:
                yield placement
        elif doubts := {layer.digest: doubt for layer in site.foreign(placement) if (doubt := url_doubt(layer, site.reach))}:
            for digest, doubt in doubts.items():
                subject = Subject("layer", digest, pool=placement.pool.name)
                yield Undetermined(subject, doubt.kind, doubt.detail, affects=of_placements((placement,)))
        elif (placement.image.name, placement.pool.name) not in bad and placement.resolution.trouble is None:
            yield PASSED


CHECK = define(
    run,
    title="Node would download a layer from an external host",
    holds="No layer is downloaded from an external host",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
    connections=(ConnectionKind.LAYER,),
)
