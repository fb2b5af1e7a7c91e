"""## What it checks
What the source registries state about the bytes of an image agrees, as far as it was observed: sizes and media types of the
tag, the index and the manifests, the digests of the documents, and the sizes of foreign layers.

## Why it matters
Copy tools verify what they read and stop: `error verifying size`, or `manifest digest … does not match requested digest`. What
a tool copies all the same, the nodes refuse later.

## How to fix
Take another tag or digest of the image, or ask its publisher to push it again. If a proxy or a cache serves the image, delete
it there.

## When it cannot tell
What was not asked is not compared: layers of source registries are not read. `image-absent` reports tags without an answer.

## References
go-containerregistry pkg/v1/remote (what `crane` verifies); containerd core/images/image.go; OCI image-spec, "Descriptors".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Outcome, Remedy, Severity, define
from auditor.site import Requirement, Site
from auditor.site.contents import Contents
from checks.contents import outcomes

ID = "source-mismatch"


def _place(one: Contents) -> str:
    return one.image.name


def _remedies(_: Contents) -> tuple[Remedy, ...]:
    text = "Take another tag or digest of this image, or ask its publisher to push it again. Delete it from caching proxies."
    return (Remedy("edit", text),)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per image."""
    yield from outcomes(ID, site.source_contents, _remedies, _place)


CHECK = define(
    run,
    id=ID,
    title="Source registry content does not match its manifest",
    family="images",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SOURCE),
)
