"""Commands of cmd.exe: the text after `cmd /c`, and batch files. Source: Microsoft Learn, cmd, set, if and for.

Only what downloads need is read: words, quotes, `%NAME%`, `set`, and the characters that separate commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.errors import Location
from auditor.readers.scripts.model import Command, Script, UnreadableScript, Word

BATCH = "batch"
_MOST = 5_000
_LONGEST = 4_096  # characters of a variable: a script may double one in each line
_TOKEN = re.compile(r'"[^"]*"?|\^.|[&|()<>\s]|[^"^&|()<>\s]+', re.DOTALL)
_VARIABLE = re.compile(r"%(\w{1,128})%")
_SKIPPED = frozenset({"call", "start", "do", "else", "@echo", "not", "in"})
_BLOCKS = frozenset({"if", "for"})


def read_batch(file: str, text: str) -> Script:
    """Return the commands of a batch file. Failures always go unnoticed, because cmd.exe continues after them."""
    values: dict[str, str] = {}
    commands: list[Command] = []
    unread: list[UnreadableScript] = []
    for number, line in _lines(text.replace("\r\n", "\n")):
        for texts in _commands(line):
            words = [_word(one, values) for one in texts]
            name = words[0].text.lower()
            if name == "set" and len(texts) > 1:
                key, equals, value = " ".join(one.strip('"') for one in texts[1:]).partition("=")
                if equals:
                    filled = _filled(value, values)
                    values[key.strip().lower()] = filled if len(filled) <= _LONGEST else "!"  # known only at run time
                continue
            if name == "rem" or name.startswith("::"):
                break
            commands.append(Command(tuple(words), Location(file, number, 1), is_read=True))
            if len(commands) >= _MOST:
                unread.append(UnreadableScript(f"more than {_MOST:,} commands", Location(file, number)))
                return Script(file, BATCH, tuple(commands), tuple(unread))
    return Script(file, BATCH, tuple(commands))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number. A line that ends with `^` continues on the next one."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), start=1):
        first = first if parts else number
        parts.append(line.removesuffix("^"))
        if not line.endswith("^"):
            yield first, "".join(parts)
            parts = []
    if parts:
        yield first, "".join(parts)


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line."""
    words: list[str] = []
    word = ""
    for part in [*_TOKEN.findall(line), "&"]:
        if part in "&|()<>" or part.isspace():
            if word:
                words.append(word)
            word = ""
            if part in "&|()" and words:
                yield from _bare(words)
                words = []
            continue
        word += part.removeprefix("^")


def _bare(words: list[str]) -> Iterator[list[str]]:
    """Yield a command without what stands in front of it: `@`, `call`, `if exist FILE`."""
    left = [words[0].lstrip("@"), *words[1:]] if words[0].lstrip("@") else words[1:]
    while left and left[0].lower() in _SKIPPED:
        left = left[1:]
    if left and left[0].lower() in _BLOCKS:
        # `if exist FILE curl …`: the command begins anywhere behind, and the caller looks for a program at the first word.
        for position in range(1, min(len(left), 12)):
            yield left[position:]
        return
    if left:
        yield left


def _word(text: str, values: Mapping[str, str]) -> Word:
    filled = _filled(text, values).replace('"', "")
    found = _VARIABLE.search(filled)
    if found is None and "!" not in filled:
        return Word(filled)
    start = filled[: found.start()] if found is not None else filled.partition("!")[0]
    return Word(filled, is_known=False, start=start)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1].lower(), match[0]), text)
