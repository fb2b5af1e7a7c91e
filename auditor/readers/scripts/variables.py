"""Variables of a shell script: their values where these are certain, and which of them hold one word each time."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from auditor.readers.scripts.parsing import below, text_of

_PLAIN = frozenset({"word", "number", "string", "raw_string", "concatenation"})
_CHANGES_ANYTHING = frozenset({"eval", "source", ".", "mapfile", "readarray", "getopts", "unset"})


@dataclass(frozen=True)
class Variables:
    """Values by name, each with the offset from which on it holds. `items`: names that hold one word each time."""

    values: dict[str, tuple[int, tuple[Node, ...]]]
    items: frozenset[str]
    certain_until: int

    def value(self, name: str, offset: int) -> tuple[Node, ...] | None:
        """The nodes of a value: one, or the items of an array. None where it is not certain."""
        found = self.values.get(name)
        return found[1] if found is not None and found[0] <= offset < self.certain_until else None


def variables_of(root: Node) -> Variables:
    """A value is certain where the script assigns it once, outside of any condition, loop or function, and before its use."""
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
    """The name and the nodes of one assignment; nothing for `+=`, for one element of an array, and for what is computed."""
    if len(node.children) != 3 or text_of(node.children[1]) != "=" or node.children[0].type != "variable_name":
        return []
    value = node.children[2]
    nodes = tuple(value.named_children) if value.type == "array" else (value,)
    return [(text_of(node.children[0]), nodes)] if all(each.type in _PLAIN for each in nodes) else []


def _items(root: Node) -> list[str]:
    """Names that loops, `read` and a function's arguments set."""
    found = [text_of(name) for loop in below(root, "for_statement") for name in loop.children if name.type == "variable_name"]
    for command in below(root, "command"):
        words = [text_of(child) for child in command.named_children]
        if "read" in words[:1]:
            found += [word for word in words[1:] if not word.startswith("-")]
    return found


def _certain_until(root: Node) -> int:
    """The offset of the first command that may set any variable."""
    for command in below(root, "command", "unset_command"):
        if text_of(command).split(maxsplit=1)[:1] and text_of(command).split(maxsplit=1)[0] in _CHANGES_ANYTHING:
            return command.start_byte
    return root.end_byte + 1
