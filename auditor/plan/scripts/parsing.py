"""Syntax trees, by tree-sitter: the only place that makes them. A tree is made of anything, errors and all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tree_sitter
import tree_sitter_bash
import tree_sitter_powershell
from tree_sitter import Node

from auditor.errors import Location
from auditor.plan.scripts.model import UnreadableScript

SHELL = "sh"
POWERSHELL = "powershell"
MAX_BYTES = 128 * 1024
# The parser takes time, and for pipes memory, that grows with the square of what it cannot make sense of: the signs that give a
# script its structure are counted first. Scripts of a thousand copies stay below.
MAX_SIGNS = 6_000
MAX_BARS = 3_000
_SIGNS = b"|<>(){}[]$\"'`&;"
MAX_DEPTH = 100
MAX_COMMANDS = 5_000
MAX_UNREAD = 20
# PowerShell's grammar reads the two dashes of `--name=value` as an operator, and gives up. For the parser they are one letter,
# of as many bytes, which `text_of` turns back.
_DASHES = re.compile(rb"(?<=[\s\"'])--(?=[A-Za-z])")
LETTER = "\u07ca"
_GRAMMARS = {SHELL: tree_sitter_bash.language, POWERSHELL: tree_sitter_powershell.language}


@cache
def _parser(language: str) -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(_GRAMMARS[language]()))


def parse(language: str, data: bytes) -> Node:
    """The root of a script's tree."""
    if language == POWERSHELL:
        data = _DASHES.sub(LETTER.encode(), data)
    return _parser(language).parse(data).root_node


def is_too_dense(data: bytes) -> bool:
    """Whether parsing it may take too long."""
    return data.count(b"|") > MAX_BARS or len(data) - len(data.translate(None, _SIGNS)) > MAX_SIGNS


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode("utf-8", "replace").replace(LETTER, "--")


def location_of(file: str, node: Node) -> Location:
    """Where a node begins; columns count bytes, as the parser does."""
    return Location(file, node.start_point.row + 1, node.start_point.column + 1)


def below(node: Node, *types: str) -> Iterator[Node]:
    """A node and everything in it that is of these types, in the order of the text; without recursion, as trees may be deep."""
    left = [node]
    while left:
        here = left.pop()
        if here.type in types:
            yield here
        left.extend(reversed(here.children))


def outermost(node: Node, *types: str) -> Iterator[Node]:
    """What is of these types below a node, without what lies in another such."""
    left = list(reversed(node.children))
    while left:
        here = left.pop()
        if here.type in types:
            yield here
        else:
            left.extend(reversed(here.children))


def too_deep(file: str, node: Node) -> UnreadableScript:
    """What is said of a place that is nested too deep to be followed."""
    return UnreadableScript(f"nested more than {MAX_DEPTH} deep", location_of(file, node))


def not_understood(file: str, node: Node) -> UnreadableScript:
    """What is said of a place that the grammar does not know."""
    return UnreadableScript("this part of the script cannot be understood", location_of(file, node))
