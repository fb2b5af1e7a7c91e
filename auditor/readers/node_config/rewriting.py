"""The rewrites of K3s and RKE2: Go regular expressions over a repository path, limited so that no pattern can hang.

Go matches in linear time, Python does not. Only patterns with the same meaning in both are applied, and only if the worst case
takes few steps. The result of any other pattern is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MAX_PATTERN = 200
MAX_NAME = 128
_MOST_STEPS = 4_000_000  # in the worst case; Python takes some 10 ns for each
_TOKEN = re.compile(
    r"(?P<group>\((?:\?:|\?P<[A-Za-z_]\w*>|(?!\?)))|(?P<close>\))|(?P<bar>\|)|(?P<anchor>[\^$]|\\b)"
    r"|(?P<quantifier>(?:[*+?]|\{\d{1,2}(?:,\d{0,2})?\})\??)"
    r"|(?P<atom>\[\^?(?:[A-Za-z0-9_./:@^]|-(?!-)|\\[-dw./\]\\])+\]|\\[dDwW]|\\[^A-Za-z0-9\s]|[^\\\[\](){}*+?|^$])",
    re.ASCII,
)
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<plain>\w+))", re.ASCII)


class NotUnderstood(Exception):
    """A pattern with an unknown result."""


@lru_cache(maxsize=1024)
def compiled(pattern: str, longest: int) -> re.Pattern[str]:
    """Return the pattern for Python, to be matched with texts of at most `longest` characters.

    Each open repetition, and a start that is not fixed, multiplies the steps by the length; each alternative doubles them.
    Raises NotUnderstood.
    """
    if len(pattern) > MAX_PATTERN:
        raise NotUnderstood(f"a pattern of {len(pattern):,} characters")
    cost, branches = _cost(pattern)
    if longest**cost * 2**branches > _MOST_STEPS:
        raise NotUnderstood("a pattern with too many repetitions or alternatives")
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, OverflowError) as error:
        raise NotUnderstood(f"not a regular expression: {error}") from error


def _cost(pattern: str) -> tuple[int, int]:
    """Return the worst-case cost of a match as a power of the name's length, and its branches. Raises NotUnderstood."""
    position, branches, last = 0, 0, ""
    cost = 0 if pattern.startswith("^") and "|" not in pattern else 1
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise NotUnderstood(f"{pattern[position : position + 10]!r} in it is not supported")
        kind = token.lastgroup or ""
        if kind == "quantifier":
            if last != "atom":
                raise NotUnderstood("a repetition of a group or of an empty pattern")
            optional = not token[0].strip("?")
            cost += not optional
            branches += optional
        branches += kind == "bar"
        last, position = kind, token.end()
    return cost, branches


def rewritten(rewrites: Iterable[tuple[str, str]], repository: str) -> str:
    """Return the repository after the matching rewrite. Raises NotUnderstood, also if several match with different results.

    The first rewrite that changes the name wins, and Go tries them in random order.
    """
    if len(repository) > MAX_NAME:
        raise NotUnderstood(f"a name of {len(repository)} characters")
    known = ((compiled(pattern, MAX_NAME), replacement) for pattern, replacement in rewrites)
    results = {_replaced(pattern, replacement, repository) for pattern, replacement in known} - {repository}
    if len(results) > 1:
        raise NotUnderstood("several rewrites match, and their order is not defined")
    return results.pop() if results else repository


def _replaced(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    """Return the text with every match replaced as Go does: an empty match directly after another does not count."""
    done: list[str] = []
    end = -1
    position = 0
    for match in pattern.finditer(text):
        if match.start() == match.end() == end:
            continue
        done += [text[position : match.start()], _expanded(replacement, match)]
        position = end = match.end()
    return "".join([*done, text[position:]])


def _expanded(replacement: str, match: re.Match[str]) -> str:
    def value(variable: re.Match[str]) -> str:
        if variable["dollar"]:
            return "$"
        name = variable["braced"] or variable["plain"]
        number = int(name) if name.isdecimal() and len(name) < 4 else match.re.groupindex.get(name, -1)
        return (match[number] or "") if 0 <= number <= match.re.groups else ""

    return _VARIABLE.sub(value, replacement)
