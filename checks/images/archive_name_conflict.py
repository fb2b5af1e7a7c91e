"""## What it checks
No image name refers to two different images in the archives of the plan, neither within one archive nor in two archives.

## Why it matters
An import silently replaces the image with the same name, so the image that is loaded last wins. Within one archive, the tools
differ: containerd and `docker load` use the last entry of a name; skopeo, crane and regctl use the first. A pod then runs the
wrong image, or fails with `no match for platform in manifest`.

## How to fix
Delete the outdated archive. Write one archive in which each name occurs once.

## When it is undetermined
An archive could not be read. Or two archives contain different platforms of one name, and the content of the internal
registry was not collected: the second push may replace the first.

## References
containerd client/import.go and core/images/archive/importer.go; moby image/tarexport/load.go; executed with skopeo and
regctl.
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
from checks._shared.affected import not_arrived
from checks._shared.placed import unknown


def _shown(claim: Claim) -> str:
    return f"{short_digest(claim.root.digest)} in {claim.archive.path}"


def _subject(conflict: Conflict) -> Subject:
    return Subject("image", conflict.name)


def _finding(site: Site, conflict: Conflict) -> Finding:
    first, last = conflict.first, conflict.last
    if conflict.is_inside_one:
        effect = "containerd and `docker load` import the last one, skopeo and regctl copy the first"
        remedy = Remedy("copy", f"Write {first.archive.path} again, with {conflict.name} only once.")
    else:
        effect = "The archive that is loaded last silently replaces the other image"
        remedy = Remedy("copy", f"Remove {conflict.name} from {first.archive.path} or from {last.archive.path}.")
    needed = conflict.is_asked or conflict.is_inside_one
    unused = "" if conflict.is_asked else " The plan needs no image of this name."
    return Finding(
        severity=Severity.ERROR if needed else Severity.WARNING,
        subject=_subject(conflict),
        message=f"{conflict.name} refers to two images: {_shown(first)} and {_shown(last)}. {effect}.{unused}",
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
            f"{conflict.name} is both {_shown(conflict.first)} and {_shown(conflict.last)}. Not all of their manifests and "
            "configs were read, so it is unknown whether they are the same image"
        )
        return Undetermined(_subject(conflict), Kind.MISSING_EVIDENCE, detail)
    if conflict.platform or conflict.is_inside_one:
        return _finding(site, conflict)
    if site.plan.registry is None or site.target is not None or not conflict.is_asked:
        return None  # each archive is imported on the nodes of its platform, or the registry's content is known
    detail = (
        f"{conflict.name} is both {_shown(conflict.first)} and {_shown(conflict.last)}, for different platforms. The second "
        f"push replaces the first on {site.plan.registry.host}: collect with `--via target`"
    )
    return Undetermined(_subject(conflict), Kind.MISSING_EVIDENCE, detail)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per name and pair of archives, and count the archives without a conflict."""
    if site.archives is None:
        return
    for path, trouble in site.archives.unread.items():
        # The archive may have any of the names, and another image under it.
        yield replace(unknown(Subject("archive", path), trouble), affects=not_arrived(site))
    concerned = set()
    for conflict in site.archives.conflicts:
        outcome = _outcome(site, conflict)
        if outcome is not None:
            concerned |= {conflict.first.archive.path, conflict.last.archive.path}
            yield outcome
    if not site.archives.unread:  # an archive that was not read may have any of the names
        yield Fine(sum(archive.path not in concerned for archive in site.archives.read))


CHECK = define(
    run,
    title="Image name refers to two different images",
    holds="Each image name in the archives refers to one image",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.ARCHIVES,),
)
