"""Syntax trees by tree-sitter; only this module creates them. Any input gives a tree, which may contain errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tree_sitter
import tree_sitter_bash
import tree_sitter_powershell
from tree_sitter import Node

from auditor.errors import Location
from auditor.readers.scripts.model import UnreadableScript
from auditor.text import short

SHELL = "sh"
POWERSHELL = "powershell"
MAX_BYTES = 128 * 1024
# On text that it cannot parse, the parser needs quadratic time, and for pipes quadratic memory. So the structural characters
# are counted first. Scripts with a thousand copies stay below the limit.
MAX_SIGNS = 6_000
MAX_BARS = 3_000
_SIGNS = b"|<>(){}[]$\"'`&;"
MAX_DEPTH = 100
MAX_COMMANDS = 5_000
MAX_UNREAD = 20
# PowerShell's grammar parses the two dashes of `--name=value` as an operator, and fails. For the parser they become one letter
# of the same number of bytes. `text_of` restores them.
_DASHES = re.compile(rb"(?<=[\s\"'])--(?=[A-Za-z])")
LETTER = "\u07ca"
# Replacements for other text that the grammar does not support, of the same number of bytes. Used only for scripts that fail to
# parse as written, and only if more of them parses then. `text_of` restores `$`, `{` and `}`.
_STAND_INS = {
    b"$": b"\x02",
    b"{": b"\x03",
    b"}": b"\x04",
    b"(": b"\x05",
    b")": b"\x06",
    b'"': b"\x07",
    b"[": b"\x0e",
    b"]": b"\x0f",
}
_SIGN_OF = {instead.decode(): sign.decode() for sign, instead in _STAND_INS.items()}
_STAND_IN = re.compile(r"[\x02-\x07\x0e\x0f]")
FORBIDDEN = re.compile(rb"[\x00\x02-\x07\x0e\x0f]")
_TOKEN = re.compile(
    rb"(?<=[ \t])(?:\$(?:\{(?:\w+:)?\w+\}|\(\$[\w:.]+\)|(?:\w+:(?=[A-Za-z_]))?\w+)(?:\.\w+|\[[^\]\s]*\])?"
    rb"|\"[^\"\s]*\")(?=[/:]\S)"
)
_OPERATOR = re.compile(
    rb"(?:[=(,+*%/|{;&!<>]|-(?:eq|ne|gt|lt|ge|le|and|or|not|f|i?replace|split|join|i?match|i?like|in|as|is))\s*$", re.IGNORECASE
)
_CLAUSE = re.compile(rb"\}[ \t](?=[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'|default)[ \t]*\{)", re.IGNORECASE)
_BLOCK = re.compile(rb"\)[ \t](?=(?:begin|process|end)[ \t]*\{)", re.IGNORECASE)
_PARAM = re.compile(rb"\bparam[ \t]*\([^()\n]*\)[ \t](?=[^ \t\r\n#])", re.IGNORECASE)
_LABEL = re.compile(rb"\b(break|continue)[ \t](?=[A-Za-z_])", re.IGNORECASE)
_EACH = re.compile(rb"\.ForEach(?=[ \t]*\()", re.IGNORECASE)
_SHOWN = 60
_BEFORE = 40  # bytes before a token that are inspected
_GRAMMARS = {SHELL: tree_sitter_bash.language, POWERSHELL: tree_sitter_powershell.language}


@cache
def _parser(language: str) -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(_GRAMMARS[language]()))


def parse(language: str, data: bytes) -> Node:
    """Return the root of a script's tree."""
    if language != POWERSHELL:
        return _parser(language).parse(data).root_node
    data = _DASHES.sub(LETTER.encode(), data)
    root = _parser(language).parse(data).root_node
    if not root.has_error or (eased := _eased(data)) == data:
        return root
    other = _parser(language).parse(eased).root_node
    return other if _unread_bytes(other) < _unread_bytes(root) else root


def _eased(data: bytes) -> bytes:
    """Return a PowerShell script in a form that the grammar supports, of the same length."""
    data = _TOKEN.sub(lambda found: _stood_in(data, found), data)
    for pattern in (_CLAUSE, _PARAM, _BLOCK, _LABEL):
        data = pattern.sub(lambda found: found[0][:-1] + b";", data)
    return _EACH.sub(lambda found: found[0][:2] + b"x" + found[0][3:], data)


def _stood_in(data: bytes, found: re.Match[bytes]) -> bytes:
    """Return the replacement of a word that begins with a variable, unless it is an operand: `copy $Reg/app`, but not `$done /
    $all`."""
    before = data[max(found.start() - _BEFORE, 0) : found.start()].rpartition(b"\n")[2]
    if not before.strip() or _OPERATOR.search(before.rstrip()):
        return found[0]
    text = found[0]
    for sign, instead in _STAND_INS.items():
        text = text.replace(sign, instead)
    return text


def _unread_bytes(root: Node) -> tuple[int, int]:
    """Return the number of unparsed places in a tree, and of their bytes."""
    errors = list(below(root, "ERROR"))
    return len(errors), sum(node.end_byte - node.start_byte for node in errors)


def is_too_dense(data: bytes) -> bool:
    """Return whether parsing may take too long."""
    return data.count(b"|") > MAX_BARS or len(data) - len(data.translate(None, _SIGNS)) > MAX_SIGNS


def text_of(node: Node) -> str:
    """Return the source text of a node."""
    text = (node.text or b"").decode("utf-8", "replace").replace(LETTER, "--")
    return _STAND_IN.sub(lambda found: _SIGN_OF[found[0]], text) if _STAND_IN.search(text) else text


def location_of(file: str, node: Node) -> Location:
    """Return the start of a node; columns count bytes, as in the parser."""
    return Location(file, node.start_point.row + 1, node.start_point.column + 1)


def below(node: Node, *types: str) -> Iterator[Node]:
    """Yield a node and all nodes in it of these types, in text order. Without recursion, because trees may be deep."""
    left = [node]
    while left:
        here = left.pop()
        if here.type in types:
            yield here
        left.extend(reversed(here.children))


def outermost(node: Node, *types: str) -> Iterator[Node]:
    """Yield the nodes of these types below a node, without those nested in another one."""
    left = list(reversed(node.children))
    while left:
        here = left.pop()
        if here.type in types:
            yield here
        else:
            left.extend(reversed(here.children))


def too_deep(file: str, node: Node) -> UnreadableScript:
    """Return the error for a place that is nested too deeply."""
    return UnreadableScript(f"nested more than {MAX_DEPTH} deep", location_of(file, node))


def not_understood(file: str, node: Node) -> UnreadableScript:
    """Return the error for a place that the grammar does not support."""
    text = " ".join(text_of(node).split())
    shown = f": `{short(text, _SHOWN)}`" if text.isprintable() and text else ""
    return UnreadableScript(f"this part of the script cannot be parsed{shown}", location_of(file, node))
