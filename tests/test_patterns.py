"""Every regular expression runs in linear time on inputs that are built from its parts to make it backtrack.

Patterns are found in the code, with the methods that the code calls on them. For each pattern the test repeats texts that parts
of it match, so that a part that can match in several ways, or from several starts, has as much to try as possible.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from types import FrameType
from typing import Any

import pytest

from auditor.readers.lists import skopeo_sync
from auditor.readers.lists.source import _placeholders
from auditor.readers.node_config.rewriting import NotUnderstood, compiled
from auditor.secret_forms import FORMS

ROOT = Path(__file__).parent.parent
TOPS = ("auditor", "checks", "reports")
METHODS = {"match", "search", "fullmatch", "finditer", "findall", "sub", "split"}
LENGTH = 16_000
# 16,000 characters at this rate take 32 ms; a quadratic pattern needs 16,000 times as long per character as a linear one.
MOST_PER_CHARACTER = 2e-6
FIRST_LENGTH = 24  # an exponential pattern is stopped here, after seconds instead of years
MOST_SAMPLES = 6
MOST_PREFIXES = 12
SUFFIXES = ("", "!", "\n", "x")
_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT}


@dataclass(frozen=True, slots=True)
class Used:
    """A pattern of a module, and a method that code calls on it."""

    module: str
    name: str
    method: str
    pattern: re.Pattern[Any]


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def _called(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of the module on which a method of patterns is called or passed on, with the method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def _literal(node: ast.Call) -> str | bytes | None:
    is_re = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
    if not is_re or not node.args or not isinstance(node.args[0], ast.Constant):
        return None
    value = node.args[0].value
    return value if isinstance(value, str | bytes) else None


@cache
def used() -> tuple[Used, ...]:
    """Every module-level pattern with the methods called on it, and every literal that is handed to a function of `re`."""
    found: dict[tuple[str, str, str], Used] = {}
    for name, tree in _modules():
        if name.endswith("__main__"):
            continue
        module = importlib.import_module(name)
        for variable, method in _called(tree):
            pattern = getattr(module, variable, None)
            if isinstance(pattern, re.Pattern):
                found[name, variable, method] = Used(name, variable, method, pattern)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (text := _literal(node)) is not None and isinstance(node.func, ast.Attribute):
                method = node.func.attr if node.func.attr in METHODS else ""
                flags = re.MULTILINE if "MULTILINE" in ast.dump(node) else 0
                if method:
                    found[name, str(text), method] = Used(name, str(text), method, re.compile(text, flags))
    for pattern, _ in _placeholders():
        found["facts", pattern.pattern, "search"] = Used("facts", pattern.pattern, "search", pattern)
    for form in FORMS:
        found["auditor.secret_forms", form.pattern.pattern, "sub"] = Used(
            "auditor.secret_forms", f"{form.words[0]} {form.pattern.pattern}", "sub", form.pattern
        )
    return tuple(found.values())


def _pieces(parsed: Any, depth: int = 0) -> Iterator[str]:
    """A text that each part of a parsed pattern matches, parts of parts too."""
    for operation, argument in parsed:
        text = _sample([(operation, argument)])
        if text and len(text) <= 40:
            yield text
        for inner in _inner(operation, argument):
            if depth < 6:
                yield from _pieces(inner, depth + 1)


def _inner(operation: Any, argument: Any) -> list[Any]:
    if operation in _REPEATS:
        return [argument[2]]
    if operation is _constants.SUBPATTERN:
        return [argument[3]]
    if operation is _constants.BRANCH:
        return list(argument[1])
    if operation is _constants.ATOMIC_GROUP:
        return [argument]
    if operation in {_constants.ASSERT, _constants.ASSERT_NOT}:
        return [argument[1]]
    return []


def _of_category(category: Any) -> str:
    name = str(category)
    return "0" if "DIGIT" in name and "NOT" not in name else " " if "SPACE" in name and "NOT" not in name else "a"


def _of_set(items: Any) -> str:
    """A character of a set; for a negated set one that is likely to be in it."""
    negated = items[0][0] is _constants.NEGATE
    members: set[str] = set()
    for operation, argument in items[1:] if negated else items:
        if operation is _constants.LITERAL:
            members.add(chr(argument))
        elif operation is _constants.RANGE:
            members.update((chr(argument[0]), chr(argument[1])))
        elif operation is _constants.CATEGORY:
            members.add(_of_category(argument))
    return next((one for one in "a0- \t.:" if one not in members), "é") if negated else min(members)


def _sample(parsed: Any) -> str:
    """One text that the pattern matches, as short as it gets, but with every repetition once."""
    text = ""
    for operation, argument in parsed:
        if operation is _constants.LITERAL:
            text += chr(argument)
        elif operation is _constants.NOT_LITERAL:
            text += "a" if chr(argument) != "a" else "b"
        elif operation is _constants.ANY:
            text += "a"
        elif operation is _constants.IN:
            text += _of_set(argument)
        elif operation is _constants.CATEGORY:
            text += _of_category(argument)
        elif operation is _constants.BRANCH:
            text += _sample(argument[1][0])
        elif operation in _REPEATS:
            text += _sample(argument[2]) * min(max(argument[0], 1), 64)
        elif operation is _constants.SUBPATTERN:
            text += _sample(argument[3])
        elif operation is _constants.ATOMIC_GROUP:
            text += _sample(argument)
    return text


def _prefixes(parsed: Any) -> Iterator[str]:
    """What leads to each repetition: the sample of everything before it."""
    yield ""
    for end, (operation, _) in enumerate(parsed):
        if operation in _REPEATS or operation in {_constants.SUBPATTERN, _constants.BRANCH}:
            yield _sample(list(parsed)[:end])


def attacks(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Prefix, unit to repeat, and suffix."""
    source = pattern.pattern
    parsed = _parser.parse(source, pattern.flags & ~re.DEBUG)
    pieces = list(dict.fromkeys([*_pieces(parsed), " ", "\n"]))
    units = list(dict.fromkeys([*pieces[:24], *("".join(pair) for pair in product(pieces[:MOST_SAMPLES], repeat=2))]))
    prefixes = list(dict.fromkeys(_prefixes(parsed)))[:MOST_PREFIXES]
    yield from product(prefixes, units, SUFFIXES)


class TooSlow(Exception):
    """The time for one input is over."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow after `seconds`: matching looks at signals now and then."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _runner(one: Used) -> Callable[[Any], object]:
    pattern = one.pattern
    match one.method:
        case "match" | "search" | "fullmatch" | "split":
            return getattr(pattern, one.method)  # type: ignore[no-any-return]
        case "sub":
            return lambda text: pattern.sub(text[:0], text)
        case _:
            return lambda text: sum(1 for _ in pattern.finditer(text))


def slow_input(one: Used) -> str:
    """An input on which the pattern takes too long, shortened; empty if none was found."""
    run = _runner(one)
    as_bytes = isinstance(one.pattern.pattern, bytes)
    for prefix, unit, suffix in attacks(one.pattern):
        for length in (FIRST_LENGTH, LENGTH):
            text = prefix + unit * (length // len(unit)) + suffix
            data: Any = text.encode("utf-8", "replace") if as_bytes else text
            allowed = max(MOST_PER_CHARACTER * len(data), 0.03)
            if not _in_time(run, data, allowed):
                return f"{prefix!r} + {unit!r} * {length // len(unit)} + {suffix!r}"
    return ""


def _in_time(run: Callable[[Any], object], data: Any, allowed: float) -> bool:
    """Whether one of three tries is in time: another process may have had the processor."""
    for _ in range(3):
        started = time.thread_time()
        try:
            with limited(40 * allowed):
                run(data)
        except TooSlow:
            continue
        if time.thread_time() - started <= allowed:
            return True
    return False


def test_patterns_are_found() -> None:
    found = used()
    assert len({(one.module, one.name) for one in found}) > 90
    assert {"auditor.readers.lists.skopeo_sync", "auditor.collectors.registry.challenge"} <= {one.module for one in found}


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(?:\w+\s?)*!", r"^\s*x", r"(?:a|aa)+b"])
def test_attacks_find_patterns_that_backtrack(pattern: str) -> None:
    assert slow_input(Used("", "", "search", re.compile(pattern, re.MULTILINE)))


@pytest.mark.parametrize("pattern", [r"^[a-z]+:[ \t]", r"(?>a+)b", r"\$\{\w+\}"])
def test_attacks_do_not_flag_linear_patterns(pattern: str) -> None:
    assert not slow_input(Used("", "", "match", re.compile(pattern)))


@pytest.mark.parametrize("one", used(), ids=lambda one: f"{one.module}:{one.name[:40]}.{one.method}")
def test_pattern_is_linear(one: Used) -> None:
    assert slow_input(one) == ""


@pytest.mark.parametrize(
    ("registry", "lines"),
    [("docker.io:\n", "  # a comment\n"), ("docker.io:\n", "\t#\n"), ("a:\n", "\n"), ("a:\n", "  #\n \n")],
)
def test_long_skopeo_source_is_read_in_linear_time(registry: str, lines: str) -> None:
    started = time.thread_time()
    with limited(5):
        assert not skopeo_sync.recognises((registry + lines * 5_000 + "images").encode())
    assert time.thread_time() - started < 0.5


def test_registry_pattern_that_may_be_slow_is_rejected() -> None:
    with pytest.raises(NotUnderstood):
        compiled("^https://.*a.*b.*c$", 512)
    assert compiled("^https://mcr\\.microsoft\\.com/.*", 512).search("https://mcr.microsoft.com/v2/")
