"""Commands of sh and bash scripts, and whether anybody notices when one fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from auditor.plan.scripts.model import Command, Script, UnreadableScript, Word
from auditor.plan.scripts.parsing import (
    MAX_COMMANDS,
    MAX_DEPTH,
    MAX_UNREAD,
    SHELL,
    below,
    location_of,
    not_understood,
    outermost,
    parse,
    text_of,
    too_deep,
)
from auditor.plan.scripts.shell_words import Words
from auditor.plan.scripts.variables import variables_of

_HARMLESS = frozenset({"echo", "printf", "true", ":", "continue", "logger", "sleep"})
_LOOPS = frozenset({"for_statement", "while_statement", "c_style_for_statement", "function_definition"})
_INNER = "the command around it goes on without it"
_GOES_ON = "the script goes on after it, as it does not say `set -e`"


@dataclass(frozen=True)
class _Place:
    """Where a node stands. `ignored` is set by what stands around it; `is_handled`: somebody looks at how it ended."""

    ignored: str = ""
    is_handled: bool = False
    is_repeated: bool = False
    depth: int = 0


@dataclass
class _Reader:
    file: str
    words: Words
    last_byte: int
    functions: dict[str, Node]
    stops: bool = False
    pipefail: bool = False
    unread: list[UnreadableScript] = field(default_factory=list)

    def visit(self, node: Node, place: _Place) -> Iterator[Command]:
        """The commands in a node, in the order of the text."""
        if place.depth > MAX_DEPTH:
            self._note(too_deep(self.file, node))
            return
        inner = replace(place, depth=place.depth + 1)
        match node.type:
            case "ERROR":
                self._note(not_understood(self.file, node))
            case "command":
                yield self._command(node, place)
                for inside in outermost(node, "command_substitution", "process_substitution"):
                    yield from self.visit(inside, replace(inner, ignored=inner.ignored or _INNER, is_handled=False))
                return
            case "list":
                yield from self._list(node, inner)
                return
            case "pipeline":
                yield from self._pipeline(node, inner)
                return
            case "negated_command" if not place.is_handled:
                inner = replace(inner, ignored="`!` hides it from `set -e`")
        yield from self._children(node, replace(inner, is_repeated=inner.is_repeated or node.type in _LOOPS))

    def _note(self, trouble: UnreadableScript) -> None:
        if len(self.unread) < MAX_UNREAD:
            self.unread.append(trouble)

    def _children(self, node: Node, place: _Place) -> Iterator[Command]:
        children = node.children
        for position, child in enumerate(children):
            if child.is_named and child.type not in {"comment", "heredoc_body"}:
                here = place
                if node.type in {"if_statement", "while_statement", "elif_clause"} and _is_condition(node, position):
                    here = replace(place, is_handled=True)
                elif not (place.ignored or place.is_handled):
                    here = _followed(place, children[position + 1 : position + 3])
                yield from self.visit(child, here)

    def _list(self, node: Node, place: _Place) -> Iterator[Command]:
        """`a || b`: what b does decides whether the failure of a is noticed. `a && b` looks at how a ended."""
        left, operator, right = node.children[0], text_of(node.children[1]), node.children[-1]
        if operator != "||":
            yield from self.visit(left, place if place.ignored else replace(place, is_handled=True))
        elif self._is_harmless(right):
            yield from self.visit(left, replace(place, ignored=f"`|| {' '.join(text_of(right).split())[:40]}` hides it"))
        else:
            yield from self.visit(left, replace(place, is_handled=True))
        yield from self.visit(right, place)

    def _is_harmless(self, node: Node) -> bool:
        """Whether nothing that a handler does can end the script or remember the failure."""
        names = [text_of(command.children[0]) for command in below(node, "command")]
        names = [inner for name in names for inner in self._named_in(name)]
        return bool(names) and set(names) <= _HARMLESS and not any(below(node, "variable_assignment", "test_command"))

    def _named_in(self, name: str) -> list[str]:
        """The commands that a function of the script runs; else the name itself."""
        body = self.functions.get(name)
        if body is None:
            return [name]
        kept = [name] if any(below(body, "variable_assignment")) else []
        return kept + [text_of(command.children[0]) for command in below(body, "command")]

    def _pipeline(self, node: Node, place: _Place) -> Iterator[Command]:
        stages = [child for child in node.children if child.is_named]
        for stage in stages:
            hidden = stage is not stages[-1] and not self.pipefail and not place.ignored
            yield from self.visit(stage, replace(place, ignored="the pipe hides it, without `pipefail`") if hidden else place)

    def _command(self, node: Node, place: _Place) -> Command:
        parts = [child for child in node.children if child.is_named and child.type != "variable_assignment"]
        words = self._all([part for part in parts if not part.type.endswith("redirect")])
        self._set([word.text for word in words])
        ignored = place.ignored
        if not ignored and not place.is_handled and not self.stops and (place.is_repeated or node.end_byte < self.last_byte):
            ignored = _GOES_ON
        return Command(words, location_of(self.file, node), ignored, place.is_repeated, *_document(node))

    def _all(self, parts: list[Node]) -> tuple[Word, ...]:
        """The words of a command. The grammar takes `$A/$B` for two, with nothing between them: these are one."""
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
        """`set -e`, `set +e`, `set -o errexit`, `set -o pipefail`, alone and together."""
        for position, word in enumerate(words[1:] if words[:1] == ["set"] else ()):
            if word[:1] in {"-", "+"} and not word.startswith("--"):
                on, named = word[0] == "-", words[position + 2] if position + 2 < len(words) else ""
                self.stops = on if "e" in word[1:] or ("o" in word and named == "errexit") else self.stops
                self.pipefail = on if "o" in word and named == "pipefail" else self.pipefail


def _document(node: Node) -> tuple[str, int]:
    """The here-document that a command is given, and the line where it begins."""
    around = node.parent
    given = around.children if around is not None and around.type == "redirected_statement" else []
    body = next((child for each in given for child in each.children if child.type == "heredoc_body"), None)
    return (text_of(body), body.start_point.row + 1) if body is not None else ("", 0)


def _is_condition(node: Node, position: int) -> bool:
    return node.field_name_for_child(position) == "condition"


def _followed(place: _Place, after: list[Node]) -> _Place:
    """What comes right after a command: a look at `$?`, or the `&` that sends it into the background."""
    if after and text_of(after[0]) == "&":
        return replace(place, ignored="it runs in the background (`&`)")
    following = next((node for node in after if node.is_named), None)
    if following is not None and any(text_of(node) == "$?" for node in below(following, "simple_expansion")):
        return replace(place, is_handled=True)
    return place


def read_shell(file: str, data: bytes) -> Script:
    """The commands of a script."""
    root = parse(SHELL, data)
    statements = [child for child in root.children if child.is_named and child.type != "comment"]
    functions = {text_of(node.named_children[0]): node for node in below(root, "function_definition") if node.named_children}
    reader = _Reader(file, Words(variables_of(root)), statements[-1].end_byte if statements else 0, functions)
    first = data.split(b"\n", 1)[0]
    reader.stops = first.startswith(b"#!") and any(word.startswith(b"-") and b"e" in word for word in first.split()[1:])
    commands: list[Command] = []
    for command in reader.visit(root, _Place()):
        commands.append(command)
        if len(commands) >= MAX_COMMANDS:
            reader.unread.append(UnreadableScript(f"more than {MAX_COMMANDS:,} commands", command.location))
            break
    return Script(file, SHELL, tuple(commands), tuple(reader.unread))
