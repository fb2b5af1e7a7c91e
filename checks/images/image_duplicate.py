"""## What it checks
No image is listed twice for the same pool, also not in two spellings (`busybox` and `docker.io/library/busybox`), and
no digest of one repository stands under two different tags.

## Why it matters
Duplicates cost time at every copy, and two spellings of one image tend to drift apart: one is updated, the other is
what the nodes ask for.

## How to fix
Keep one line. Where two tags name one digest, keep the tag that the manifests use.

## When it cannot tell
Never: it needs nothing but the lists. It compares what is written, not what tags point at today.

## References
distribution/reference normalisation.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, RemedyKind, Severity, Subject, define
from auditor.oci.reference import Reference
from auditor.readers.model import ListLine
from auditor.site import Requirement, Site
from auditor.text import short_digest

ID = "image-duplicate"


def _finding(line: ListLine, first: ListLine, message: str, case: str) -> Finding:
    return Finding(
        check=ID,
        severity=Severity.INFO,
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
        return f"{line.text} is listed already at {first.location}."
    return f"{line.text} is the same image as {first.text} at {first.location}: both mean {line.reference}."


class _Seen:
    """The first line of each image, and of each tagged digest, for each pool."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, str], ListLine] = {}
        self._digests: dict[tuple[str, str, str], ListLine] = {}

    def compare(self, line: ListLine, reference: Reference) -> Finding | None:
        """What is wrong with `line` beside those before it; it is remembered for those after it."""
        name, digest = str(reference), reference.digest or line.digest
        first = tagged = None
        named = f"{name} {' '.join(map(str, line.platforms))}"  # a list may name an image once per platform: no repetition
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
        message = f"{both} give {short_digest(digest)} two tags: one is not what was meant."
        return _finding(line, tagged, message, f"{name} {tagged.reference.tag}")


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One finding per later line; the first mention is in order."""
    seen, fine = _Seen(), 0
    for line in site.needs.lines:
        if line.reference is None:
            continue
        if finding := seen.compare(line, line.reference):
            yield finding
        else:
            fine += 1
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="An image is listed twice",
    family="images",
    area=Area.SOURCES,
    severity=Severity.INFO,
    requires=(Requirement.LISTS,),
)
