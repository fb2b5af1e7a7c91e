"""## What it checks
No image is listed twice for the same pool, including in two spellings (`busybox` and `docker.io/library/busybox`). No digest
of a repository has two tags.

## Why it matters
Duplicates make every copy slower. Two spellings of one image tend to diverge: one is updated, and nodes pull the other.

## How to fix
Keep one line. If a digest has two tags, keep the tag that the manifests use.

## When it is undetermined
Never: the lists are sufficient. The check compares the text of the lists, not the current targets of tags.

## References
distribution/reference normalisation.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, RemedyKind, Severity, Subject, define
from auditor.oci.reference import Reference
from auditor.readers.model import ListLine
from auditor.site import Requirement, Site
from auditor.text import short_digest


def _finding(line: ListLine, first: ListLine, message: str, case: str) -> Finding:
    return Finding(
        subject=Subject("line", line.text),
        message=message,
        case=case,
        facts={"first": str(first.location), "first_text": first.text, "reference": str(line.reference)},
        location=line.location,
        remedy_kind=RemedyKind.ADD_TO_LIST,
        remedies=(Remedy("edit", f"Remove {line.location} or {first.location}."),),
    )


def _spelled(line: ListLine, first: ListLine) -> str:
    if line.text == first.text:
        return f"{line.text} is already listed at {first.location}."
    return f"{line.text} is the same image as {first.text} at {first.location}: both resolve to {line.reference}."


class _Seen:
    """The first line of each image, and of each tagged digest, for each pool."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, str], ListLine] = {}
        self._digests: dict[tuple[str, str, str], ListLine] = {}

    def compare(self, line: ListLine, reference: Reference) -> Finding | None:
        """Return a finding if an earlier line has the same image, and record `line` for later calls."""
        name, digest = str(reference), reference.digest or line.digest
        first = tagged = None
        named = f"{name} {' '.join(map(str, line.platforms))}"  # a list may have one line per platform of an image
        for pool in line.pools:
            key = (named, pool)
            first = first or self._images.get(key)
            self._images.setdefault(key, line)
            if digest and reference.tag:
                tagged = tagged or self._digests.get((reference.repository, digest, pool))
                self._digests.setdefault((reference.repository, digest, pool), line)
        if first is not None:
            return _finding(line, first, _spelled(line, first), name)
        if tagged is None or tagged.reference is None or tagged.reference.tag == reference.tag:
            return None
        both = f"{line.text} and {tagged.text} at {tagged.location}"
        message = f"{both} have different tags for {short_digest(digest)}. One of the tags is probably wrong."
        return _finding(line, tagged, message, f"{name} {tagged.reference.tag}")


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per repeated line; the first one passes."""
    seen = _Seen()
    for line in site.needs.lines:
        if line.reference is None:
            continue
        if finding := seen.compare(line, line.reference):
            yield finding
        else:
            yield PASSED


CHECK = define(
    run,
    title="Image is listed twice",
    holds="No image is listed twice",
    area=Area.SOURCES,
    severity=Severity.INFO,
    requires=(Requirement.LISTS,),
)
