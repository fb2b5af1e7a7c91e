"""Read the image lists of a build script without running it: assignments, conditions and here-documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tools.facts.model import ReadError

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_DEFAULT = re.compile(r'"?\$\{(\w+):-(.*)\}"?', re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_DOCUMENT = re.compile(r"<<-?\s*(\w+)")
_TARGET = re.compile(r">>?\s*\"?([\w$./{}-]+)")
_TEST = re.compile(r'\[\[?\s+"([^"]*)"\s+(==|!=|=)\s+"([^"]*)"\s+\]\]?')
_UNSET_TEST = re.compile(r'\[\s+-z\s+"\$(\w+)"\s+\]')
_ARRAY = re.compile(r"\w*IMAGES=\(([^)]*)\)")
_MANY: Final = 100_000


def variables(text: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the plain assignments of a script. What is `given` comes from the environment and is not overwritten."""
    found = dict(given)
    for line in text.splitlines():
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match is None or match[1] in given or "$(" in match[2]:
            continue
        found[match[1]] = expanded(_value(match[2], found), found)
    return found


def _value(text: str, known: Mapping[str, str]) -> str:
    default = _DEFAULT.fullmatch(text)
    if default is not None:
        return known.get(default[1], default[2].strip('"'))
    return text.partition(" #")[0].strip().strip('"')


def expanded(text: str, known: Mapping[str, str]) -> str:
    """Replace `${NAME}` and `$NAME`; an unknown name stays as it is."""
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[2], match[0]), text)


def image_lists(script: str, known: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the lines that a script writes, by the name of the file. Raises ReadError for a condition it cannot decide."""
    lines, reader = script.splitlines()[:_MANY], _Reader(dict(known))
    at = 0
    while at < len(lines):
        at = reader.step(lines, at)
    return reader.lists


class _Reader:
    """Walks over a script: which branches are taken, and what goes into which file."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known, self.lists, self._taken = known, dict[str, list[str]](), [True]

    def step(self, lines: list[str], at: int) -> int:
        """Read the statement that starts at a line; return where the next one starts."""
        line = lines[at].strip()
        if line.startswith("if "):
            self._taken.append(self._holds(line) if all(self._taken) else False)
        elif line in ("else", "fi"):
            outcome = self._taken.pop()
            if line == "else":
                self._taken.append(not outcome)
        elif (document := _DOCUMENT.search(line)) is not None:
            return self._document(lines, at, document)
        elif (array := _ARRAY.fullmatch(line)) is not None and all(self._taken):
            self.lists.setdefault("windows-images.txt", []).extend(expanded(array[1], self.known).split())
        elif (match := _ASSIGNMENT.fullmatch(line)) is not None:
            return self._assign(lines, at, match)
        return at + 1

    def _holds(self, line: str) -> bool:
        condition = line.removeprefix("if ").partition("; then")[0].strip()
        if _UNSET_TEST.fullmatch(condition):
            return False
        if "||" in condition:
            return any(self._one(part.strip()) for part in condition.split("||"))
        return all(self._one(part.strip()) for part in condition.split("&&"))

    def _one(self, condition: str) -> bool:
        match = _TEST.fullmatch(condition)
        if match is None:
            raise ReadError(f"the condition {condition!r} is not understood")
        same = expanded(match[1], self.known) == expanded(match[3], self.known)
        return same if match[2] != "!=" else not same

    def _document(self, lines: list[str], at: int, document: re.Match[str]) -> int:
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == document[1]), len(lines))
        target = _TARGET.search(lines[at].replace(document[0], ""))
        if target is not None and all(self._taken):
            found = [word for line in lines[at + 1 : end] for word in expanded(line, self.known).split()]
            self.lists.setdefault(target[1].rpartition("/")[2], []).extend(found)
        return end + 1

    def _assign(self, lines: list[str], at: int, match: re.Match[str]) -> int:
        value, end = match[2], at
        while value.count('"') % 2 and end + 1 < len(lines):
            end += 1
            value += "\n" + lines[end].strip()
        if all(self._taken) and "$(" not in value:
            self.known[match[1]] = expanded(_value(value, self.known), self.known)
        return end + 1
