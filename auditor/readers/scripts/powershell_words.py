"""Words of PowerShell commands, as the called program receives them."""

from __future__ import annotations

import re
from itertools import groupby

from tree_sitter import Node

from auditor.readers.scripts.model import Word
from auditor.readers.scripts.parsing import text_of
from auditor.readers.scripts.powershell_values import STRING, Values, name_of, unquoted

_VARIABLE = re.compile(r"\$\{?\w+\}?")
_SPECIAL = re.compile(r"[$`\"'(){}@;|&]")
_REDIRECT = re.compile(r"[0-9*]?>.*")


def words_of(command: Node, values: Values) -> tuple[tuple[Word, ...], bool]:
    """Return the words of a command, the program first, and whether all of it was parsed."""
    names = [child for child in command.children if child.type in {"command_name", "command_name_expr", "path_command_name"}]
    words = [_word(text_of(name), name.start_byte, values) for name in names[:1]]
    is_read = True
    for elements in (child for child in command.children if child.type == "command_elements"):
        for is_gap, nodes in groupby(elements.children, _is_gap):
            if not is_gap:
                more, is_plain = _argument(list(nodes), values)
                words += more
                is_read &= is_plain
    return tuple(words), is_read and not any(child.type == "ERROR" for child in command.children)


def _is_gap(node: Node) -> bool:
    return node.type == "command_argument_sep" and not text_of(node).strip(" \t\r\n`")


def _argument(nodes: list[Node], values: Values) -> tuple[list[Word], bool]:
    """Return the words of one argument; several if the parser did not separate them at blanks."""
    text = "".join(text_of(node) for node in nodes)
    if _REDIRECT.fullmatch(text):
        return [], True
    if nodes[0].type == "script_block_expression" or text.startswith("{"):
        return [Word("{…}", is_known=False)], True
    has_errors = any(node.has_error for node in nodes)
    if has_errors and any(character.isspace() for character in text):
        return [Word(part) for part in text.split()], _SPECIAL.search(text) is None
    if text.startswith("@") and text[1:].isidentifier():
        items = values.items(text[1:], nodes[0].start_byte)
        return [Word(text, is_known=False, is_many=True)] if items is None else [Word(item) for item in items], True
    return [_word(text, nodes[0].start_byte, values)], True


def argument_of(node: Node, values: Values) -> Word:
    """Return one argument of a method."""
    return _word(text_of(node).strip(), node.start_byte, values)


def _word(text: str, offset: int, values: Values) -> Word:
    """Return a word without quotes and with its variables replaced, if all of them are certain."""
    found = STRING.fullmatch(text)
    if found is not None:
        return Word(unquoted(found))
    items = values.items(name_of(text), offset) if name_of(text) else None
    if items is not None and len(items) != 1:
        return Word(text, is_known=False, is_many=True)
    inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    filled = _VARIABLE.sub(lambda match: _filled(match[0], offset, values), inner)
    special = _SPECIAL.search(filled)
    if special is None and not filled.startswith("@"):
        return Word(filled)
    return Word(text, is_known=False, start=filled[: special.start()] if special is not None else "")


def _filled(variable: str, offset: int, values: Values) -> str:
    value = values.text(name_of(variable), offset)
    return variable if value is None else value
