"""Whether a list has an image that is pulled by default, under whatever name it lies inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from auditor.oci.reference import Reference, parse_reference
from auditor.plan.model import DefaultImage, ListLine, Registry


class Listed:
    """The references of all lists, by repository, so that each image is looked for among few."""

    def __init__(self, lines: Iterable[ListLine], registry: Registry | None) -> None:
        self._registry = registry
        self._by_repository: dict[str, list[Reference]] = {}
        for line in lines:
            if line.reference is not None:
                self._by_repository.setdefault(line.reference.repository, []).append(line.reference)

    def of(self, image: DefaultImage) -> tuple[Reference, ...]:
        """The listed references that will do for the image: as it is, as the facts spell it too, and as it lies inside."""
        return tuple(
            reference
            for spelling in self._spellings(image)
            for reference in self._by_repository.get(_repository(spelling), ())
            if _is(reference, spelling)
        )

    def other_tags(self, image: DefaultImage) -> tuple[str, ...]:
        """The tags that the lists have of the image's repository."""
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
    """Where the image may lie inside: mirrors and `system-default-registry` keep the path, rewrites say another."""
    yield f"{registry.host}/{text.partition('/')[2]}"
    for prefix, target in registry.rewrites.items():
        start = f"{prefix.rstrip('/')}/"
        if text.startswith(start):
            yield f"{target.rstrip('/')}/{text.removeprefix(start)}"


def _repository(spelling: str) -> str:
    folder, _, name = spelling.partition("@")[0].rpartition("/")
    return f"{folder}/{name.partition(':')[0]}"


def _is(reference: Reference, spelling: str) -> bool:
    """Whether a listed reference is what a spelling stands for; `*` in its tag stands for anything."""
    if "@" in spelling:
        return reference == parse_reference(spelling)
    return fnmatchcase(reference.tag, spelling.rpartition(":")[2])
