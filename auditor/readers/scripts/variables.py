"""Variables of a shell script: certain values, and the names that always hold one word."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from auditor.readers.scripts.parsing import below, text_of

_PLAIN = frozenset({"word", "number", "string", "raw_string", "concatenation"})
_CHANGES_ANYTHING = frozenset({"eval", "source", ".", "mapfile", "readarray", "getopts", "unset"})


@dataclass(frozen=True)
class Variables:
    """Values by name, each with the offset from which on it is valid. `items`: names that always hold one word."""

    values: dict[str, tuple[int, tuple[Node, ...]]]
    items: frozenset[str]
    certain_until: int

    def value(self, name: str, offset: int) -> tuple[Node, ...] | None:
        """Return the nodes of a value: one, or the items of an array. None if it is not certain."""
        found = self.values.get(name)
        return found[1] if found is not None and found[0] <= offset < self.certain_until else None


def variables_of(root: Node) -> Variables:
    """Return certain values: the script assigns them once, outside any condition, loop or function, and before their use."""
    counts: dict[str, int] = {}
    for node in below(root, "variable_assignment"):
        name = text_of(node.named_children[0]) if node.named_children else ""
        counts[name] = counts.get(name, 0) + 1
    items = frozenset(_items(root))
    values = {
        name: (node.end_byte, nodes)
        for statement in root.children
        for node in ([statement] if statement.type == "variable_assignment" else _declared(statement))
        for name, nodes in _assigned(node)
        if counts[name] == 1 and name not in items
    }
    return Variables(values, items, _certain_until(root))


def _declared(statement: Node) -> list[Node]:
    return [node for node in statement.children if node.type == "variable_assignment"] if _declares(statement) else []


def _declares(statement: Node) -> bool:
    return statement.type in {"declaration_command", "variable_assignments"}


def _assigned(node: Node) -> list[tuple[str, tuple[Node, ...]]]:
    """Return name and nodes of an assignment; nothing for `+=`, for one element of an array, or for a computed value."""
    if len(node.children) != 3 or text_of(node.children[1]) != "=" or node.children[0].type != "variable_name":
        return []
    value = node.children[2]
    nodes = tuple(value.named_children) if value.type == "array" else (value,)
    return [(text_of(node.children[0]), nodes)] if all(each.type in _PLAIN for each in nodes) else []


def _items(root: Node) -> list[str]:
    """Return the names that loops, `read` and the arguments of functions set."""
    found = [text_of(name) for loop in below(root, "for_statement") for name in loop.children if name.type == "variable_name"]
    for command in below(root, "command"):
        words = [text_of(child) for child in command.named_children]
        if "read" in words[:1]:
            found += [word for word in words[1:] if not word.startswith("-")]
    return found


def _certain_until(root: Node) -> int:
    """Return the offset of the first command that may set any variable."""
    for command in below(root, "command", "unset_command"):
        if text_of(command).split(maxsplit=1)[:1] and text_of(command).split(maxsplit=1)[0] in _CHANGES_ANYTHING:
            return command.start_byte
    return root.end_byte + 1
