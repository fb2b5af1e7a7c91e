"""One importer per image-list format, told apart by content, not by name.

An importer is a module with `recognises(data) -> bool` and `read(source, data) -> Iterator[ListLine]`. The first that
recognises a file reads it; the plain list comes last and takes the rest.
"""

from __future__ import annotations

from auditor.plan.lists import foreign, plain
from auditor.plan.lists.source import ListSource
from auditor.plan.model import ListLine

IMPORTERS = (foreign, plain)


def read_list(source: ListSource, data: bytes) -> tuple[ListLine, ...]:
    """Every entry of a list. What is no entry but stands where one should is a line with an error: nothing is lost."""
    importer = next(importer for importer in IMPORTERS if importer.recognises(data))
    found = tuple(importer.read(source, data))
    return found or (source.error(source.file, 1, 1, "the list names no image: is it cut off, or the wrong file?"),)


__all__ = ["IMPORTERS", "ListSource", "read_list"]
