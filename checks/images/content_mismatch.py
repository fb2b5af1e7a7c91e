"""## What it checks
All statements about the content of an image on the internal registry agree: the size and media type in the index and the
manifest, the size and Content-Type in the registry's response, the media type in the document, and the digest of the content.
Every run reads and hashes manifests and configs. With `--verify full`, it also reads and hashes the layers.

## Why it matters
A registry serves what is on its disk. A layer that was truncated by a full disk, or a changed manifest, looks present to copy
tools. A node rejects it: `failed size validation: 1000 != 200723: failed precondition`, or `unexpected commit digest …,
expected …`.

## How to fix
Delete the damaged content from the internal registry and run its garbage collection. Then copy the image again. A copy alone
has no effect, because copy tools skip content that the registry claims to have.

## When it is undetermined
The internal registry did not answer for a part of the image, or did not state its size. Evidence from older versions has no
digests of the content.

## References
containerd core/metadata/content.go (size and digest of what is committed) and core/images/image.go (media types); OCI
image-spec, "Descriptors"; executed on crane v0.20.6, skopeo 1.9 and regctl against docker-registry 2.8.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Outcome, Remedy, Severity, define
from auditor.plan.rewrites import placed
from auditor.site import Requirement, Site
from auditor.site.contents import ComparedImage
from checks._shared.contents import copied_again, outcomes


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image. `image-missing-in-target` and `index-incomplete` report missing content."""
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - the check requires the internal registry
    tool = site.transfer.tool.name if site.transfer is not None else ""

    def target(one: ComparedImage) -> str:
        return str(placed(registry, one.image.reference))

    def remedies(one: ComparedImage) -> tuple[Remedy, ...]:
        return copied_again(tool, one.image.name, target(one))

    yield from outcomes(site.target_contents, remedies, target)


CHECK = define(
    run,
    title="Registry content does not match its manifest",
    holds="The internal registry's content matches its manifests",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.TARGET),
)
