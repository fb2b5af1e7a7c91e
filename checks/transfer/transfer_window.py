"""## What it checks
The planned rate is high enough to copy all bytes within the planned window.

## Why it matters
An interrupted copy leaves indexes without manifests and manifests without layers. The next window may be weeks away.

## How to fix
Plan a longer window, use a faster link, split the copy over several windows (copy tools skip existing content), or copy fewer
platforms.

## When it is undetermined
The size of an image is unknown, and the known sizes fit.

## References
Compressed sizes from the manifests, each blob once. The rate is the one in the plan, without protocol overhead.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage
from auditor.text import duration, format_size, listed

SHOWN = 3


def _finding(site: Site, stage: Stage, needed: int, window: int, rate: int) -> Finding:
    largest = listed([f"{share.owner} ({format_size(share.bytes)})" for share in stage.budget.exclusive[:SHOWN]])
    windows = -(-needed // window)
    at_least = "at least " if stage.unknown else ""
    return Finding(
        subject=Subject("copy", "window"),
        message=f"Copying {at_least}{format_size(stage.budget.bytes)} at {format_size(rate)}/s takes {at_least}"
        f"{duration(needed)}, but the window is {duration(window)}. The copy needs {windows} windows of this length. The "
        f"largest images are {largest}.",
        facts={"bytes": stage.budget.bytes, "seconds": needed, "window": window, "provenance": stage.provenance},
        location=site.plan.where("copy", "window"),
        remedies=(Remedy("edit", f"Plan a window of {duration(needed)}, or {windows} windows of {duration(window)}."),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for the copy."""
    copy = site.plan.copy
    assert copy is not None  # noqa: S101 - the check requires rate and window
    assert copy.rate is not None  # noqa: S101 - as above
    assert copy.window is not None  # noqa: S101 - as above
    stage = site.storage.download
    needed = -(-stage.budget.bytes // copy.rate)
    if needed > copy.window:
        yield _finding(site, stage, needed, copy.window, copy.rate)
    elif stage.unknown:
        names = listed(stage.unknown, SHOWN)
        detail = f"the size of {names} is unknown; the other images take {duration(needed)}"
        yield Undetermined(Subject("copy", "window"), Kind.MISSING_EVIDENCE, detail, site.faults_of(stage.unknown))
    else:
        yield Fine()


CHECK = define(
    run,
    title="Copy takes longer than the planned window",
    holds="The copy fits into the planned window",
    area=Area.STORAGE,
    severity=Severity.WARNING,
    requires=(Requirement.IMAGES, Requirement.COPY_WINDOW, Requirement.SOURCE),
)
