"""One importer for each image-list format, selected by content, not by file name.

An importer is a module with `recognises(data) -> bool` and `read(source, data) -> Iterator[ListLine]`. The first one that
recognises a file reads it; the plain list is last and accepts the rest. Other packages add importers through the entry-point
group `auditor.importers`: anything with these two functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import islice
from types import ModuleType
from typing import Protocol

from auditor.errors import AuditorError, unexpected
from auditor.plugins import IMPORTERS as ADDED
from auditor.plugins import added
from auditor.readers.lists import plain
from auditor.readers.lists.plain import MAX_LINES, is_bare
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

FORMATS = (
    "foreign",
    "hauler",
    "zarf",
    "imgpkg",
    "helm_dt",
    "oc_mirror",
    "image_lists_in",
    "regsync",
    "skopeo_sync",
    "chart_annotations",
    "ctr_images",
    "docker_images",
    "hauler_store",
    "aks_imagebom",
    "crictl_images",
    "aks_components",
    "raw_manifest",
    "baseimage",
    "oc_mirror_mapping",
    "unknown",
    "plain",
)


@cache
def importers() -> tuple[ModuleType, ...]:
    """Return every importer of ours, in the order of selection."""
    return tuple(import_module(f"{__name__}.{name}") for name in FORMATS)


_NO_FORMATS = frozenset({"foreign", "unknown", "plain"})
_MOST_ERRORS = 20  # errors that are reported one by one


class Importer(Protocol):
    """A reader of a list format: a module, or anything else with these functions."""

    def recognises(self, data: bytes) -> bool:
        """Return whether the file has the format."""

    def read(self, source: ListSource, data: bytes) -> Iterator[ListLine]:
        """Yield every entry with its location."""


def read_list(source: ListSource, data: bytes) -> tuple[ListLine, ...]:
    """Return every entry of a list. Text in an entry's place that is not an entry becomes a line with an error: nothing is
    lost.

    Importers of other packages come first. Raises AuditorError if one of them fails.
    """
    for name, importer in added(ADDED):
        if (lines := _by_plugin(name, importer, source, data)) is not None:
            return lines or (_empty(source),)
    read: list[ListLine] = []
    try:
        ours = _importer_of(data)
        read.extend(ours.read(source, data))
    except AuditorError:
        raise
    except Exception as error:  # noqa: BLE001 - one list must not end the audit of the others
        return (*read, source.error(source.whole, 1, 1, f"{unexpected('reading this list', error)}: no further entry is read"))
    found = tuple(read) or (_empty(source),)
    return _folded(source, found) if ours is plain else found


def _importer_of(data: bytes) -> ModuleType:
    """Return the first importer of ours that recognises a file; the plain list recognises the rest."""
    if is_bare(data):  # same result as the loop below, without importing the others
        return plain
    return next(importer for importer in importers() if importer.recognises(data))


def _folded(source: ListSource, lines: tuple[ListLine, ...]) -> tuple[ListLine, ...]:
    """Return the entries. If most lines are invalid, return one error for them: the file is then not a list."""
    wrong = [line for line in lines if line.error]
    if len(wrong) <= _MOST_ERRORS or 2 * len(wrong) <= len(lines):
        return lines
    first = wrong[0]
    why = f"{len(wrong):,} of {len(lines):,} entries are not image references (line {first.location.line}: {first.error})"
    said = source.error(source.whole, first.location.line, 1, f"{why}: the file is not an image list")
    return (said, *(line for line in lines if not line.error))


def format_of(data: bytes) -> str:
    """Return the format of a list that only its own importer reads; empty for plain text and unknown formats."""
    try:
        found = _importer_of(data)
    except Exception:  # noqa: BLE001 - `read_list` reports it for the list that it concerns
        return ""
    return "" if (name := found.__name__.rpartition(".")[2]) in _NO_FORMATS else name.replace("_", " ")


def is_object(data: bytes) -> bool:
    """Return whether the keys of a file are those of a Kubernetes object."""
    from auditor.readers.lists import unknown  # noqa: PLC0415 - as the other importers

    return unknown.is_object(data)


def is_structured(data: bytes) -> bool:
    """Return whether a file is JSON or YAML, but not a list."""
    from auditor.readers.lists import unknown  # noqa: PLC0415 - as the other importers

    return unknown.recognises(data)


def _empty(source: ListSource) -> ListLine:
    return source.error(source.whole, 1, 1, "the list names no image: check whether it is truncated or the wrong file")


def _by_plugin(name: str, importer: Importer, source: ListSource, data: bytes) -> tuple[ListLine, ...] | None:
    """Return the lines that a plug-in importer reads, or None if it does not recognise the file."""
    try:
        return tuple(islice(importer.read(source, data), MAX_LINES)) if importer.recognises(data) else None
    except Exception as error:
        raise AuditorError(
            f"the plug-in importer {name} fails on {source.file}: {type(error).__name__}: {error}",
            "Fix or uninstall it. A list that is not read would look like an empty one.",
        ) from error


__all__ = ["FORMATS", "ListSource", "format_of", "importers", "is_object", "is_structured", "read_list"]
