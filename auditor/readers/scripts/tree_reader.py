"""The common part of the readers of shell and PowerShell syntax trees: the depth limit, loops, and unparsed places."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tree_sitter import Node

from auditor.readers.scripts.model import UnreadableScript
from auditor.readers.scripts.parsing import MAX_DEPTH, MAX_UNREAD, too_deep

_P = TypeVar("_P", bound="TreePlace")


@dataclass(frozen=True)
class TreePlace:
    """The position of a node. `ignored` states why its exit status is ignored; empty if a failure is noticed."""

    ignored: str = ""
    is_repeated: bool = False
    depth: int = 0


@dataclass
class TreeReader:
    """A walk through the syntax tree of `file`. `unread` are the places that were not parsed."""

    file: str
    unread: list[UnreadableScript] = field(default_factory=list, kw_only=True)

    def entered(self, node: Node, place: _P, loops: AbstractSet[str]) -> _P | None:
        """Return the position inside a node, or None with a note if the tree is too deep there."""
        if place.depth > MAX_DEPTH:
            self.note(too_deep(self.file, node))
            return None
        return replace(place, depth=place.depth + 1, is_repeated=place.is_repeated or node.type in loops)

    def note(self, trouble: UnreadableScript) -> None:
        """Record an unparsed place, once for each line."""
        lines = {one.location.line for one in self.unread}
        if len(self.unread) < MAX_UNREAD and trouble.location.line not in lines:
            self.unread.append(trouble)
