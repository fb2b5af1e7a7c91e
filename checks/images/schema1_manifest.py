"""## What it checks
No required image is a Docker schema 1 manifest.

## Why it matters
containerd 2.1 and later does not pull schema 1, and registries are removing support for it. Such a manifest has no sizes, so
every disk estimate that includes it is too small.

## How to fix
Convert it during the copy (`skopeo copy --format v2s2`, or a pull and push with Docker), or use a newer tag. The digest
changes.

## When it is undetermined
The manifest could not be read.

## References
containerd 2.1 release notes; facts/schema1_support.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import PASSED, Affected, Area, Finding, Outcome, Remedy, Severity, define
from auditor.facts import remembered, table
from auditor.facts.lookup import GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.oci.document import Schema1
from auditor.plan.model import Program
from auditor.site import Requirement, Site
from auditor.site.images import Image
from checks._shared.affected import NOTHING
from checks._shared.bringing import target_of
from checks._shared.placed import image_subject, unknown


class Schema1Support(Versioned, frozen=True, kw_only=True):
    """The versions of a runtime that pull schema 1."""

    runtime: str


@remembered
def _refuses(runtime: Program | None) -> bool:
    """Whether the facts are certain that this runtime does not pull schema 1."""
    if runtime is None:
        return False
    rows: tuple[Schema1Support, ...] = table("schema1_support", Schema1Support)
    own = (row for row in rows if row.runtime == runtime.name and row.confidence != "low")
    gap = rows_at(own, runtime.version, runtime.name).gap
    return gap is not None and gap.kind is GapKind.UNCOVERED


def _finding(site: Site, image: Image, refusing: tuple[str, ...]) -> Finding:
    effect = f"{', '.join(refusing)} cannot pull it" if refusing else "newer runtimes (containerd 2.1 and later) cannot pull it"
    return Finding(
        severity=Severity.ERROR if refusing else Severity.WARNING,
        subject=image_subject(image),
        message=f"{image.reference} is a Docker schema 1 manifest: {effect}. It has no sizes, so disk estimates are too small.",
        facts={"digest": image.digest, "refusing_pools": refusing},
        location=image.why[0].location if image.why else None,
        remedies=(_remedy(site, image),),
        affects=(Affected((image.name,), refusing),) if refusing else NOTHING,
    )


def _remedy(site: Site, image: Image) -> Remedy:
    target = target_of(site, image.reference)
    command = ["skopeo", "copy", "--format", "v2s2", f"docker://{image.reference}", f"docker://{target}"]
    is_known = target is not None and site.source is not None
    text = "Convert it during the copy with `skopeo copy --format v2s2` (the digest changes), or use a newer tag."
    return Remedy("rewrite", text, (shlex.join(command),) if is_known else ())


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image."""
    refusing: dict[str, list[str]] = {}
    for placement in site.images.placements:
        if isinstance(placement.image.document, Schema1) and _refuses(placement.pool.runtime):
            refusing.setdefault(placement.image.name, []).append(placement.pool.name)
    for image in site.images.images.values():
        if image.trouble is not None:
            yield unknown(image_subject(image), image.trouble)
        elif isinstance(image.document, Schema1):
            yield _finding(site, image, tuple(refusing.get(image.name, ())))
        elif image.document is not None:
            yield PASSED


CHECK = define(
    run,
    title="Image is a Docker schema 1 manifest",
    holds="No image is a Docker schema 1 manifest",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES,),
)
