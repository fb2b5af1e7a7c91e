"""Words of shell commands: without quotes, with variables replaced if their value is certain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

from tree_sitter import Node

from auditor.readers.scripts.model import Word
from auditor.readers.scripts.parsing import text_of
from auditor.readers.scripts.variables import Variables

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r"\\([$`\"\\\n])")
_MAX_NESTED = 20


@dataclass(frozen=True)
class Words:
    """Parses words with a script's variables."""

    variables: Variables

    def of(self, node: Node, depth: int = 0) -> tuple[Word, ...]:
        """Return the words of a node: none, one, or several for an array or an expansion that splits."""
        expanded = self._array(node, depth)
        if expanded is not None:
            return expanded
        if node.type == "simple_expansion" and (value := self._value(node)) is not None:
            return self._split(node, value, depth)
        return (self._one(node, depth),)

    def _array(self, node: Node, depth: int) -> tuple[Word, ...] | None:
        """Return every item of `"${NAME[@]}"`."""
        match = re.fullmatch(r'"?\$\{(\w+)\[[@*]\]\}"?', text_of(node))
        if match is None:
            return None
        items = self.variables.value(match[1], node.start_byte)
        if items is None or depth > _MAX_NESTED:
            return (Word(text_of(node), is_known=False, is_many=True),)
        return tuple(self._one(item, depth + 1) for item in items)

    def _split(self, node: Node, value: Node, depth: int) -> tuple[Word, ...]:
        """Split an unquoted expansion at blanks."""
        whole = self._one(value, depth + 1)
        if not whole.is_known:
            return (Word(text_of(node), is_known=False, is_many=True),)
        return tuple(Word(part) for part in whole.text.split())

    def _value(self, node: Node) -> Node | None:
        """Return the node of the value of `$NAME` or `${NAME}`; None if it is not certain, or is modified."""
        match = re.fullmatch(r"\$(\w+)|\$\{(\w+)\}", text_of(node))
        items = self.variables.value(match[1] or match[2], node.start_byte) if match is not None else None
        return items[0] if items is not None and len(items) == 1 else None

    def _one(self, node: Node, depth: int) -> Word:
        match node.type:
            case "raw_string":
                return Word(text_of(node)[1:-1])
            case "word":
                return Word(_ESCAPED.sub(lambda found: "" if found[1] == "\n" else found[1], text_of(node)))
            case "number":
                return Word(text_of(node))
            case "command_name" | "string" | "concatenation" if depth < _MAX_NESTED:
                return self._joined(node, depth)
            case "simple_expansion" | "expansion":
                return self._expanded(node, depth)
        return Word(text_of(node), is_known=False, is_many=node.type == "command_substitution")

    def _joined(self, node: Node, depth: int) -> Word:
        quoted = node.type == "string"
        parts = [
            Word(_ESCAPED_IN_QUOTES.sub(r"\1", text_of(child)))
            if child.type == "string_content"
            else self._one(child, depth + 1)
            for child in node.named_children
        ]
        inner = b"".join(child.text or b"" for child in node.named_children)
        left = node.end_byte - node.start_byte - len(inner) - 2 * quoted
        is_whole = left == 0
        if is_whole and all(part.is_known for part in parts):
            return Word("".join(part.text for part in parts))
        first_is_many = bool(parts) and parts[0].is_many and not quoted
        is_open = left == 1 and text_of(node).endswith("$")  # the grammar cuts `$A/$B` after its second dollar
        known = "".join(part.text for part in takewhile(lambda part: part.is_known, parts)) if is_whole or is_open else ""
        return Word(text_of(node), is_known=False, is_many=first_is_many, start=known)

    def _expanded(self, node: Node, depth: int) -> Word:
        value = self._value(node)
        if value is not None and depth <= _MAX_NESTED:
            found = self._one(value, depth + 1)
            if found.is_known:
                return found
        name = re.match(r"\$\{?(\w+)", text_of(node))
        one = name is not None and (name[1] in self.variables.items or name[1].isdecimal())
        return Word(text_of(node), is_known=False, is_many=not one)
