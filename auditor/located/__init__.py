"""Read YAML and JSON files as values with their locations. The only room that turns YAML events into values.

Files may be hostile. Size, nesting, values and documents are bounded during the read, and an alias counts each time it is used.
Tags create no objects. A key that occurs twice is an error, because the second value would silently replace the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located.building import Documents
from auditor.located.values import FILES, PLAN, BeyondLimit, Marked, NotStructured, ReadLimits, TooDeep, TwiceKey, Value

__all__ = [
    "FILES",
    "PLAN",
    "BeyondLimit",
    "Documents",
    "Marked",
    "NotStructured",
    "ReadLimits",
    "TooDeep",
    "TwiceKey",
    "Value",
    "head_matches",
    "iter_marked",
    "load_marked",
]


def head_matches(data: bytes, *needles: bytes) -> bool:
    """Return whether all needles occur in the file: a cheap test before parsing."""
    return all(needle in data for needle in needles)


def load_marked(data: bytes) -> list[Marked]:
    """Return every non-empty document of a YAML file, or the one of a JSON file. Raises NotStructured."""
    return list(filter(_has_content, Documents(data, FILES)))


def iter_marked(data: bytes) -> Iterator[Marked]:
    """Like `load_marked`, but yield one document after another, for files with any number of documents.

    Raises NotStructured at the first fault, after it has yielded the documents before it.
    """
    return filter(_has_content, Documents(data, FILES, holds_all=False))


def _has_content(document: Marked) -> bool:
    return isinstance(document.value, list | dict) or bool(document.text.strip())
