"""## What it checks
No layer that a pool pulls names another place to fetch it from (`urls`) that the pool cannot reach, whatever the layer's
media type. A layer of which the planned copy is known to make an ordinary one counts as such, until its manifest was seen on
the registry inside: then that decides.

## Why it matters
containerd asks such a URL before any registry, and gives up on every answer but 404, also when the registry inside has
the layer. So the node dials mcr.microsoft.com or go.microsoft.com, and the pull hangs and fails:
`failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://mcr.microsoft.com/v2/windows/…"`.

## How to fix
Carrying the layer is not enough: the manifest must lose its `urls`. `regctl image mod --external-urls-rm` rewrites it,
as does skopeo by way of a docker-archive, or a rebuild on a base from after June 2023. The digest changes each time.

## When it cannot tell
The manifest for the pool could not be read, the pool's runtime is not in the facts, or it matters which version of it that is
and the plan does not say.

## References
containerd core/remotes/docker/fetcher.go; containerd#7676; facts/layer_urls.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import (
    Affected,
    Area,
    ConnectionKind,
    Finding,
    Fine,
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
from auditor.oci.reference import parse_reference
from auditor.site import Requirement, Site
from auditor.site.layers import LayerEgress, url_doubt
from auditor.text import and_more, format_size
from auditor.transfer.pull import PullRule
from checks.affected import of_placements
from checks.bringing import with_foreign_layers
from checks.placed import with_payload

ID = "foreign-layer-egress"
SHOWN = 10


def _subject(egress: LayerEgress) -> Subject:
    return Subject("layer", egress.layer.digest, pool=egress.pool)


def _parts(egress: LayerEgress, rule: PullRule) -> tuple[Part, ...]:
    url, host = egress.urls[0], egress.remotes[0].host
    images = and_more(egress.images[0], len(egress.images))
    asks = "asks that URL before any registry" if rule.first == "url" else "asks the registry first, then that URL"
    symptom = rule.symptom.format(url=url, host=host)
    size = format_size(egress.layer.size)
    return (
        Part(f"A layer of {images} ({size}) comes from {url}, and {egress.pool} cannot reach {host}.", names_who=True),
        Part(f"{egress.runtime} {asks}; when it is blocked, {rule.when_blocked}.", Role.EFFECT),
        Part(f"A node would say: {symptom}", Role.SYMPTOM, rule.symptom),
    )


def _affected(egress: LayerEgress) -> tuple[Affected, ...]:
    return (Affected(egress.images, (egress.pool,)),)


def _finding(site: Site, egress: LayerEgress, rule: PullRule) -> Finding:
    return Finding(
        check=ID,
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
    """One finding per layer and pool; what is fine is counted per image and pool."""
    bad: set[tuple[str, str]] = set()
    for egress in site.layer_egress:
        bad.update((image, egress.pool) for image in egress.images)
        if egress.unseen:
            trouble = egress.unseen
            yield Undetermined(ID, _subject(egress), trouble.kind, trouble.detail, trouble.faults, affects=_affected(egress))
        elif egress.rule is None:
            detail = (
                f"the facts do not say what {egress.runtime} asks first, the URL or the registry, or its version is missing"
            )
            yield Undetermined(ID, _subject(egress), Kind.UNSUPPORTED, detail, affects=_affected(egress))
        else:
            yield _finding(site, egress, egress.rule)
    fine = 0
    told = {(image, egress.unseen.detail) for egress in site.layer_egress if egress.unseen for image in egress.images}
    for placement in with_payload(site, ID):
        if isinstance(placement, Undetermined):
            if (placement.subject.id, placement.detail) not in told:
                yield placement
        elif doubts := {layer.digest: doubt for layer in site.foreign(placement) if (doubt := url_doubt(layer, site.reach))}:
            for digest, doubt in doubts.items():
                subject = Subject("layer", digest, pool=placement.pool.name)
                yield Undetermined(ID, subject, doubt.kind, doubt.detail, affects=of_placements((placement,)))
        elif (placement.image.name, placement.pool.name) not in bad and placement.resolution.trouble is None:
            fine += 1
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A node would fetch a layer from outside",
    family="windows",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
    connections=(ConnectionKind.LAYER,),
)
