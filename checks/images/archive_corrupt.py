"""## What it checks
Every archive of the plan can be read to its end and contains everything that its manifests refer to. Every blob matches its
digest, and the size and media type in its descriptors. No two entries with the same name differ. No name or link points
outside the archive.

## Why it matters
If the media was removed too early or was full during the copy, the fault appears only when the archive is loaded at the site,
where no second copy exists: `archive/tar: invalid tar header`, `content digest not found`, `unexpected EOF`. Of two entries
with the same name, `docker load` uses the last and crane the first. skopeo and `docker load` reject the whole archive if it
has an entry such as `../x`.

## How to fix
Write the archive again, compare its checksum after the transfer, and collect the evidence again.

## When it is undetermined
The archive is missing, or it cannot be opened. Manifests that an index lists but the archive does not contain are reported by
`index-incomplete`. Missing foreign layers are reported by `foreign-layer-unavailable`.

## References
OCI image-layout; containerd core/images/archive; docker/docker image/tarexport.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import PASSED, Affected, Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.oci.archive import ArchiveProblem, Defect
from auditor.site import Requirement, Site
from auditor.site.archives.evidence import Archive
from checks._shared.affected import in_archive, not_held
from checks._shared.placed import unknown

SHOWN = 200
_WORDS = {
    Defect.MISSING: "an entry that its manifest references is missing",
    Defect.SIZE: "the size of an entry differs from its descriptor",
    Defect.DIGEST: "the content of an entry does not match its digest",
    Defect.MALFORMED: "a document in it cannot be parsed",
    Defect.ESCAPES: "a name or a link points outside the archive, or a link forms a loop",
    Defect.TRUNCATED: "the archive is truncated",
    Defect.DUPLICATE: "two entries with the same name differ",
    Defect.UNSUPPORTED: "a runtime cannot import this file as an image archive",
    Defect.LIMIT: "it exceeds the size limits of an image archive",
    Defect.MEDIA_TYPE: "a document or layer has two media types",
    Defect.NAMES: "two names of one image contradict each other",
    Defect.LAX: "it can be read, but strict tools reject it",
}


def _finding(site: Site, archive: Archive, problem: ArchiveProblem) -> Finding:
    at = f", {problem.entry}" if problem.entry else ""
    of = f" (part of {problem.image})" if problem.image else ""
    lax = problem.defect is Defect.LAX
    return Finding(
        severity=Severity.WARNING if lax else Severity.ERROR,
        subject=Subject("archive", archive.path),
        message=f"{archive.path}{at}: {_WORDS[problem.defect]}: {problem.detail}{of}.",
        case=f"{problem.defect.value} {problem.entry}",
        facts={"entry": problem.entry, "defect": problem.defect.value, "bytes": archive.inventory.bytes},
        location=site.plan.where("copy", "archives"),
        remedies=(
            Remedy("edit", "Write the archive with a tool that creates complete OCI layouts.")
            if lax
            else Remedy("copy", "Write the archive again, and compare its checksum after the transfer."),
        ),
        affects=_affected(site, archive, problem),
    )


def _affected(site: Site, archive: Archive, problem: ArchiveProblem) -> tuple[Affected, ...]:
    """Return the image that the defect belongs to, or every image that the plan takes from the archive if it is unknown."""
    held = in_archive(site, archive.path)
    entries = site.archives.entries if site.archives is not None else {}
    own = {
        str(reference)
        for reference, found in entries.items()
        if any(problem.image in {*entry.root.names, entry.root.digest} for entry in found if entry.archive.path == archive.path)
    }
    return tuple(replace(one, images=images) for one in held if (images := tuple(n for n in one.images if n in own))) or held


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per defect."""
    if site.archives is None:
        return
    for path, trouble in site.archives.unread.items():
        yield replace(unknown(Subject("archive", path), trouble), affects=not_held(site, (path,)))
    for archive in site.archives.read:
        problems = archive.inventory.problems
        yield from (_finding(site, archive, problem) for problem in problems[:SHOWN])
        if not problems:
            yield PASSED


CHECK = define(
    run,
    title="Archive is damaged or incomplete",
    holds="Archives are complete",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.ARCHIVES,),
)
