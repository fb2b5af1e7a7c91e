"""## What it checks
Every listed image has a tag that does not move, or better a digest. A missing tag, `latest` and tags that are moved on
purpose (`canary`, `edge`, `master`, `*-head`, `nightly`, …) are warnings. A fixed tag without a digest is information only.

## Why it matters
The tag can point to another image at the next copy. Existing nodes keep the old image, new nodes pull the new one, and
offline there is no way to compare them with the source.

## How to fix
List the digest that was audited: `repository:tag@sha256:…`. `auditor inspect REF` prints it. `auditor fix --pin` writes
the lists again with all observed digests, and keeps comments and order.

## When it is undetermined
Never: the lists are sufficient. Any tag can be moved, even one without these names. Only a digest rules this out.

## References
facts/moving_tags.yaml.
"""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterator
from functools import cache, lru_cache

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, RemedyKind, Severity, Subject, define
from auditor.facts import Fact, table
from auditor.oci.reference import Reference
from auditor.readers.model import ListLine
from auditor.site import Requirement, Site
from checks._shared.bringing import observing


class MovingTag(Fact, frozen=True, kw_only=True):
    """A glob for tags that are moved regularly."""

    glob: str
    repository: str = ""

    def is_of(self, repository: str) -> bool:
        """Return whether the row applies to a repository, such as `mcr.microsoft.com/windows/servercore`."""
        return not self.repository or fnmatch.fnmatchcase(repository, f"*/{self.repository}")


@cache
def _moving(tag: str, repository: str) -> MovingTag | None:
    rows: tuple[MovingTag, ...] = table("moving_tags", MovingTag)
    return next((row for row in rows if fnmatch.fnmatchcase(tag.lower(), row.glob) and row.is_of(repository)), None)


def _judge(reference: Reference, line: ListLine) -> tuple[Severity, str] | None:
    if reference.digest or line.digest:
        return None
    if not reference.explicit_tag:
        return Severity.WARNING, f"{line.text} has no tag, so `latest` is copied. The next copy can be another image."
    if row := _moving(reference.tag, reference.repository):
        return (
            Severity.WARNING,
            f"The tag of {line.text} is moved regularly ({row.source}). The next copy can be another image.",
        )
    return Severity.INFO, f"{line.text} has a tag but no digest. Nothing proves that the copied image is the audited one."


_PIN = "Pin it to its digest, and copy it with all its platforms. `auditor fix --pin` writes the lists with their digests."


def _remedies(site: Site, reference: Reference) -> tuple[Remedy, ...]:
    """Return the remedies: the same for every image, then the reference with the digest observed at the source."""
    image = site.source.images.get(reference) if site.source is not None else None
    if image is not None and image.digest:
        return Remedy("edit", _PIN), Remedy("edit", f"List it as {reference}@{image.digest}.")
    return (Remedy("edit", _PIN, *observing(site, reference)),)


@lru_cache(maxsize=1024)  # 100,000 findings share one text
def _case(severity: Severity, pools: tuple[str, ...]) -> str:
    return f"{severity.value} {','.join(pools)}"


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per line without a digest; a warning if the tag moves."""
    for line in site.needs.lines:
        if line.reference is None:
            continue
        judged = _judge(line.reference, line)
        if judged is None:
            yield PASSED
            continue
        severity, message = judged
        yield Finding(
            severity=severity,
            subject=Subject("line", line.text),
            message=message,
            case=_case(severity, line.pools),
            facts={"reference": str(line.reference), "tag": line.reference.tag, "tag_written": line.reference.explicit_tag},
            location=line.location,
            remedy_kind=RemedyKind.PIN_IN_LIST,
            remedies=_remedies(site, line.reference),
        )


CHECK = define(
    run,
    title="Image is not pinned to a digest",
    holds="Images are pinned to digests",
    area=Area.SOURCES,
    severity=Severity.WARNING,
    requires=(Requirement.LISTS,),
)
