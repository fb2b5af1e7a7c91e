"""The view of inventories: which versions of each repository lists, workloads, copy scripts and archives name.

Names on the internal registry and names at the source count as one repository, according to the plan's rewrites.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.errors import Location
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.plan.rewrites import placed
from auditor.readers.lists.source import placeholder_in

if TYPE_CHECKING:
    from auditor.needs.model import Needs
    from auditor.site.archives.evidence import Archive
    from auditor.site.script_lines import ReadScript

MOST_REPOSITORIES = 200_000


class InventoryKind(enum.StrEnum):
    """The kinds of files that name images."""

    LIST = "list"
    WORKLOAD = "workload"
    SCRIPT = "script"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """One version of a repository as an inventory names it: tag, digest or both, and where."""

    tag: str
    digest: str
    location: Location

    def __str__(self) -> str:
        return self.tag or self.digest


@dataclass(slots=True)
class ImageInventory:
    """The versions of one repository in one list, workload source, script or archive. `pools` is empty for all pools."""

    kind: InventoryKind
    name: str
    pools: set[str] = field(default_factory=set)
    versions: dict[tuple[str, str], NamedVersion] = field(default_factory=dict)

    @property
    def tags(self) -> frozenset[str]:
        """The tags that it names."""
        return frozenset(tag for tag, _ in self.versions if tag)

    def digests_of(self, tag: str) -> frozenset[str]:
        """Return the digests that it pins a tag to; for an empty tag, the digests without a tag."""
        return frozenset(digest for known, digest in self.versions if known == tag and digest)


def inventories_of(
    plan: Plan, needs: Needs, scripts: tuple[ReadScript, ...], archives: tuple[Archive, ...]
) -> dict[str, tuple[ImageInventory, ...]]:
    """Return the inventories that name each repository, by its name at the source or, if none has that, inside."""
    found: dict[str, dict[tuple[InventoryKind, str], ImageInventory]] = {}
    names: dict[str, str] = {}
    for kind, name, pools, reference, location in _named(plan, needs, scripts, archives):
        inside = placed(plan.registry, reference).repository if plan.registry is not None else reference.repository
        if inside != reference.repository or inside not in names:
            names[inside] = reference.repository
        if inside not in found and len(found) >= MOST_REPOSITORIES:
            continue
        one = found.setdefault(inside, {}).setdefault((kind, name), ImageInventory(kind, name))
        one.pools.update(pools)
        tag = reference.tag if reference.explicit_tag or not reference.digest else ""
        one.versions.setdefault((tag, reference.digest), NamedVersion(tag, reference.digest, location))
    return {names[inside]: tuple(each.values()) for inside, each in found.items()}


_Named = tuple[InventoryKind, str, tuple[str, ...], Reference, Location]


def _named(plan: Plan, needs: Needs, scripts: tuple[ReadScript, ...], archives: tuple[Archive, ...]) -> Iterator[_Named]:
    for line in needs.lines:
        if line.reference is not None:
            yield InventoryKind.LIST, line.location.file, line.pools, line.reference, line.location
    sources = {shown_path(plan.path, normal(path)): path for one in plan.workloads if (path := one.manifests or one.chart)}
    for demand in needs.demands:
        if demand.reference is not None and not demand.is_possible and not demand.choice:
            file = demand.location.file
            source = next((shown for shown in sources if is_inside(file, shown)), file)
            yield InventoryKind.WORKLOAD, source, demand.pools, demand.reference, demand.location
    yield from _in_scripts(scripts)
    yield from _in_archives(plan, archives)


def _in_scripts(scripts: tuple[ReadScript, ...]) -> Iterator[_Named]:
    for script in scripts:
        for line in (one.line for one in script.lines):
            values = {value for _, value in line.call.options.given}
            for word in line.command.words:
                if word.is_known and word.text not in values and (reference := _reference(word.text)) is not None:
                    yield InventoryKind.SCRIPT, script.path, (), reference, line.command.location


def _in_archives(plan: Plan, archives: tuple[Archive, ...]) -> Iterator[_Named]:
    for archive in archives:
        place = Location(shown_path(plan.path, archive.path))
        for name in (name for image in archive.inventory.images for name in image.names):
            if not placeholder_in(name) and (reference := _reference(name)) is not None:
                yield InventoryKind.ARCHIVE, archive.path, (), reference, place


def _reference(text: str) -> Reference | None:
    try:
        return parse_reference(text.removeprefix("docker://"))
    except InvalidReference:
        return None
