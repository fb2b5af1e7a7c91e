"""The exact images of a release from the plan's `cluster.images`, which replace the facts about its version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from auditor.errors import Location
from auditor.facts.release_images import ReleasedImage, Releases, releases_of
from auditor.needs.default_facts import Distribution, written_row
from auditor.needs.model import UnknownDefault
from auditor.needs.released import LISTED, PULLED, DefaultPull
from auditor.oci.reference import Reference
from auditor.plan.model import Cluster, Plan
from auditor.plan.plan_paths import is_inside, shown_path
from auditor.readers.lists import ListSource
from auditor.readers.published_lists import ReleaseEntry, read_release_list

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Stated:
    """The images in the files of `cluster.images`, by OS, and the unusable entries."""

    by_os: dict[str, tuple[DefaultPull, ...]] = field(default_factory=dict)
    problems: tuple[UnknownDefault, ...] = ()


def stated(plan: Plan, cluster: Cluster, distribution: Distribution | None, kubernetes: str, revision: str) -> Stated:
    """Return what the files of `cluster.images` state; empty if the plan names none.

    `kubernetes` and `revision` are the parts of the plan's version, empty if it is no release of Kubernetes.
    """
    who = _who(cluster)
    table = releases_of(distribution.name) if distribution is not None else None
    by_os: dict[str, list[DefaultPull]] = {}
    problems: list[UnknownDefault] = []
    for entry in _entries(plan, cluster):
        line = entry.line
        if line.reference is None:
            problems.append(UnknownDefault(who, f"{line.text}: {line.error or line.unbounded}", line.location, missing=True))
        elif other := _other_release(table, line.reference, kubernetes, revision):
            problems.append(
                UnknownDefault(who, f"the file is the list of another release: {other}", line.location, missing=True)
            )
        else:
            images = _classified(table, cluster, entry, line.reference, is_product=_is_product(distribution))
            by_os.setdefault(entry.os, []).extend(images)
    return Stated({os: tuple(images) for os, images in by_os.items()}, _bounded(problems))


def _who(cluster: Cluster) -> str:
    return f"{cluster.distribution} {cluster.version}"


def _bounded(problems: list[UnknownDefault]) -> tuple[UnknownDefault, ...]:
    more = len(problems) - _MOST_PROBLEMS
    if more <= 0:
        return tuple(problems)
    last = problems[_MOST_PROBLEMS]
    return (*problems[:_MOST_PROBLEMS], replace(last, detail=f"{more} more entries of `cluster.images` cannot be used"))


def _is_product(distribution: Distribution | None) -> bool:
    return distribution is not None and distribution.numbering == "product"


def _entries(plan: Plan, cluster: Cluster) -> Iterator[ReleaseEntry]:
    pools = tuple(pool.name for pool in plan.pools)
    for name in cluster.images:
        for path in [path for path in plan.files if is_inside(path, name)]:
            source = ListSource(shown_path(plan.path, path), pools, name=path)
            yield from read_release_list(source, plan.files[path])


def _other_release(table: Releases | None, reference: Reference, kubernetes: str, revision: str) -> str:
    """Return the image that shows that a list belongs to another release; empty if this one does not."""
    for image in table.images if table is not None and kubernetes else ():
        if image.image == reference.repository and all("{kubernetes}" in tag for tag in image.tags):
            full = any("{revision}" in tag for tag in image.tags) and revision
            expected = f"{kubernetes}-{revision}" if full else kubernetes
            if expected not in _words(reference.tag, expected):
                return f"it names {reference}, which {expected} does not have"
    return ""


def _words(tag: str, expected: str) -> tuple[str, ...]:
    """Return the part of a tag that states a release, so that 1.34.1 is not found in 1.34.11."""
    start = tag.find(expected)
    after = tag[start + len(expected) : start + len(expected) + 1]
    return (expected,) if start >= 0 and not after.isdigit() else ()


def _classified(
    table: Releases | None, cluster: Cluster, entry: ReleaseEntry, reference: Reference, *, is_product: bool
) -> Iterable[DefaultPull]:
    """Return the image once for each network plug-in that pulls it, as the releases that were read have it."""
    line = entry.line
    source, where = f"cluster.images ({line.location})", line.location
    known = [image for image in table.images if image.image == reference.repository] if table is not None else []
    # The newest row of each part counts: later rows are of later releases.
    same_os = {(image.part, image.cni): image for image in known if image.os == entry.os}
    kinds = same_os or {(image.part, image.cni): image for image in known}
    if kinds:
        return tuple(_as_known(image, reference, entry.os, source, where) for image in kinds.values())
    if row := written_row(cluster.distribution.lower(), reference.repository, entry.os):
        return (DefaultPull(str(reference), entry.os, row.part, source, row.cni, certain=row.certain, location=where),)
    doubt = f"the facts do not state whether {_who(cluster)} pulls it by default"
    return (
        DefaultPull(
            str(reference),
            entry.os,
            "an image of its release",
            source,
            certain=table is None and not is_product,
            optional=is_product,
            location=where,
            doubt=doubt if table is not None and not is_product else "",
        ),
    )


def _as_known(image: ReleasedImage, reference: Reference, os: str, source: str, where: Location) -> DefaultPull:
    certain, optional = image.use == PULLED, image.use == LISTED
    return DefaultPull(str(reference), os, image.part, source, image.cni, certain=certain, optional=optional, location=where)
