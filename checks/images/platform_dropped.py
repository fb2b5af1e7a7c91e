"""## What it checks
Every platform and Windows build that a pool needs and the source has is also in the copy: on the internal registry or, if the
registry was not part of the audit, in the plan's archives.

## Why it matters
Copy tools often copy one platform by default, or ignore os.version, mostly without a message. The tag is there and the list
is complete, but one pool fails with `no match for platform in manifest: not found`.

## How to fix
Copy the index with all platforms, or copy the missing one in addition. Then collect again.

## When it is undetermined
The image could not be observed at its source or in the copy. A completely missing image is reported by
`image-missing-in-target`.

## References
facts/copy_platforms.yaml (tools that drop os.version); OCI image index.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, RemedyKind, Role, Severity, define
from auditor.oci.document import Index
from auditor.oci.select import PlatformFit, entries
from auditor.site import Requirement, Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Standing
from checks._shared.bringing import copied_again
from checks._shared.placed import subject_of, unknown

SHOWN = 12
_LOST = frozenset({Standing.PLATFORM_ABSENT, Standing.BUILD_MISMATCH})


def _kept(copy: ComparedCopy) -> tuple[str, ...]:
    """Return the platforms in the copy."""
    document = copy.image.document
    if isinstance(document, Index):
        listed = dict.fromkeys(str(platform) for _, platform in entries(document))
        return tuple(listed)[:SHOWN]
    return ()


def _is_degraded(copy: ComparedCopy) -> bool:
    """Whether the copy lacks the exact Windows build, so the pool runs another one by the previous-LTSC rule."""
    assert copy.wanted is not None  # noqa: S101 - the check requires the sources
    before, after = copy.wanted.resolution.choice.fit, copy.kept.resolution.choice.fit
    return before is PlatformFit.EXACT and after in {PlatformFit.FALLBACK, PlatformFit.BLANK}


def _parts(copy: ComparedCopy) -> tuple[Part, ...]:
    image, platform, pool = copy.image.reference, copy.kept.need.platform, copy.kept.pool.name
    if copy.kept.resolution.dropped:
        there = f"lists it but lacks its manifest ({copy.kept.resolution.dropped})"
    elif kept := _kept(copy):
        there = f"has only {', '.join(kept)}"
    else:
        there = "is a single-platform image for another platform"
    found = f"{copy.place} {there}"
    error = "`no match for platform in manifest: not found`."
    return (
        Part(f"The source of {image} has {platform} for {pool}, but {found}.", key=found, names_who=True),
        Part(f"Error on nodes of {pool}: {error}", Role.SYMPTOM, error, names_who=True),
    )


def _finding(site: Site, copy: ComparedCopy, severity: Severity, parts: tuple[Part, ...]) -> Finding:
    image, platform = copy.image.reference, copy.kept.need.platform
    assert copy.wanted is not None  # noqa: S101 - the check requires the sources
    payload = copy.wanted.resolution.payload
    pinned = f"{image.repository}@{payload.digest}" if payload is not None else str(image)
    return Finding(
        severity=severity,
        subject=subject_of(copy.kept),
        parts=parts,
        facts={"place": copy.place, "wanted": str(platform), "kept": _kept(copy), "at_source": pinned},
        location=copy.kept.need.why[0].location,
        remedy_kind=RemedyKind.COPY_IMAGE,
        remedies=(_remedy(site, copy), Remedy("copy", f"Or also copy {pinned}, and put both into one index.")),
    )


def _remedy(site: Site, copy: ComparedCopy) -> Remedy:
    """Return the remedy that copies the index, or only the manifest if the index is already there: crane then skips it."""
    image, entry = copy.image.reference, copy.kept.resolution.choice.entry
    if copy.at is not None and entry is not None and copy.kept.resolution.dropped:
        command = ["crane", "copy", f"{image.repository}@{entry.digest}", f"{copy.at.repository}@{entry.digest}"]
        return Remedy(
            "copy",
            "Copy the missing manifest: crane copies nothing if the index is already there.",
            (shlex.join(command),),
        )
    return copied_again(site, image, "Copy the index with every platform.")


def _outcome(site: Site, copy: ComparedCopy) -> Outcome | None:
    """Return the outcome for one copy, or None if it has what the pool needs."""
    assert copy.wanted is not None  # noqa: S101 - the check requires the sources
    if copy.kept.resolution.trouble is not None:
        return unknown(subject_of(copy.kept), copy.kept.resolution.trouble)
    if copy.wanted.standing is Standing.UNDETERMINED and copy.wanted.resolution.trouble is not None:
        return unknown(subject_of(copy.kept), copy.wanted.resolution.trouble)
    if copy.kept.standing in _LOST:
        return _finding(site, copy, Severity.ERROR, _parts(copy))
    if _is_degraded(copy):
        left, run_instead = copy.wanted.resolution.choice.os_version, copy.kept.resolution.choice.os_version
        message = (
            f"{copy.place} lacks the build {left} that the source of {copy.image.reference} has for {copy.kept.pool.name}. "
            f"Nodes run {run_instead or 'an image without a build'} instead."
        )
        return _finding(site, copy, Severity.WARNING, (Part(message, names_who=True),))
    return None


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image and pool. Other checks report what is absent in the copy or at the source."""
    for copy in site.copies:
        if copy.kept.is_carrier or copy.kept.standing is Standing.ABSENT:
            continue
        if copy.wanted is None or copy.wanted.standing in _LOST or copy.wanted.standing is Standing.ABSENT:
            continue
        outcome = _outcome(site, copy)
        yield outcome or PASSED


CHECK = define(
    run,
    title="Copy lacks a platform that the source has",
    holds="Copies have all required platforms",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SOURCE, Requirement.COPIES),
)
