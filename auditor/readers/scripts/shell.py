"""Commands of sh and bash scripts, and whether a failure is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from auditor.readers.scripts.model import Command, Script, UnreadableScript, Word
from auditor.readers.scripts.parsing import (
    MAX_COMMANDS,
    SHELL,
    below,
    location_of,
    not_understood,
    outermost,
    parse,
    text_of,
)
from auditor.readers.scripts.shell_flow import (
    CallSite,
    NodeContext,
    ShellOptions,
    document_of,
    ends_loop,
    followed,
    is_bounded,
    is_condition,
    is_end_of_branch,
    keeps_success,
    sees_pipe,
)
from auditor.readers.scripts.shell_words import Words
from auditor.readers.scripts.tree_reader import TreeReader
from auditor.readers.scripts.variables import variables_of

_HARMLESS = frozenset({"echo", "printf", "true", ":", "continue", "logger", "sleep"})
_LOOPS = frozenset({"for_statement", "while_statement", "c_style_for_statement", "function_definition"})
_SEQUENCES = frozenset({"program", "compound_statement", "subshell", "do_group", "if_statement", "elif_clause", "else_clause"})
# options set inside them do not affect the outer shell
_APART = frozenset({"subshell", "command_substitution", "process_substitution"})
_DECLARES = frozenset({"declaration_command"})
_INNER = "the outer command continues without it"
_GOES_ON = "the script continues after it, because it does not set `set -e`"
_OFF = "the script continues after it, because `set +e` is in effect"
_TESTED = (
    "`set -e` has no effect in what `||`, `&&`, `if` or `!` tests, and only the status of the last command there is tested"
)
_AND = "`&&` keeps `set -e` from noticing it"
_IF = "`if` handles the failure, and no branch ends the script"
_ROUNDS = 4
_TRIES = "the loop continues after it, and the script does not check afterwards whether a try succeeded"


@dataclass
class _Reader(TreeReader):
    words: Words
    functions: dict[str, Node]
    calls: dict[str, list[CallSite]]
    options: ShellOptions = field(default_factory=ShellOptions)
    found_calls: dict[str, list[CallSite]] = field(default_factory=dict)

    def visit(self, node: Node, place: NodeContext) -> Iterator[Command]:
        """Yield the commands in a node, in text order."""
        inner = self.entered(node, place, _LOOPS)
        if inner is None:
            return
        match node.type:
            case "ERROR":
                self.note(not_understood(self.file, node))
                yield from self._sequence(node, inner)
            case "command":
                yield from self._of_command(node, inner, place)
            case "list":
                yield from self._list(node, inner)
            case "pipeline":
                yield from self._pipeline(node, inner)
            case "negated_command":
                hidden = "" if place.is_used else "`!` hides it from `set -e`"
                yield from self._sequence(node, replace(inner, is_tested=True, ignored=place.ignored or hidden))
            case "function_definition":
                yield from self._function(node, inner)
            case "if_statement":
                yield from self._if(node, inner)
            case "while_statement" | "for_statement" | "c_style_for_statement":
                yield from self._loop(node, inner)
            case _ if node.type in _APART:
                yield from self._apart(node, inner)
            case _ if node.type in _DECLARES:
                masked = f"`{text_of(node.children[0])}` hides it"
                yield from self._sequence(node, replace(inner, ignored=inner.ignored or masked))
            case _:
                yield from self._sequence(node, inner)

    def _of_command(self, node: Node, inner: NodeContext, place: NodeContext) -> Iterator[Command]:
        yield self._command(node, place)
        for inside in outermost(node, "command_substitution", "process_substitution"):
            yield from self.visit(inside, replace(inner, ignored=inner.ignored or _INNER, is_used=False))

    def _sequence(self, node: Node, place: NodeContext) -> Iterator[Command]:
        """Yield the commands of consecutive statements. The status of the last one is that of all."""
        children = [child for child in node.children if child.type not in {"comment", "heredoc_body"}]
        named = [position for position, child in enumerate(children) if child.is_named]
        for position in named:
            is_last = position == named[-1] and node.type != "do_group"
            here = place if is_last or node.type not in {*_SEQUENCES, "ERROR"} else replace(place, is_used=False)
            yield from self.visit(children[position], followed(here, children[position + 1 :]))

    def _function(self, node: Node, place: NodeContext) -> Iterator[Command]:
        """Yield the commands of a function, evaluated where the script calls it. Without a call, the status of its last command
        is unknown."""
        name = text_of(node.named_children[0]) if node.named_children else ""
        sites = self.calls.get(name, [])
        used = all(site.is_noticed for site in sites)
        tested = any(site.is_tested for site in sites)
        inside = replace(place, is_used=used, is_tested=tested, is_inside=True, ignored="", is_caught=True)
        for child in node.named_children[1:]:
            yield from self.visit(child, inside)

    def _if(self, node: Node, place: NodeContext) -> Iterator[Command]:
        reason = "" if place.ignored else self._unheeded(node)
        for position, child in enumerate(node.children):
            if not child.is_named or child.type == "comment":
                continue
            if is_condition(node, position):
                tested = replace(place, is_tested=True, is_used=not reason, ignored=place.ignored or reason)
                yield from self.visit(child, replace(tested, is_optional=place.is_optional or bool(reason)))
            else:
                is_end = is_end_of_branch(node, position)
                here = place if is_end else replace(place, is_used=False)
                yield from self.visit(child, followed(here, node.children[position + 1 :]))

    def _unheeded(self, node: Node) -> str:
        """Return why a failure of an `if` condition goes unnoticed; empty if a branch handles it."""
        condition = next((child for child in node.children if is_condition(node, node.children.index(child))), None)
        negated = condition is not None and condition.type == "negated_command"
        parts = [child for child in node.children if child.is_named and child.type != "comment" and child != condition]
        others = [child for child in parts if child.type in {"else_clause", "elif_clause"}]
        then = [child for child in parts if child not in others]
        failing, succeeding = (then, others) if negated else (others, then)
        if any(not self._is_harmless(child) for child in failing):
            return ""
        if any(keeps_success(child) for child in succeeding):
            return ""
        if any(ends_loop(child) for child in succeeding):
            return self._after_tries(node)
        return _IF

    def _loop(self, node: Node, place: NodeContext) -> Iterator[Command]:
        for position, child in enumerate(node.children):
            if child.is_named and child.type != "comment":
                is_test = node.type == "while_statement" and is_condition(node, position)
                used = replace(place, is_used=True, is_tested=True) if is_test else replace(place, is_used=False)
                yield from self.visit(child, used)

    def _apart(self, node: Node, place: NodeContext) -> Iterator[Command]:
        """Yield the commands of a separate shell, whose settings end with it."""
        before = replace(self.options)
        if node.type == "subshell":
            caught = place.is_used or (self._stops(place) and place.is_caught)
            place = replace(place, is_caught=caught)
        yield from self._sequence(node, place)
        self.options = before

    def _list(self, node: Node, place: NodeContext) -> Iterator[Command]:
        """Yield the commands of a list. In `a || b`, b decides whether a failure of a is noticed; `a && b` tests the result of
        a."""
        left, operator, right = node.children[0], text_of(node.children[1]), node.children[-1]
        if operator == "||":
            reason = self._handler(right, place)
        elif ends_loop(right) and not place.is_used:
            reason = self._after_tries(node)
        elif keeps_success(right) or place.is_used:
            reason = ""
        else:
            reason = _AND
        tested = replace(place, is_tested=True, is_used=not reason, ignored=place.ignored or reason)
        is_optional = place.is_optional or (operator == "||" and self._is_harmless(right))
        yield from self.visit(left, replace(tested, is_optional=is_optional))
        yield from self.visit(right, place)

    def _handler(self, right: Node, place: NodeContext) -> str:
        """Return why the command after `||` does not report a failure; empty if it does."""
        shown = f"`|| {' '.join(text_of(right).split())[:40]}` hides it"
        if self._is_harmless(right):
            return shown
        noticed = place.is_used or self._stops(place)
        is_subshell = right.type == "subshell" and not noticed
        return f"{shown}: `exit` in parentheses ends only the subshell" if is_subshell else ""

    def _after_tries(self, node: Node) -> str:
        """Return why it goes unnoticed that every try in a loop failed; empty if a later command may notice it."""
        loop = node.parent
        while loop is not None and loop.type not in _LOOPS:
            loop = loop.parent
        if loop is None or loop.type == "function_definition":
            return ""
        if loop.type == "while_statement" and not is_bounded(loop):
            return ""
        around = loop.parent
        siblings = around.children if around is not None else []
        behind = [
            child for child in siblings if child.is_named and child.start_byte >= loop.end_byte and child.type != "comment"
        ]
        return "" if behind and not self._is_harmless(behind[0]) else _TRIES

    def _is_harmless(self, node: Node) -> bool:
        """Return whether no command of a handler can end the script or record the failure."""
        names = [text_of(command.children[0]) for command in below(node, "command")]
        names = [inner for name in names for inner in self._named_in(name)]
        return set(names) <= _HARMLESS and not any(below(node, "variable_assignment", "test_command"))

    def _named_in(self, name: str) -> list[str]:
        """Return the commands of a function of the script; for another name, the name itself."""
        body = self.functions.get(name)
        if body is None:
            return [name]
        kept = [name] if any(below(body, "variable_assignment")) else []
        return kept + [text_of(command.children[0]) for command in below(body, "command")]

    def _pipeline(self, node: Node, place: NodeContext) -> Iterator[Command]:
        stages = [child for child in node.children if child.is_named]
        before = replace(self.options)
        if sees_pipe(node):
            place = replace(place, is_used=True)
        for stage in stages:
            hidden = stage is not stages[-1] and not (self.options.pipefail or place.ignored or sees_pipe(node))
            yield from self.visit(stage, replace(place, ignored="the pipe hides it, without `pipefail`") if hidden else place)
            self.options = replace(before)

    def _stops(self, place: NodeContext) -> bool:
        """Return whether a failure at this position ends its shell."""
        traps = self.options.traps and (self.options.errtrace or not place.is_inside)
        return (self.options.stops or traps) and not place.is_tested

    def _command(self, node: Node, place: NodeContext) -> Command:
        parts = [child for child in node.children if child.is_named and child.type != "variable_assignment"]
        words = self._all([part for part in parts if not part.type.endswith("redirect")])
        self._set([word.text for word in words])
        ignored = place.ignored
        if not ignored and not place.is_used and not (self._stops(place) and place.is_caught):
            ignored = self._why(place)
        if words and words[0].text in self.functions:
            self.found_calls.setdefault(words[0].text, []).append(CallSite(place.is_tested, not ignored))
        document, line = document_of(node)
        at = location_of(self.file, node)
        return Command(words, at, ignored, place.is_repeated, document, line, is_optional=place.is_optional)

    def _why(self, place: NodeContext) -> str:
        if self.options.stops:
            return _TESTED if place.is_tested else "only a subshell ends, and its status is not tested"
        return _OFF if self.options.turned_off else _GOES_ON

    def _all(self, parts: list[Node]) -> tuple[Word, ...]:
        """Return the words of a command. The grammar splits `$A/$B` into two adjacent words, which are one."""
        found: list[Word] = []
        for before, part in zip((None, *parts), parts, strict=False):
            words = self._words(part)
            if before is not None and before.end_byte == part.start_byte and found and words:
                found[-1] = found[-1].and_(words[0].text)
                words = words[1:]
            found += words
        return tuple(found)

    def _words(self, part: Node) -> tuple[Word, ...]:
        return self.words.of(part.children[0] if part.type == "command_name" and len(part.children) == 1 else part)

    def _set(self, words: list[str]) -> None:
        """Apply `set -e`, `set +e`, `set -o errexit`, `set -o pipefail`, alone and combined, and `trap … ERR`."""
        options = self.options
        if words[:1] == ["trap"] and "ERR" in words[2:]:
            options.traps = self._ends_script(words[1])
        for position, word in enumerate(words[1:] if words[:1] == ["set"] else ()):
            if word[:1] in {"-", "+"} and not word.startswith("--"):
                on, named = word[0] == "-", words[position + 2] if position + 2 < len(words) else ""
                if "e" in word[1:] or ("o" in word and named == "errexit"):
                    options.stops, options.turned_off = on, not on
                if "E" in word[1:] or ("o" in word and named == "errtrace"):
                    options.errtrace = on
                options.pipefail = on if "o" in word and named == "pipefail" else options.pipefail

    def _ends_script(self, action: str) -> bool:
        """Return whether the command of a trap ends the script: `exit`, or a function of the script that contains it."""
        names = [part.split()[0] for part in action.replace("&&", ";").replace("\n", ";").split(";") if part.split()]
        return any(name == "exit" or "exit" in self._named_in(name) for name in names)


def read_shell(file: str, data: bytes) -> Script:
    """Return the commands of a script."""
    root = parse(SHELL, data)
    functions = {text_of(node.named_children[0]): node for node in below(root, "function_definition") if node.named_children}
    words = Words(variables_of(root))
    first = data.split(b"\n", 1)[0]
    stops = first.startswith(b"#!") and any(word.startswith(b"-") and b"e" in word for word in first.split()[1:])
    calls: dict[str, list[CallSite]] = {}
    # Calls of a function may be in other functions: repeat as often as calls may nest.
    for _ in range(_ROUNDS if functions else 1):
        reader = _Reader(file, words, functions, calls, ShellOptions(stops=stops))
        commands = _read(reader, root)
        if reader.found_calls == calls:
            break
        calls = reader.found_calls
    return Script(file, SHELL, tuple(commands), tuple(reader.unread))


def _read(reader: _Reader, root: Node) -> list[Command]:
    commands: list[Command] = []
    for command in reader.visit(root, NodeContext(is_used=True)):
        commands.append(command)
        if len(commands) >= MAX_COMMANDS:
            reader.unread.append(UnreadableScript(f"more than {MAX_COMMANDS:,} commands", command.location))
            break
    return commands
