"""Decide whether a chart version satisfies the constraint of a release, by the rules of Helm.

Rules: Masterminds/semver v3 constraints.go, which Helm, Flux, Argo CD and Fleet use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]{1,100}))?(?:\+[0-9A-Za-z.-]{1,100})?")
_PART = re.compile(r"(=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s{0,9}v?([0-9xX*][0-9A-Za-z.*+-]{0,100})")
_RANGE = re.compile(r"(\S{1,100})\s{1,9}-\s{1,9}(\S{1,100})")
_ANY = frozenset({"x", "X", "*"})
_LONGEST = 256

Numbers = tuple[int, int, int]
Precedence = tuple[Numbers, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A version in a constraint. `given`: the number of written version parts, up to three."""

    numbers: Numbers
    given: int
    pre: str


def satisfies(constraint: str, version: str) -> bool:
    """Return whether Helm accepts `version` for `constraint`. An empty constraint accepts every release:
    Helm uses the latest."""
    text = constraint.strip()
    if text.removeprefix("v").partition("+")[0] == version.strip().removeprefix("v").partition("+")[0]:
        return True
    found = _VERSION.fullmatch(version.strip())
    if found is None or len(text) > _LONGEST:
        return False
    have, pre = _read(found)
    return any(_holds(part.strip() or "*", have, pre) for part in (text or "*").split("||"))


def is_exact(constraint: str) -> bool:
    """Return whether a constraint names exactly one version."""
    found = _VERSION.fullmatch(constraint.strip())
    return found is not None and found[3] is not None


def precedence(version: str) -> Precedence:
    """Return the sort key of a chart version: a pre-release comes before its release. Other text comes first."""
    found = _VERSION.fullmatch(version.strip())
    return _precedence(*_read(found)) if found is not None else _precedence((0, 0, 0), "0")


def _read(found: re.Match[str]) -> tuple[Numbers, str]:
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)), found[4] or ""


def _precedence(numbers: Numbers, pre: str) -> Precedence:
    return numbers, not pre, _identifiers(pre)


def _holds(text: str, have: Numbers, pre: str) -> bool:
    text = _RANGE.sub(r">=\1 <=\2", text)
    parts = [_PART.fullmatch(part.strip()) for part in _split(text)]
    return bool(parts) and all(part is not None and _one(part[1] or "", part[2], have, pre) for part in parts)


def _split(text: str) -> list[str]:
    """Return the conditions of one alternative. A space after an operator belongs to it."""
    words: list[str] = []
    for word in text.replace(",", " ").split():
        if words and not any(letter.isdigit() or letter in _ANY for letter in words[-1]):
            words[-1] += word
        else:
            words.append(word)
    return words


def _wanted(text: str) -> _Wanted | None:
    core, _, pre = text.partition("+")[0].partition("-")
    numbers: list[int] = []
    for part in core.split(".")[:3]:
        if part in _ANY:
            break
        if not part.isdigit():
            return None
        numbers.append(int(part))
    given = len(numbers)
    first, second, third = (*numbers, 0, 0, 0)[:3]
    return _Wanted((first, second, third), given, pre)


def _one(operator: str, text: str, have: Numbers, pre: str) -> bool:
    wanted = _wanted(text)
    if wanted is None or (pre and not wanted.pre):
        return False
    low, given = wanted.numbers, wanted.given
    mine, theirs = _precedence(have, pre), _precedence(low, wanted.pre)
    match operator:
        case "" | "=":
            return mine == theirs if given == 3 else have[:given] == low[:given]
        case "!=":
            return not (mine == theirs if given == 3 else have[:given] == low[:given])
        case ">":
            return mine > theirs if given == 3 else have[:given] > low[:given]
        case "<":
            return mine < theirs
        case ">=" | "=>":
            return mine >= theirs
        case "<=" | "=<":
            return mine <= theirs if given == 3 else have[:given] <= low[:given]
    same = min(given, 2) if operator != "^" else _caret(low, given)
    return mine >= theirs and have[:same] == low[:same]


def _caret(low: Numbers, given: int) -> int:
    """Return how many leading numbers `^` keeps: up to the first that is not zero."""
    for number in range(given):
        if low[number]:
            return number + 1
    return given


def _identifiers(pre: str) -> tuple[tuple[bool, int, str], ...]:
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pre.split(".") if part)
