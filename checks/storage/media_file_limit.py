"""## What it checks
No archive, and no file in a folder of archives, is larger than the maximum file size of the media's filesystem.

## Why it matters
USB media usually have FAT32, with at most 4,294,967,295 bytes per file: `cp: error writing …: File too large`. One Windows
base layer can be below this limit while the archive that contains it is above.

## How to fix
Split the file with `split` and join the parts at the site. Or format the media as exFAT, which both Windows and Linux can
write.

## When it is undetermined
An archive of the plan could not be read. Or its size is an estimate with bounds on both sides of the limit.

## References
facts/filesystems.yaml; facts/archive_formats.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import Affected, Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.storage.archive_set import ArchiveFile, ArchiveSet
from auditor.sizing.filesystems import ArchiveSplit, Filesystem, filesystem, split_plan
from auditor.sizing.ranged import AmountFit, fit
from auditor.text import format_size, listed, many
from checks._shared.affected import in_archive, not_arrived, partly
from checks._shared.archived import is_sure

ROOMY = "exfat"
SAID = 3


def _subject(file: ArchiveFile) -> Subject:
    return Subject("archive", file.name)


def _commands(file: ArchiveFile, cut: ArchiveSplit) -> tuple[str, ...]:
    """Return the shell commands that split the file, verify it and join the parts."""
    path = shlex.quote(file.path or "images.tar")
    cutting = f"split -b {cut.mebibytes}M -d -a {max(2, len(str(cut.parts - 1)))}"
    if file.in_folder:
        tar = shlex.quote(f"{file.path or 'images'}.tar")
        return (f"tar -cf - {path} | {cutting} - {tar}.", f"cat {tar}.[0-9]* | tar -xf -")
    return (
        f"sha256sum {path} > {path}.sha256",
        f"{cutting} {path} {path}.",
        f"cat {path}.[0-9]* > {path} && sha256sum -c {path}.sha256",
    )


def _finding(site: Site, file: ArchiveFile, limit: Filesystem, severity: Severity) -> Finding:
    # A folder is packed into a tar of unknown size. Its largest file gives the minimum number of parts.
    cut = split_plan(file.likely, limit.max_file)
    about = "" if file.low == file.high else "about "
    named = f"T{file.name[1:]}" if file.name.startswith("the ") else file.name  # else it is a path
    parts = f"{'at least ' if file.in_folder else ''}{many(cut.parts, 'part')} of {cut.mebibytes:,} MiB"
    return Finding(
        severity=severity,
        subject=_subject(file),
        message=(
            f"{named} has {about}{format_size(file.likely)} ({file.likely:,} bytes), but {limit.name} allows only "
            f"{limit.max_file:,} bytes per file. Error during the copy: `{limit.symptom}`."
        ),
        facts={
            "bytes": file.likely,
            "at_least": file.low,
            "at_most": file.high,
            "limit": limit.max_file,
            "filesystem": limit.name,
            "parts": cut.parts,
            "source": limit.source,
            "confidence": limit.confidence,
        },
        location=site.plan.where("copy", "media", "filesystem"),
        remedies=(
            Remedy("command", f"Split it into {parts}, and join them at the site.", _commands(file, cut)),
            Remedy("edit", f"Format the media as {ROOMY}, which has no such limit."),
        ),
        affects=_affected(site, file),
    )


def _affected(site: Site, file: ArchiveFile) -> tuple[Affected, ...]:
    """Return the images in the archive if it was read, else the images still to copy, marked as failing in part."""
    read = {archive.path for archive in site.archives.read} if site.archives is not None else set()
    return in_archive(site, file.path) if file.path in read else partly(not_arrived(site))


def _outcome(site: Site, file: ArchiveFile, limit: Filesystem, *, sure: bool, is_whole: bool) -> Iterator[Outcome]:
    """Yield the outcomes of one file. `is_whole`: nothing of unknown size can be added to the file."""
    found = fit(file.low, file.likely, file.high, limit.max_file)
    if found is AmountFit.FITS:
        yield from (Fine(),) if is_whole else ()
        return
    if found is not AmountFit.UNSURE:
        yield _finding(site, file, limit, Severity.ERROR if found is AmountFit.OVER and sure else Severity.WARNING)
    if found is not AmountFit.OVER or not sure:
        size = f"between {format_size(file.low)} and {format_size(file.high)}"
        detail = f"{file.name} has {size}, and {limit.name} allows {limit.max_file:,} bytes per file"
        yield Undetermined(_subject(file), Kind.MISSING_EVIDENCE, detail, affects=_affected(site, file))


def _unread(site: Site, archives: ArchiveSet) -> Iterator[Outcome]:
    if archives.unknown:
        named = listed(archives.unknown, SAID)
        detail, faults = f"the size of {named} is unknown", site.faults_of(archives.unknown)
        affects = partly(not_arrived(site))
        yield Undetermined(Subject("media", "copy.media"), Kind.MISSING_EVIDENCE, detail, faults, affects=affects)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for each archive."""
    archives, media = site.storage.archive_set, site.plan.copy.media if site.plan.copy else None
    limit = filesystem(media.filesystem) if media is not None else None
    if archives is None or limit is None or not site.images.placements:
        return
    sure = is_sure(site) and limit.confidence != "low"
    for file in archives.files:
        yield from _outcome(site, file, limit, sure=sure, is_whole=bool(file.path) or not archives.unknown)
    yield from _unread(site, archives)


CHECK = define(
    run,
    title="Archive exceeds the maximum file size of the media",
    holds="Archives fit the media's maximum file size",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.FILESYSTEM),
)
