"""Text that a command passes to an interpreter of another language: `python3 -u -c '…'`, `perl -MLWP::Simple -e '…'`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_INTERPRETERS = re.compile(r"(?:python[0-9.]{0,8}|pypy[0-9.]{0,4}|node|nodejs|bun|deno|perl|ruby|php|lua|Rscript)(?:\.exe)?")
_INLINE = re.compile(r"-[A-Za-z]{0,5}[cepr]|--eval|--print")
_VALUED = frozenset({"-W", "-X", "-I", "-r", "-d", "--require", "--import"})
_MAX_BEFORE = 12  # words of wrappers before the interpreter, such as `env A=b timeout 30`


def inline_program(words: Sequence[str]) -> str:
    """Return the program text after `python -c` and the like; empty if a command passes none."""
    for position, word in enumerate(words[:_MAX_BEFORE]):
        if _INTERPRETERS.fullmatch(_name(word)):
            return _after_options(words[position + 1 :])
    return ""


def is_interpreter(words: Sequence[str]) -> bool:
    """Return whether a command runs an interpreter, which reads its here-document as a program."""
    return any(_INTERPRETERS.fullmatch(_name(word)) for word in words[:_MAX_BEFORE])


def _after_options(words: Sequence[str]) -> str:
    before = ""
    for position, word in enumerate(words[:-1]):
        if word == "eval" and not position:
            return words[1]  # deno
        if _INLINE.fullmatch(word) and "://" not in word and (word != "-r" or position + 2 == len(words)):
            return words[position + 1]
        if not word.startswith("-") and before not in _VALUED:
            return ""
        before = word
    return ""


def _name(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2]
