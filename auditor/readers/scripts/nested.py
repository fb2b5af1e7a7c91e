"""Parse text that a command passes to a shell, as `bash -c '…'`, `ssh host '…'`, `eval "…"` or a here-document."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from auditor.errors import Location
from auditor.readers.scripts.model import Command, Script, UnreadableScript, Word
from auditor.readers.scripts.parsing import MAX_COMMANDS, MAX_UNREAD, POWERSHELL, SHELL

_MAX_NESTED = 3
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_POWERSHELLS = frozenset({"powershell", "pwsh"})
_SWITCHES = frozenset({"su", "runuser"})  # they run the text after `-c` as another user
_COMMANDS = frozenset({"-c", "-command", "/c"})
_SHELL_OPTION = re.compile(r"-[abefhkmnptuvxBCEHPT]{0,6}o")  # `-o`, also combined as in `-euxo`; the next word is its value
_SSH_VALUED = frozenset("bcDEeFIiJLlmOopQRSWw")

Reader = Callable[[str, str, str], Script]


@dataclass(frozen=True, slots=True)
class ShellText:
    """Text for a shell. `line` is where a here-document begins, 0 for text inside the command."""

    text: str
    language: str
    line: int = 0


def with_nested(script: Script, read: Reader, depth: int = 0) -> Script:
    """Return the script with the commands of such texts after those that run them, if the whole text is known.

    `read` takes a language, a file and a text.
    """
    commands: list[Command] = []
    unread = list(script.unread)
    for command in script.commands:
        text = text_in(command) if depth < _MAX_NESTED else None
        if text is None:
            commands.append(command)
            continue
        try:
            inner = with_nested(read(text.language, script.file, text.text), read, depth + 1)
        except UnreadableScript:
            commands.append(command)
            continue
        commands.append(replace(command, is_read=not inner.unread))
        commands += (_moved(each, command, text) for each in inner.commands)
        unread += (UnreadableScript(str(trouble), command.location) for trouble in inner.unread)
    if len(commands) > MAX_COMMANDS:
        unread.insert(0, UnreadableScript(f"more than {MAX_COMMANDS:,} commands", commands[MAX_COMMANDS].location))
    return replace(script, commands=tuple(commands[:MAX_COMMANDS]), unread=tuple(unread[:MAX_UNREAD]))


def _moved(inner: Command, outer: Command, text: ShellText) -> Command:
    """Return a command of the text at its location in the script. If the outer command's failure is hidden,
    so is this one's."""
    at = outer.location
    if text.line and inner.location is not None:
        at = Location(at.file, text.line + inner.location.line - 1, inner.location.column)
    return replace(
        inner,
        location=at,
        ignored=inner.ignored or outer.ignored,
        is_repeated=inner.is_repeated or outer.is_repeated,
        is_optional=inner.is_optional or outer.is_optional,
    )


def text_in(command: Command) -> ShellText | None:
    """Return the text that a command passes to a shell, if the whole text is known."""
    words = command.words
    names = [_name(word) for word in words]
    if not words:
        return None
    if command.document and (names[0] == "ssh" or (names[0] in _SHELLS and not _given(names, 0))):
        return ShellText(command.document, SHELL, command.document_line)
    if names[0] == "eval":
        return _joined(words[1:], SHELL)
    if names[0] in {"iex", "invoke-expression"}:
        return _joined(words[1:2], POWERSHELL)
    if names[0] == "ssh" or (names[0] in _SWITCHES and "-c" in names[:-1]):
        start = _after_host(words) if names[0] == "ssh" else names.index("-c") + 1
        return _joined(words[start:] if names[0] == "ssh" else words[start : start + 1], SHELL)
    for position, name in enumerate(names):
        if name in _SHELLS | _POWERSHELLS and (start := _given(names, position)):
            if name in _POWERSHELLS:
                return _joined(words[start:], POWERSHELL)
            given = _joined(words[start : start + 1], SHELL)
            stops = given is not None and any("e" in flags.removeprefix("-") for flags in _flags(names[position + 1 : start]))
            return replace(given, text=f"set -e\n{given.text}") if given is not None and stops else given
    return None


def _given(names: list[str], shell: int) -> int:
    """Return the index of the text after `-c`; 0 if it is missing."""
    for position in range(shell + 1, len(names)):
        name = names[position]
        if name in _COMMANDS or (name.startswith("-") and not name.startswith("--") and name.endswith("c") and len(name) < 9):
            return position + 1 if position + 1 < len(names) else 0
        if not name.startswith(("-", "/")) and not _takes_word(names[position - 1]):
            return 0
    return 0


def _takes_word(option: str) -> bool:
    """Return whether the next word is the value of an option: `-ep Bypass`, `-o pipefail`, `-euo pipefail`."""
    return option in {"-executionpolicy", "-ep", "+o"} or _SHELL_OPTION.fullmatch(option) is not None


def _flags(names: list[str]) -> list[str]:
    """Return one-letter options, separate or combined, as in `bash -e -uc`."""
    return [name for name in names if name.startswith("-") and not name.startswith("--") and len(name) < 9]


def _after_host(words: tuple[Word, ...]) -> int:
    position = 1
    while position < len(words) and words[position].text.startswith("-"):
        position += 2 if words[position].text[1:] in _SSH_VALUED else 1
    return position + 1


def _joined(words: tuple[Word, ...], language: str) -> ShellText | None:
    text = " ".join(word.text for word in words)
    return ShellText(text, language) if text.strip() and all(word.is_known for word in words) else None


def _name(word: Word) -> str:
    return word.text.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe") if word.is_known else ""
