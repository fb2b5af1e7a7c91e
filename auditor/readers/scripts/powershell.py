"""Commands of PowerShell scripts, and whether a failure of a program is noticed.

A failed program does not stop a script, whatever `$ErrorActionPreference` is. Only `$PSNativeCommandUseErrorActionPreference`
together with it does, or a test of `$LASTEXITCODE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from auditor.readers.scripts.model import Command, Script, UnreadableScript, Word
from auditor.readers.scripts.parsing import (
    MAX_COMMANDS,
    POWERSHELL,
    below,
    location_of,
    not_understood,
    outermost,
    parse,
    text_of,
)
from auditor.readers.scripts.powershell_values import Values, values_of
from auditor.readers.scripts.powershell_words import argument_of, words_of
from auditor.readers.scripts.tree_reader import TreePlace, TreeReader

_HARMLESS = frozenset({"write-host", "write-output", "write-warning", "write-verbose", "echo", "continue", "out-null"})
_LOOPS = frozenset({"foreach_statement", "for_statement", "while_statement", "do_statement", "function_statement"})
_STATUS = re.compile(r"\$LASTEXITCODE|\$\?", re.IGNORECASE)
_GOES_ON = "the script does not test `$LASTEXITCODE` after it, and PowerShell continues after a failed program"
_STARTS = frozenset({"start-process", "saps"})
_STARTED = "`Start-Process` does not set `$LASTEXITCODE`, and the script does not test `.ExitCode` of the `-PassThru` result"
_STOPS = ("psnativecommanduseerroractionpreference", "erroractionpreference")


@dataclass(frozen=True)
class _Place(TreePlace):
    """The position of a node. A status that is never tested is ignored."""

    ignored: str = _GOES_ON


@dataclass
class _Reader(TreeReader):
    values: Values

    def visit(self, node: Node, place: _Place) -> Iterator[Command]:
        """Yield the commands in a node, in text order."""
        inner = self.entered(node, place, _LOOPS)
        if inner is None:
            return
        match node.type:
            case "ERROR":
                self.note(not_understood(self.file, node))
            case "command":
                yield from self._command(node, inner)
                return
            case "invokation_expression":
                yield self._method(node, inner)
            case "pipeline":
                inner = replace(inner, ignored=_chained(node, inner.ignored))
            case "script_block_expression":
                inner = replace(inner, is_repeated=True)
        yield from self._children(node, inner)

    def _children(self, node: Node, place: _Place) -> Iterator[Command]:
        children = [child for child in node.children if child.is_named and child.type != "comment"]
        is_list = node.type == "statement_list"
        for position, child in enumerate(children):
            following = [after for after in children[position + 1 :][:2] if after.type != "empty_statement"]
            looked = is_list and bool(following) and _STATUS.search(text_of(following[0])) is not None
            is_last = is_list and not following and _STATUS.search(_condition_after(node)) is not None
            yield from self.visit(child, replace(place, ignored="") if looked or is_last else place)

    def _command(self, node: Node, place: _Place) -> Iterator[Command]:
        words, is_read = words_of(node, self.values)
        if not is_read:
            self.note(not_understood(self.file, node))
        ignored = "" if self._stops(node) else place.ignored
        if words and words[0].text.lower() in _STARTS:
            ignored = "" if _sees_exit_code(node) else _STARTED
        yield Command(words, location_of(self.file, node), ignored, place.is_repeated)
        for block in outermost(node, "script_block", "parenthesized_expression", "sub_expression"):
            is_block = block.type == "script_block"
            yield from self.visit(block, replace(place, ignored=_GOES_ON, is_repeated=place.is_repeated or is_block))

    def _method(self, node: Node, place: _Place) -> Command:
        """Return a method call as a command whose name begins with a dot. Its errors do not go unnoticed."""
        name = next((text_of(child) for child in node.children if child.type == "member_name"), "")
        given = next((child for child in node.children if child.type == "argument_list"), None)
        words = (
            [argument_of(each, self.values) for each in outermost(given, "argument_expression")] if given is not None else []
        )
        return Command((Word(f".{name}"), *words), location_of(self.file, node), "", place.is_repeated)

    def _stops(self, node: Node) -> bool:
        """Return whether the script lets failed programs stop it."""
        native, action = (self.values.text(name, node.start_byte) for name in _STOPS)
        return (native or "").lower() == "$true" and (action or "").lower() == "stop"


def _condition_after(block: Node) -> str:
    """Return the condition after the statements of a `do` loop; empty for other statements."""
    loop = block.parent
    while loop is not None and loop.type in {"statement_block", "statement_list"}:
        loop = loop.parent
    if loop is None or loop.type != "do_statement":
        return ""
    return "".join(text_of(child) for child in loop.children if child.start_byte >= block.end_byte)


def _sees_exit_code(node: Node) -> bool:
    """Return whether the script reads the exit code of a process that it started."""
    root = node
    while root.parent is not None:
        root = root.parent
    return "-passthru" in text_of(node).lower() and ".exitcode" in text_of(root).lower()


def _chained(node: Node, ignored: str) -> str:
    """Return why a failure is ignored. In `a || b`, b decides; `a && b` tests the result of a."""
    tail = next((child for child in node.children if child.type == "pipeline_chain_tail"), None)
    if tail is None:
        return ignored
    if "||" not in text_of(tail):
        return ignored
    handler = node.children[-1]
    names = {text_of(command.children[0]).lower() for command in below(handler, "command") if command.children}
    flows = any(below(handler, "flow_control_statement", "assignment_expression"))
    return f"`|| {' '.join(text_of(handler).split())[:40]}` hides it" if names and names <= _HARMLESS and not flows else ""


def read_powershell(file: str, data: bytes) -> Script:
    """Return the commands of a script."""
    root = parse(POWERSHELL, data)
    reader = _Reader(file, values_of(root))
    commands: list[Command] = []
    for command in reader.visit(root, _Place()):
        commands.append(command)
        if len(commands) >= MAX_COMMANDS:
            reader.unread.append(UnreadableScript(f"more than {MAX_COMMANDS:,} commands", command.location))
            break
    return Script(file, POWERSHELL, tuple(commands), tuple(reader.unread))
