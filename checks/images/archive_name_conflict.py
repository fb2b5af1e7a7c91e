"""## What it checks
No image name stands for two different images in the archives of the plan: neither twice in one archive, nor in two archives.

## Why it matters
An import replaces the image of the same name, without a message. The image that is loaded last wins. In one archive, tools
even disagree: containerd and `docker load` use the last entry of a name, skopeo, crane and regctl the first. A pod then starts
with the wrong image, or fails with `no match for platform in manifest`.

## How to fix
Delete the archive that is out of date. Write one archive in which each name occurs once.

## When it cannot tell
An archive could not be read. Two archives hold different platforms of one name, the plan has an internal registry, and its
content was not collected: the second push may replace the first.

## References
containerd client/import.go and core/images/archive/importer.go; moby image/tarexport/load.go; executed with skopeo and regctl.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.archives.conflicts import Claim, Conflict
from auditor.text import short_digest
from checks.affected import not_arrived
from checks.placed import unknown

ID = "archive-name-conflict"


def _shown(claim: Claim) -> str:
    return f"{short_digest(claim.root.digest)} in {claim.archive.path}"


def _subject(conflict: Conflict) -> Subject:
    return Subject("image", conflict.name)


def _finding(site: Site, conflict: Conflict) -> Finding:
    first, last = conflict.first, conflict.last
    if conflict.is_inside_one:
        effect = "containerd and `docker load` import the last of them, skopeo and regctl copy the first"
        remedy = Remedy("copy", f"Write {first.archive.path} anew, with {conflict.name} once.")
    else:
        effect = "the archive that is loaded last wins, without a message"
        remedy = Remedy("copy", f"Keep one of them: remove {conflict.name} from {first.archive.path} or {last.archive.path}.")
    needed = conflict.is_asked or conflict.is_inside_one
    unused = "" if conflict.is_asked else " The plan needs no image of this name."
    return Finding(
        check=ID,
        severity=Severity.ERROR if needed else Severity.WARNING,
        subject=_subject(conflict),
        message=f"{conflict.name} is {_shown(first)} and {_shown(last)}: {effect}.{unused}",
        case=f"{first.archive.path} {last.archive.path}",
        facts={
            "archives": (first.archive.path, last.archive.path),
            "digests": (first.root.digest, last.root.digest),
            "platform": conflict.platform,
        },
        location=site.plan.where("copy", "archives"),
        remedies=(remedy,),
    )


def _outcome(site: Site, conflict: Conflict) -> Outcome | None:
    if not conflict.is_known:
        detail = (
            f"{conflict.name} is {_shown(conflict.first)} and {_shown(conflict.last)}. Not all of their manifests and configs "
            "were read, so whether they are the same image is unknown"
        )
        return Undetermined(ID, _subject(conflict), Kind.MISSING_EVIDENCE, detail)
    if conflict.platform or conflict.is_inside_one:
        return _finding(site, conflict)
    if site.plan.registry is None or site.target is not None or not conflict.is_asked:
        return None  # each archive is imported on the nodes of its platform, or the registry's content is known
    detail = (
        f"{conflict.name} is {_shown(conflict.first)} and {_shown(conflict.last)}, for different platforms. Pushed one after "
        f"the other, the second replaces the first on {site.plan.registry.host}: collect with `--via target`"
    )
    return Undetermined(ID, _subject(conflict), Kind.MISSING_EVIDENCE, detail)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per name and pair of archives; archives without a conflict are counted."""
    if site.archives is None:
        return
    for path, trouble in site.archives.unread.items():
        # The archive may have any of the names, and another image under it.
        yield replace(unknown(ID, Subject("archive", path), trouble), affects=not_arrived(site))
    concerned = set()
    for conflict in site.archives.conflicts:
        outcome = _outcome(site, conflict)
        if outcome is not None:
            concerned |= {conflict.first.archive.path, conflict.last.archive.path}
            yield outcome
    fine = sum(archive.path not in concerned for archive in site.archives.read)
    if fine and not site.archives.unread:  # an archive that was not read may have any of the names
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="One image name stands for two images",
    family="images",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.ARCHIVES,),
)
