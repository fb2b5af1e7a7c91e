"""## What it checks
Every archive of the plan can be read to its end and holds everything that its manifests refer to. Every blob in it hashes to
the digest under which it is stored, and has the size and the media type that its descriptors state. No two entries of one name
differ, and no name or link leads out of the archive.

## Why it matters
A stick that was pulled too early, or a copy that ran out of space, shows only when the archive is loaded, inside, where
there is no second one: `archive/tar: invalid tar header`, `content digest not found`, `unexpected EOF`. Of two entries of one
name, `docker load` uses the last and crane the first. An entry such as `../x` makes skopeo and `docker load` refuse all of it.

## How to fix
Write the archive anew, compare checksums after it was carried, and collect again.

## When it cannot tell
The archive is not there yet, or cannot be opened. Manifests that an index lists and the archive leaves out are
`index-incomplete`, foreign layers that it leaves out `foreign-layer-unavailable`.

## References
OCI image-layout; containerd core/images/archive; docker/docker image/tarexport.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import Affected, Area, Finding, Fine, Outcome, Remedy, Severity, Subject, define
from auditor.oci.archive import ArchiveProblem, Defect
from auditor.site import Requirement, Site
from auditor.site.archives.evidence import Archive
from checks.affected import in_archive, not_held
from checks.placed import unknown

ID = "archive-corrupt"
SHOWN = 200
_WORDS = {
    Defect.MISSING: "something that it refers to is not in it",
    Defect.SIZE: "an entry does not have the size that its descriptor says",
    Defect.DIGEST: "bytes do not hash to the digest under which they are stored",
    Defect.MALFORMED: "a document in it cannot be understood",
    Defect.ESCAPES: "a name or a link in it leads out of the archive, or a link in a circle",
    Defect.TRUNCATED: "it ends too early",
    Defect.DUPLICATE: "two of its entries have one name and differ",
    Defect.UNSUPPORTED: "it is no archive of images that a runtime imports",
    Defect.LIMIT: "it is larger, or expands further, than an archive of images does",
    Defect.MEDIA_TYPE: "two media types are stated for one document or layer",
    Defect.NAMES: "one image has two names that contradict each other",
    Defect.LAX: "it can be read, but strict tools refuse it",
}


def _finding(site: Site, archive: Archive, problem: ArchiveProblem) -> Finding:
    at = f", {problem.entry}" if problem.entry else ""
    of = f" (it belongs to {problem.image})" if problem.image else ""
    lax = problem.defect is Defect.LAX
    return Finding(
        check=ID,
        severity=Severity.WARNING if lax else Severity.ERROR,
        subject=Subject("archive", archive.path),
        message=f"{archive.path}{at}: {_WORDS[problem.defect]}: {problem.detail}{of}.",
        case=f"{problem.defect.value} {problem.entry}",
        facts={"entry": problem.entry, "defect": problem.defect.value, "bytes": archive.inventory.bytes},
        location=site.plan.where("copy", "archives"),
        remedies=(
            Remedy("edit", "Write it with a tool that writes whole OCI layouts.")
            if lax
            else Remedy("copy", "Write the archive anew, and compare its checksum after it was carried."),
        ),
        affects=_affected(site, archive, problem),
    )


def _affected(site: Site, archive: Archive, problem: ArchiveProblem) -> tuple[Affected, ...]:
    """The image that the defect belongs to, if the archive says which; else all that the plan takes from the archive."""
    held = in_archive(site, archive.path)
    entries = site.archives.entries if site.archives is not None else {}
    own = {
        str(reference)
        for reference, found in entries.items()
        if any(problem.image in {*entry.root.names, entry.root.digest} for entry in found if entry.archive.path == archive.path)
    }
    return tuple(replace(one, images=images) for one in held if (images := tuple(n for n in one.images if n in own))) or held


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per defect."""
    if site.archives is None:
        return
    for path, trouble in site.archives.unread.items():
        yield replace(unknown(ID, Subject("archive", path), trouble), affects=not_held(site, (path,)))
    fine = 0
    for archive in site.archives.read:
        problems = archive.inventory.problems
        yield from (_finding(site, archive, problem) for problem in problems[:SHOWN])
        fine += not problems
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="An archive is damaged or incomplete",
    family="images",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.ARCHIVES,),
)
