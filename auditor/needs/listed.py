"""Find images in lists: those that a workload names, or that are pulled by default, under any of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from auditor.needs.model import DefaultImage
from auditor.oci.reference import Reference, parse_reference
from auditor.plan.model import Registry
from auditor.readers.demands import Demand
from auditor.readers.model import ListLine


def covers(listed: Reference, wanted: Reference) -> bool:
    """Return whether a copy of the listed image is the wanted one: the same tag, even if pinned, or the same digest."""
    if listed.repository != wanted.repository:
        return False
    return listed.digest == wanted.digest if wanted.digest else listed.tag == wanted.tag


class Coverage:
    """The images that a set of listed references covers, by repository."""

    def __init__(self, references: Iterable[Reference]) -> None:
        self._by_repository: dict[str, list[Reference]] = {}
        for reference in references:
            self._by_repository.setdefault(reference.repository, []).append(reference)

    def has(self, wanted: Reference) -> bool:
        """Return whether one of the references covers the image."""
        return any(covers(one, wanted) for one in self._by_repository.get(wanted.repository, ()))

    def covered_by(self, listed: Reference) -> bool:
        """Return whether the listed image covers one of the references."""
        return any(covers(listed, one) for one in self._by_repository.get(listed.repository, ()))


def settled(demands: Iterable[Demand], covered: Coverage) -> frozenset[str]:
    """Return the choices for which a list has one alternative. The other alternatives need not be listed."""
    return frozenset(
        demand.choice for demand in demands if demand.choice and demand.reference is not None and covered.has(demand.reference)
    )


class ListedReferences:
    """The references of all lists, indexed by repository for fast lookup."""

    def __init__(self, lines: Iterable[ListLine], registry: Registry | None) -> None:
        self._registry = registry
        self._by_repository: dict[str, list[Reference]] = {}
        for line in lines:
            if line.reference is not None:
                self._by_repository.setdefault(line.reference.repository, []).append(line.reference)

    def of(self, image: DefaultImage) -> tuple[Reference, ...]:
        """Return the listed references that match the image: as written, as spelt in the facts, or at its internal location."""
        return tuple(
            reference
            for spelling in self._spellings(image)
            for reference in self._by_repository.get(_repository(spelling), ())
            if _is(reference, spelling)
        )

    def other_tags(self, image: DefaultImage) -> tuple[str, ...]:
        """Return the tags that the lists have for the image's repository."""
        found = (
            reference.target
            for spelling in self._spellings(image)
            for reference in self._by_repository.get(_repository(spelling), ())
        )
        return tuple(dict.fromkeys(found))

    def _spellings(self, image: DefaultImage) -> tuple[str, ...]:
        names = (image.text, *image.also)
        inside = (name for text in names for name in _inside(text, self._registry)) if self._registry is not None else ()
        return tuple(dict.fromkeys((*names, *inside)))


def _inside(text: str, registry: Registry) -> Iterator[str]:
    """Yield the possible internal names of an image. Mirrors and `system-default-registry` keep the path; rewrites change
    it."""
    yield f"{registry.host}/{text.partition('/')[2]}"
    for prefix, target in registry.rewrites.items():
        start = f"{prefix.rstrip('/')}/"
        if text.startswith(start):
            yield f"{target.rstrip('/')}/{text.removeprefix(start)}"


def _repository(spelling: str) -> str:
    folder, _, name = spelling.partition("@")[0].rpartition("/")
    return f"{folder}/{name.partition(':')[0]}"


def _is(reference: Reference, spelling: str) -> bool:
    """Return whether a listed reference matches a spelling; `*` in its tag matches any text."""
    if "@" in spelling:
        return covers(reference, parse_reference(spelling))
    return fnmatchcase(reference.tag, spelling.rpartition(":")[2])
