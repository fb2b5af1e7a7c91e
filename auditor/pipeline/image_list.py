"""The image list that lists, manifests and charts add up to, with the reasons for each image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.needs.listed import Coverage
from auditor.needs.resolve import concerns, resolve_needs
from auditor.needs.workload_gaps import open_gaps
from auditor.oci.reference import Reference
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.readers.demands import Demand, DemandGap, Mechanism
from auditor.text import listed, shown

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Mention:
    """One location that names an image, and how that is known. `certainty` and `mechanism` are empty for image lists."""

    kind: str
    location: Location
    certainty: str = ""
    mechanism: str = ""
    field: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.location}"


@dataclass
class ListedImage:
    """One image, the locations that name it, and the platforms that they restrict it to.

    `platforms` are those that some locations name. `is_for_all`: another location names none, so the image is for all.
    """

    reference: Reference
    digest: str = ""
    platforms: list[str] = field(default_factory=list)
    why: list[Mention] = field(default_factory=list)
    is_for_all: bool = False
    is_in_list: bool = False

    @property
    def only_for(self) -> list[str]:
        """The platforms that the image is restricted to, or an empty list."""
        return [] if self.is_for_all else self.platforms


@dataclass(frozen=True, slots=True)
class Compared:
    """One image: whether lists or workloads state it, and whether a cluster was observed to run it."""

    reference: Reference
    is_stated: bool
    is_observed: bool


@dataclass
class ImageList:
    """The images, the errors in their sources, the parts that cannot be enumerated, and notes about images left out.

    `possible`: references in fields that do not say that they are images; they are not among the images.
    """

    images: dict[Reference, ListedImage] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, reference: Reference, mention: Mention, digest: str, platforms: list[str]) -> None:
        """Add one location that names an image. Without platforms, the image is for all of them."""
        image = self.images.setdefault(reference, ListedImage(reference))
        image.digest = image.digest or reference.digest or digest
        image.why.append(mention)
        image.platforms.extend(text for text in platforms if text not in image.platforms)
        image.is_for_all = image.is_for_all or not platforms
        image.is_in_list = image.is_in_list or mention.kind == "list"

    def compared(self) -> list[Compared]:
        """Return every image with what states it and what was observed; the differences first.

        An image that a list pins counts as stated for pods that name its tag or its digest, and the other way round.
        """
        observed = {reference for reference, image in self.images.items() if any(map(_is_observed, image.why))}
        stated = {reference for reference, image in self.images.items() if not all(map(_is_observed, image.why))}
        by_list, by_cluster = Coverage(stated), Coverage(observed)
        rows = [
            Compared(
                reference,
                reference in stated or by_list.has(reference),
                reference in observed or by_cluster.covered_by(reference),
            )
            for reference in self.images
        ]
        return sorted(rows, key=lambda row: (row.is_stated and row.is_observed, row.is_stated, str(row.reference)))

    def note_lost_platforms(self) -> None:
        """Add a note about the platforms that a plain list of references cannot express."""
        in_lists = (image for image in self.images.values() if image.only_for and image.is_in_list)
        restricted = [f"{image.reference} ({', '.join(image.only_for)})" for image in in_lists]
        if restricted:
            self.notes.append(f"a plain list has no platforms; only for some: {_some(restricted)}")


def image_list(plan: Plan, *, everywhere: bool) -> ImageList:
    """Return the image list of a plan whose charts are rendered. `everywhere`: no image is left out because of the pools."""
    needs, found = resolve_needs(plan), ImageList()
    pools = [pool.platform for pool in plan.pools]
    left_out: list[str] = []
    for line in needs.lines:
        if line.error:
            found.errors.append(f"{line.location}: {shown(line.text)}: {line.error}")
        elif line.unbounded:
            found.unbounded.append(f"{_at(line.location)}{line.unbounded}")
        elif line.reference and (everywhere or any(concerns(line.platforms, pool) for pool in pools)):
            found.take(line.reference, Mention("list", line.location), line.digest, [str(one) for one in line.platforms])
        elif line.reference:
            left_out.append(f"{line.reference} ({', '.join(map(str, line.platforms))})")
    known = {line.reference for line in needs.lines if line.reference is not None}
    for demand in needs.demands:
        if demand.error:
            found.errors.append(f"{_at(demand.location)}{demand.error}")
        elif demand.hidden is None and demand.unbounded:
            found.unbounded.append(f"{_at(demand.location)}{demand.unbounded}")
        elif demand.reference and not demand.is_possible and (everywhere or demand.pools):
            found.take(demand.reference, _mention(demand), "", [demand.os] if demand.os else [])
        elif demand.reference and not demand.is_possible:
            left_out.append(f"{demand.reference} ({demand.who})")
    known.update(found.images)
    found.unbounded.extend(_gaps(needs.demands, known))
    found.possible.extend(_possible(needs.demands, known))
    found.notes.extend(_notes(left_out, needs.passed_over))
    return found


def _at(location: Location) -> str:
    """Return a location as a prefix, or nothing for the plan that the command line made."""
    return "" if location.file == PLAN_OF_LISTS else f"{location}: "


def _is_observed(mention: Mention) -> bool:
    return mention.mechanism == Mechanism.OBSERVED.value


def _mention(demand: Demand) -> Mention:
    certainty, mechanism = demand.certainty.value, demand.mechanism.value
    return Mention(f"{demand.kind} {demand.who}", demand.location, certainty, mechanism, demand.field)


def _gaps(demands: Iterable[Demand], listed: set[Reference]) -> Iterator[str]:
    """Yield what is not enumerated, and each value that names only a part of an image reference."""
    named: set[str] = set()
    for gap in open_gaps(demands, listed):
        if gap.hidden.gap is not DemandGap.VALUE:
            yield gap.detail
            continue
        for demand in gap.demands:
            if demand.text not in named:
                named.add(demand.text)
                yield f"{_at(demand.location)}{demand.unbounded}"


def _possible(demands: Iterable[Demand], listed: set[Reference]) -> Iterator[str]:
    """Yield each possible reference that the list does not have."""
    covered, named = Coverage(listed), set(listed)
    for demand in demands:
        reference = demand.reference
        if reference is None or not demand.is_possible or reference in named or covered.has(reference):
            continue
        named.add(reference)
        yield f"{_at(demand.location)}{demand.who} may name an image: {reference}. Add it to the list if the workload pulls it"


def _notes(left_out: list[str], passed_over: tuple[str, ...]) -> Iterator[str]:
    if left_out:
        yield f"not needed on the pools or platforms: {_some(list(dict.fromkeys(left_out)))}"
    if passed_over:
        yield f"neither Kubernetes objects nor an image list, not read: {_some(list(passed_over))}"


def _some(items: list[str]) -> str:
    return listed(items, _MOST_NAMED)
