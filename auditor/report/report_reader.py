"""Tolerant access to JSON reports, which may have been edited. No function here raises on unexpected content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.check import Subject

VERSION = 1
MAX_FINDINGS = 200_000

Document = Mapping[str, Any]


def is_report(document: object) -> bool:
    """Whether a JSON value looks like a report of any version."""
    return isinstance(document, dict) and {"tool", "findings"} <= document.keys()


def dicts(items: object) -> Iterator[dict[str, Any]]:
    """Return the mappings in a list, or nothing if `value` is not a list."""
    yield from (item for item in (items if isinstance(items, list) else [])[:MAX_FINDINGS] if isinstance(item, dict))


def text(item: Document, key: str) -> str:
    """Return the text, or an empty string."""
    value = item.get(key)
    return value if isinstance(value, str) else ""


def part(item: Document, key: str) -> Document:
    """Return the mapping, or an empty one."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def subject(item: Document) -> Subject:
    """Return the subject of a finding or undetermined outcome in a report."""
    found = part(item, "subject")
    return Subject(*(text(found, key) for key in ("kind", "id", "platform", "pool", "client")))


def place(item: Document) -> str:
    """Return the location of a finding as `file:line:column`, or an empty string."""
    found = part(item, "location")
    return ":".join(str(found[key]) for key in ("file", "line", "column") if found.get(key))
