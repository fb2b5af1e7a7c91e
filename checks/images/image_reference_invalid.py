"""## What it checks
Every entry of an image list and every inline reference is a valid image reference. It has no template, no placeholder, no
scheme, no upper-case repository and no invalid character.

## Why it matters
A copy script stops at an invalid line, or skips it. In both cases an image is not copied. A placeholder such as
`KUBE_PROXY_VERSION-nanoserver` is even a valid tag, so the fault appears only when a node pulls it.

## How to fix
Replace the placeholder, or correct the line. Generate lists from rendered charts, not from templates.

## When it is undetermined
An entry stands for images that the list does not name: a whole repository, a range of versions or a chart.

## References
distribution/reference grammar; facts/placeholders.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.text import shown


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per line that is not a valid reference."""
    for line in site.needs.lines:
        if line.unbounded:
            yield Undetermined(Subject("line", line.text), Kind.UNSUPPORTED, f"{line.location}: {line.unbounded}")
            continue
        if not line.error:
            yield PASSED
            continue
        yield Finding(
            subject=Subject("line", line.text),
            parts=(
                Part(f"{shown(line.text)} is not a valid image reference: {line.error}."),
                Part("A copy stops at this line or skips it.", Role.EFFECT),
            ),
            case=",".join(line.pools),
            facts={"text": line.text, "reason": line.error, "pools": line.pools},
            location=line.location,
            remedies=(Remedy("edit", f"Correct {line.location}: write registry/repository:tag, or remove the line."),),
        )


CHECK = define(
    run,
    title="List entry is not a valid image reference",
    holds="Every list entry is a valid image reference",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.LISTS,),
)
