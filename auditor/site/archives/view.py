"""The view of archives: which archive holds which image of the plan, under which name, and its standing there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from auditor.evidence.model import Absent, Evidence, Failed, Kind, Seen
from auditor.needs.model import Need, Needs
from auditor.oci.archive import ArchivedImage
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal
from auditor.site.archives.conflicts import Conflict, conflicts_in
from auditor.site.archives.evidence import Archive, InArchive, InNone
from auditor.site.archives.finder import ArchivedRoot, asked_names, entries_in
from auditor.site.images import Image, Images, Placement, Standing, Trouble
from auditor.site.survey import Survey
from auditor.text import short_digest

MAX_SAME = 64  # entries per image and archive; further ones are ignored


@dataclass(frozen=True, slots=True)
class ArchivedNeed:
    """One need in the archives: the best placement among them, and its entry, or None if no archive has it."""

    placement: Placement
    entry: ArchivedRoot | None


@dataclass(frozen=True, slots=True)
class Archives:
    """Every archive of the plan. `unread` maps unreadable archives to the reason. `held` follows the order of the needs.

    `conflicts` are the names under which they offer two different images.
    """

    read: tuple[Archive, ...]
    unread: Mapping[str, Trouble]
    entries: Mapping[Reference, tuple[ArchivedRoot, ...]]
    held: tuple[ArchivedNeed, ...]
    conflicts: tuple[Conflict, ...] = ()

    def images(self) -> Images:
        """Return the images as the archives together hold them."""
        images: dict[Reference, Image] = {}
        for held in self.held:
            image = held.placement.image
            known = images.get(image.reference)
            if known is None or (known.document is None and image.document is not None):
                images[image.reference] = image
        return Images(images, tuple(held.placement for held in self.held))


def archives_of(plan: Plan, needs: Needs, evidence: Evidence, source: Images | None) -> Archives:
    """Return the view. `source` is the state of the images at their sources, or None if these were not requested."""
    read, unread = _observed(plan, evidence)
    references = dict.fromkeys(need.reference for need in needs.needs)
    entries = entries_in(read, references, plan.registry, source, evidence)
    best = _best(plan, needs, evidence, entries)
    trouble = next(iter(unread.values()), None)
    at = next((seen.at for seen in evidence.archives().values()), None)
    lacking = Survey(plan, needs, InNone(at, trouble.detail, trouble.kind) if trouble else InNone(at)).images().placements
    if trouble is None and (doubt := _doubt(read, entries, evidence)) is not None:
        doubtful = Survey(plan, needs, InNone(at, doubt.trouble.detail, doubt.trouble.kind)).images().placements
        pairs, seen = zip(lacking, doubtful, strict=True), _wholly_seen(source)
        lacking = tuple(sure if doubt.is_settled(seen, sure.need.reference) else unsure for sure, unsure in pairs)
    held = tuple(_final(best.get(_key(place.need)), place, is_sure=not unread) for place in lacking)
    asked = asked_names(references, plan.registry)
    return Archives(tuple(read), unread, entries, held, tuple(conflicts_in(read, asked, evidence)))


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A root that matched no image, and may be an image that no archive seems to hold.

    `is_named`: the archive gives it a name, though another one. `is_read`: its document is known, so only the source's state is
    unknown.
    """

    trouble: Trouble
    is_named: bool
    is_read: bool

    def is_settled(self, seen: AbstractSet[Reference] | None, reference: Reference) -> bool:
        """Return whether the root is certainly not the image. `seen` are the images fully observed at the source.

        If `seen` is None (the sources were not requested), the root's own name decides.
        """
        return self.is_read and (self.is_named if seen is None else reference in seen)


def _wholly_seen(source: Images | None) -> AbstractSet[Reference] | None:
    """Return the images that the source was observed to have, or to lack, with every manifest that a pool needs."""
    if source is None:
        return None
    troubled = {one.image.reference for one in source.placements if one.image.trouble or one.resolution.trouble}
    return source.images.keys() - troubled


def _doubt(read: Iterable[Archive], entries: Mapping[Reference, tuple[ArchivedRoot, ...]], evidence: Evidence) -> _Doubt | None:
    """Return the most doubtful root that matched no image, or None if all matched."""
    known = {(entry.archive.path, entry.root.digest) for found in entries.values() for entry in found}
    doubts = [
        _of_root(archive, root, evidence)
        for archive in read
        for root in archive.inventory.images
        if (archive.path, root.digest) not in known and not root.kind
    ]
    return min(doubts, key=lambda doubt: (doubt.is_read, doubt.is_named), default=None)


def _of_root(archive: Archive, root: ArchivedImage, evidence: Evidence) -> _Doubt:
    named = f"as {root.names[0]}" if root.names else "without a name"
    detail = f"{archive.path} holds an image {named} ({short_digest(root.digest)}), which may be it"
    match InArchive(evidence, archive, {"": root}).content("", root.digest):
        case Failed(kind, why):
            return _Doubt(Trouble(kind, f"{detail}: {why}"), bool(root.names), is_read=False)
        case None:
            return _Doubt(Trouble(Kind.MISSING_EVIDENCE, f"{detail} and was not read"), bool(root.names), is_read=False)
        case Seen() | Absent():
            return _Doubt(Trouble(Kind.MISSING_EVIDENCE, detail), bool(root.names), is_read=True)


def _observed(plan: Plan, evidence: Evidence) -> tuple[list[Archive], dict[str, Trouble]]:
    read: list[Archive] = []
    unread: dict[str, Trouble] = {}
    observed = evidence.archives()
    for name in (normal(name) for name in (plan.copy.archives if plan.copy else ())):
        inside = {path: seen for path, seen in observed.items() if is_inside(path, name)}
        if not inside:
            unread[name] = Trouble(Kind.MISSING_EVIDENCE, f"{name} was not read")
        for path, seen in inside.items():
            match seen:
                case Seen(value, at):
                    read.append(Archive(path, value.inventory, at))
                case Absent(detail):
                    unread[path] = Trouble(Kind.MISSING_EVIDENCE, f"{path}: {detail}")
                case Failed(kind, detail) as failed:
                    unread[path] = Trouble(kind, f"{path}: {detail}", failed.faults)
    return read, unread


def _best(
    plan: Plan, needs: Needs, evidence: Evidence, entries: Mapping[Reference, tuple[ArchivedRoot, ...]]
) -> dict[tuple[Reference, str], ArchivedNeed]:
    """Return the best of each need, from one survey per archive over its needs."""
    best: dict[tuple[Reference, str], ArchivedNeed] = {}
    for archive, roots in _rounds(entries):
        asked = Needs(needs=tuple(need for need in needs.needs if need.reference in roots))
        named = {str(reference): entry.root for reference, entry in roots.items()}
        for placement in Survey(plan, asked, InArchive(evidence, archive, named)).images().placements:
            held = best.get(_key(placement.need))
            if held is None or placement.standing.rank < held.placement.standing.rank:
                best[_key(placement.need)] = ArchivedNeed(placement, roots[placement.image.reference])
    return best


def _rounds(entries: Mapping[Reference, tuple[ArchivedRoot, ...]]) -> Iterator[tuple[Archive, dict[Reference, ArchivedRoot]]]:
    """Yield the entries by archive, each image once. An image that an archive holds twice gets a further round."""
    rounds: dict[tuple[str, int], tuple[Archive, dict[Reference, ArchivedRoot]]] = {}
    for reference, found in entries.items():
        count: dict[str, int] = {}
        for entry in found:
            number = count[entry.archive.path] = count.get(entry.archive.path, 0) + 1
            if number <= MAX_SAME:
                rounds.setdefault((entry.archive.path, number), (entry.archive, {}))[1][reference] = entry
    return iter(rounds.values())


def _final(held: ArchivedNeed | None, lacking: Placement, *, is_sure: bool) -> ArchivedNeed:
    """Return the result for a need. If an archive was not read, a missing image may be in it."""
    if held is None or (not is_sure and held.placement.standing.rank > Standing.UNDETERMINED.rank):
        return ArchivedNeed(lacking, None)
    return held


def _key(need: Need) -> tuple[Reference, str]:
    return (need.reference, need.pool)
