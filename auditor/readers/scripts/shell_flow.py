"""The context of a command in a shell script that decides whether its failure is noticed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tree_sitter import Node

from auditor.readers.scripts.parsing import below, text_of
from auditor.readers.scripts.tree_reader import TreePlace


@dataclass(frozen=True)
class NodeContext(TreePlace):
    """The position of a node.

    `ignored` is set by the surrounding code. `is_used`: the exit status of the node is tested. `is_tested`: `set -e` has no
    effect. `is_caught`: if `set -e` ends this shell, its parent notices. `is_optional`: the script states that the node may
    fail.
    """

    is_used: bool = False
    is_tested: bool = False
    is_caught: bool = True
    is_inside: bool = False  # inside a function, which does not inherit a trap on ERR
    is_optional: bool = False


@dataclass
class ShellOptions:
    """The options that `set` and `trap` have switched on so far."""

    stops: bool = False
    turned_off: bool = False
    pipefail: bool = False
    errtrace: bool = False
    traps: bool = False


@dataclass(frozen=True)
class CallSite:
    """One call of a function of the script: whether `set -e` has no effect there, and whether its failure is noticed."""

    is_tested: bool
    is_noticed: bool


def is_condition(node: Node, position: int) -> bool:
    """Return whether a child is the condition of an `if` or a loop."""
    return node.field_name_for_child(position) == "condition"


def is_end_of_branch(node: Node, position: int) -> bool:
    """Return whether a child of an `if` is the last statement of its branch."""
    after = [child for child in node.children[position + 1 :] if child.is_named and child.type != "comment"]
    return not after or after[0].type in {"else_clause", "elif_clause"}


def followed(place: NodeContext, after: list[Node]) -> NodeContext:
    """Return the context after a command: a test of `$?`, or the `&` that starts it in the background."""
    if place.ignored:
        return place
    if after and text_of(after[0]) == "&":
        waited = any(_waits(command) for node in after for command in below(node, "command"))
        behind = replace(place, ignored="it runs in the background (`&`)", is_used=False, is_optional=True)
        return place if waited else behind
    following = next((node for node in after if node.is_named), None)
    if following is not None and any(text_of(node) == "$?" for node in below(following, "simple_expansion")):
        return replace(place, is_used=True)
    return place


def _waits(command: Node) -> bool:
    """Return whether `wait` returns the status of a process: `wait PID` does, `wait` alone does not."""
    words = text_of(command).split()
    return words[:1] == ["wait"] and len(words) > 1


def ends_loop(node: Node) -> bool:
    """Return whether the command leaves the loop around it."""
    return any(text_of(command).split()[:1] == ["break"] for command in below(node, "command"))


def keeps_success(node: Node) -> bool:
    """Return whether a branch records that a command succeeded, or ends with its status."""
    ends = any(text_of(command).split()[:1] in (["return"], ["exit"], ["exec"]) for command in below(node, "command"))
    return ends or any(below(node, "variable_assignment"))


def is_bounded(loop: Node) -> bool:
    """Return whether a `while` ends by itself: not `while true` and `while :`."""
    condition = next((child for position, child in enumerate(loop.children) if is_condition(loop, position)), None)
    return condition is None or text_of(condition).strip() not in {"true", ":"}


def sees_pipe(node: Node) -> bool:
    """Return whether the code after a pipe tests `PIPESTATUS`."""
    around = node.parent
    siblings = around.children if around is not None else []
    following = [child for child in siblings if child.is_named and child.start_byte >= node.end_byte]
    return bool(following) and "PIPESTATUS" in text_of(following[0])


def document_of(node: Node) -> tuple[str, int]:
    """Return the here-document of a command, and the line where it begins."""
    around = node.parent
    given = around.children if around is not None and around.type == "redirected_statement" else []
    body = next((child for each in given for child in each.children if child.type == "heredoc_body"), None)
    return (text_of(body), body.start_point.row + 1) if body is not None else ("", 0)
