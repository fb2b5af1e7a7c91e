"""A JSON report read back, which may have been changed on its way: nothing in it is taken for granted, and nothing raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.check import Subject

VERSION = 1
MAX_FINDINGS = 200_000

Document = Mapping[str, Any]


def is_report(document: object) -> bool:
    """Whether a JSON value looks like a report, of whatever version."""
    return isinstance(document, dict) and {"tool", "findings"} <= document.keys()


def dicts(items: object) -> Iterator[dict[str, Any]]:
    """The mappings in a list; nothing out of what is no list."""
    yield from (item for item in (items if isinstance(items, list) else [])[:MAX_FINDINGS] if isinstance(item, dict))


def text(item: Document, key: str) -> str:
    """A text; empty where there is none."""
    value = item.get(key)
    return value if isinstance(value, str) else ""


def part(item: Document, key: str) -> Document:
    """A mapping; empty where there is none."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def subject(item: Document) -> Subject:
    """What a finding or an undetermined of a report is about."""
    found = part(item, "subject")
    return Subject(*(text(found, key) for key in ("kind", "id", "platform", "pool", "client")))


def place(item: Document) -> str:
    """Where a finding is in the user's files, as `file:line:column`; empty where it is nowhere."""
    found = part(item, "location")
    return ":".join(str(found[key]) for key in ("file", "line", "column") if found.get(key))
