"""## What it checks
All observed statements of the source registries about the content of an image agree: sizes and media types of the tag, the
index and the manifests, the digests of the documents, and the sizes of foreign layers.

## Why it matters
Copy tools verify what they read and stop: `error verifying size`, or `manifest digest … does not match requested digest`. If
a tool copies the content anyway, the nodes reject it later.

## How to fix
Use another tag or digest of the image, or ask its publisher to push it again. If a proxy or a cache serves the image, delete
it there.

## When it is undetermined
Content that was not requested is not compared: layers of source registries are not read. Tags without an answer are reported
by `image-absent`.

## References
go-containerregistry pkg/v1/remote (what `crane` verifies); containerd core/images/image.go; OCI image-spec, "Descriptors".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Outcome, Remedy, Severity, define
from auditor.site import Requirement, Site
from auditor.site.contents import ComparedImage
from checks._shared.contents import outcomes


def _place(one: ComparedImage) -> str:
    return one.image.name


def _remedies(_: ComparedImage) -> tuple[Remedy, ...]:
    text = "Use another tag or digest of this image, or ask its publisher to push it again. Delete it from caching proxies."
    return (Remedy("edit", text),)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image."""
    yield from outcomes(site.source_contents, _remedies, _place)


CHECK = define(
    run,
    title="Source registry content does not match its manifest",
    holds="The source registries' content matches its manifests",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SOURCE),
)
