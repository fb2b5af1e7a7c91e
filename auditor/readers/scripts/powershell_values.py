"""Variables of a PowerShell script with certain values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from auditor.readers.scripts.parsing import below, text_of

STRING = re.compile(r"'((?:[^']|'')*)'|\"([^\"$`]*)\"")
_NAME = re.compile(r"\$\{?(?:(?:script|global|local):)?(\w+)\}?", re.IGNORECASE)
_ITEMS = re.compile(r"@\((.*)\)", re.DOTALL)
_CHANGES_ANYTHING = frozenset({"invoke-expression", "iex", "set-variable", "."})


@dataclass(frozen=True)
class Values:
    """The texts of variables by lower-case name, with the offset from which on they are valid."""

    values: dict[str, tuple[int, tuple[str, ...]]]
    certain_until: int

    def items(self, name: str, offset: int) -> tuple[str, ...] | None:
        """Return every text of a variable; None if it is not certain."""
        found = self.values.get(name.lower())
        return found[1] if found is not None and found[0] <= offset < self.certain_until else None

    def text(self, name: str, offset: int) -> str | None:
        """Return its only text, or None."""
        items = self.items(name, offset)
        return items[0] if items is not None and len(items) == 1 else None


def name_of(text: str) -> str:
    """Return the name in `$Name`, `${Name}` or `$script:Name`; empty for any other text."""
    match = _NAME.fullmatch(text.strip())
    return match[1].lower() if match is not None else ""


def values_of(root: Node) -> Values:
    """Return certain values: the script assigns them once, outside any condition, loop or function, and before their use."""
    assigned = list(below(root, "assignment_expression"))
    counts: dict[str, int] = {}
    for node in assigned:
        name = name_of(text_of(node.children[0]))
        counts[name] = counts.get(name, 0) + 1
    loops = {name_of(text_of(child)) for loop in below(root, "foreach_statement") for child in loop.children}
    values = {
        name: (node.end_byte, items)
        for node in _on_top(root)
        if counts[name := name_of(text_of(node.children[0]))] == 1 and name not in loops
        if (items := _constant(node)) is not None
    }
    return Values(values, _certain_until(root))


def _on_top(root: Node) -> list[Node]:
    lists = [child for child in root.children if child.type == "statement_list"]
    statements = [statement for each in lists for statement in each.children if statement.type == "pipeline"]
    return [child for statement in statements for child in statement.children if child.type == "assignment_expression"]


def _constant(node: Node) -> tuple[str, ...] | None:
    """Return the texts of `= 'text'`, `= $true` and `= @('a', 'b')`; None for a computed value."""
    operator, value = text_of(node.children[1]), text_of(node.children[-1]).strip()
    if operator != "=":
        return None
    if value.lower() in {"$true", "$false"}:
        return (value.lower(),)
    inner = _ITEMS.fullmatch(value)
    if inner is not None:
        return _texts(inner[1])
    found = STRING.fullmatch(value)
    return (unquoted(found),) if found is not None else None


def _texts(listed: str) -> tuple[str, ...] | None:
    left = STRING.sub("", listed)
    return tuple(unquoted(found) for found in STRING.finditer(listed)) if not left.replace(",", "").strip() else None


def unquoted(found: re.Match[str]) -> str:
    """Return the value of a string without variables."""
    return found[1].replace("''", "'") if found[1] is not None else found[2]


def _certain_until(root: Node) -> int:
    for command in below(root, "command"):
        if text_of(command).split(maxsplit=1)[:1] and text_of(command).split(maxsplit=1)[0].lower() in _CHANGES_ANYTHING:
            return command.start_byte
    return root.end_byte + 1
