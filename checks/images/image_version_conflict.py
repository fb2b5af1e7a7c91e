"""## What it checks
Lists, workloads, copy scripts and archives of the plan name the same versions of each image. Two kinds of files conflict if
each names a tag that the other does not have, or if they pin one tag to different digests. A tag and the same tag with a
suffix, such as `1.3` and `1.3-windows`, count as one version. Names on the internal registry count as the names at the
source, by the plan's rewrites. Two lists for one pool, or two workload sources, without a common tag are information only.

## Why it matters
The version was changed in one file and not in the others. The copy then delivers one version, and the pods pull another. Or the
site runs a version that was never scanned.

## How to fix
Choose one version, and write it into every file that the finding names.

## When it is undetermined
Never: it compares what the files state. A word that a script computes at run time is not compared.

## References
docs/plan.md: `images`, `workloads`, `copy.scripts`, `copy.archives`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.oci.document import Index
from auditor.oci.select import entries
from auditor.site import Requirement, Site, views
from auditor.site.inventories import ImageInventory, InventoryKind, NamedVersion, inventories_of
from auditor.text import listed, many, short_digest

MOST_NAMED = 6
_KINDS = tuple(InventoryKind)


class _Children:
    """The digests that an index holds, as far as they were observed."""

    def __init__(self, site: Site) -> None:
        self._of: dict[str, set[str]] = {}
        for image in site.images.images.values():
            if isinstance(image.document, Index):
                self._of.setdefault(image.digest, set()).update(entry.digest for entry, _ in entries(image.document))

    def are_one(self, first: str, second: str) -> bool:
        """Whether two digests can be of one image: equal, or an index and a manifest of it."""
        return first == second or second in self._of.get(first, ()) or first in self._of.get(second, ())


def _is_in(tag: str, tags: frozenset[str]) -> bool:
    """Whether a set has the tag, or it with or without a suffix (`1.3-windows`)."""
    return tag in tags or any(one.startswith(f"{tag}-") or tag.startswith(f"{one}-") for one in tags)


def _differ(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether each of two sets has a version that the other lacks. An empty set states nothing."""
    if not first or not second or first <= second or second <= first:
        return False
    return not (all(_is_in(tag, second) for tag in first) or all(_is_in(tag, first) for tag in second))


def _tags(inventories: Iterable[ImageInventory]) -> frozenset[str]:
    return frozenset[str]().union(*(one.tags for one in inventories))


def _kinds_differ(inventories: Sequence[ImageInventory]) -> bool:
    by_kind = [_tags(one for one in inventories if one.kind is kind) for kind in _KINDS]
    return any(_differ(first, second) for first, second in combinations(by_kind, 2))


def _digests_differ(inventories: Sequence[ImageInventory], children: _Children) -> bool:
    for first, second in combinations(inventories, 2):
        for tag in {*first.tags, *second.tags} or {""}:
            pairs = [(one, other) for one in first.digests_of(tag) for other in second.digests_of(tag)]
            if pairs and not any(children.are_one(one, other) for one, other in pairs):
                return True
    return False


def _files_differ(inventories: Sequence[ImageInventory]) -> bool:
    """Whether two lists for one pool, or two workload sources, have no tag in common."""
    for first, second in combinations(inventories, 2):
        is_alike = first.kind is second.kind and first.kind in {InventoryKind.LIST, InventoryKind.WORKLOAD}
        can_differ = is_alike and first.pools & second.pools and first.tags and second.tags
        if can_differ and not any(_is_in(tag, second.tags) for tag in first.tags):
            return True
    return False


def _severity(inventories: Sequence[ImageInventory], children: _Children) -> Severity | None:
    if _kinds_differ(inventories) or _digests_differ(inventories, children):
        return Severity.WARNING
    return Severity.INFO if _files_differ(inventories) else None


def _shown(version: NamedVersion) -> str:
    pinned = f"@{short_digest(version.digest)}" if version.digest and version.tag else ""
    return f"{version.tag or short_digest(version.digest)}{pinned} at {version.location}"


def _finding(repository: str, inventories: Sequence[ImageInventory], severity: Severity) -> Finding:
    versions = [version for one in inventories for version in one.versions.values()]
    first_places = [_shown(next(iter(one.versions.values()))) for one in inventories]
    effect = (
        "The copy can deliver one version while the pods pull another"
        if severity is Severity.WARNING
        else "Several versions of it must be copied and kept up to date"
    )
    return Finding(
        severity=severity,
        subject=Subject("repository", repository),
        message=f"{repository} has different versions: {listed(first_places, MOST_NAMED)}. {effect}.",
        facts={
            "versions": tuple(dict.fromkeys(_shown(version) for version in versions)),
            "files": tuple(dict.fromkeys(one.name for one in inventories)),
        },
        location=versions[0].location,
        remedies=(Remedy("edit", f"Choose one version, and write it into {many(len(inventories), 'file')}."),),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding for each repository whose versions differ. A repository that one file alone names is no subject."""
    scripts = tuple(one for one in site.bare_scripts if not isinstance(one, views.UnreadScript)) if site.bare_scripts else ()
    archives = site.archives.read if site.archives is not None else ()
    children = _Children(site)
    for repository, inventories in inventories_of(site.plan, site.needs, scripts, archives).items():
        if len(inventories) < 2:
            continue
        severity = _severity(inventories, children)
        yield PASSED if severity is None else _finding(repository, inventories, severity)


CHECK = define(
    run,
    title="Files name different versions of one image",
    holds="Files name the same versions of each image",
    area=Area.SOURCES,
    severity=Severity.WARNING,
    requires=(Requirement.IMAGES,),
)
