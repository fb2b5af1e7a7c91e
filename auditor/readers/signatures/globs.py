"""Match image names with the patterns of policies, as each engine does. All matching is bounded and free of backtracking.

Sources: kyverno ext/wildcard (IGLOU-EU/go-wildcard v1.0.3), gobwas/glob v0.2.3, policy-controller pkg/apis/glob/glob.go,
containers/image docs/containers-policy.json.5.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.oci.reference import Reference

MAX_PATTERN = 1024
MAX_NAME = 2048
_MAX_ALTERNATIVES = 64


@dataclass(frozen=True, slots=True)
class _Token:
    """One element of a pattern. `many`: any number of characters; `chars`: the accepted ones, or all but these if `negated`."""

    chars: str = ""
    negated: bool = True
    many: bool = False

    def takes(self, char: str) -> bool:
        return (char in self.chars) is not self.negated


_ANY, _EVERY, _SEGMENT = _Token(), _Token(many=True), _Token("/", many=True)


class BadPattern(ValueError):
    """A pattern that the engine rejects, or that exceeds the limits here. `str(error)` is the reason."""


def wildcard(pattern: str, name: str) -> bool:
    """Match as Kyverno's `imageReferences`: `*` is any text, `?` exactly one character."""
    return _matches(_simple(_bounded(pattern)), name)


def gobwas(pattern: str, name: str) -> bool:
    """Match as gobwas/glob without separators: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{a,b}`. Raises BadPattern."""
    return any(_matches(_classes(one), name) for one in _alternatives(_bounded(pattern)))


def sigstore(pattern: str, name: str) -> bool:
    """Match as policy-controller's `glob`: `*` does not match `/`, `**` does. Raises BadPattern."""
    pattern = {"*": "index.docker.io/library/*", "*/*": "index.docker.io/*/*"}.get(pattern, pattern)
    if not pattern or not all(char.isascii() and (char.isalnum() or char in "-_:/*.@") for char in _bounded(pattern)):
        raise BadPattern("it has characters that policy-controller does not accept")
    return _matches(_starred(pattern), name)


def scope_of(reference: Reference, scopes: frozenset[str]) -> str | None:
    """Return the most specific scope of a containers/image policy for an image; None if none matches.

    The order is: the image with tag or digest, its repository, each parent, the host, then `*.` and a parent domain.
    """
    for name in _scopes(reference):
        if name in scopes:
            return name
    return None


def _scopes(reference: Reference) -> Iterator[str]:
    if reference.digest:
        yield f"{reference.repository}@{reference.digest}"
    elif reference.tag:
        yield f"{reference.repository}:{reference.tag}"
    parts = reference.repository.split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join(parts[:length])
    labels = reference.domain.partition(":")[0].split(".")
    for start in range(1, len(labels)):
        yield f"*.{'.'.join(labels[start:])}"


def _bounded(pattern: str) -> str:
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"it has more than {MAX_PATTERN} characters")
    return pattern


@lru_cache(maxsize=4096)
def _simple(pattern: str) -> tuple[_Token, ...]:
    return tuple(_EVERY if char == "*" else _ANY if char == "?" else _Token(char, negated=False) for char in pattern)


@lru_cache(maxsize=4096)
def _starred(pattern: str) -> tuple[_Token, ...]:
    found: list[_Token] = []
    place = 0
    while place < len(pattern):
        if pattern.startswith("**", place):
            found.append(_EVERY)
            place += 2
        else:
            found.append(_SEGMENT if pattern[place] == "*" else _Token(pattern[place], negated=False))
            place += 1
    return tuple(found)


@lru_cache(maxsize=4096)
def _classes(pattern: str) -> tuple[_Token, ...]:
    found: list[_Token] = []
    place = 0
    while place < len(pattern):
        char = pattern[place]
        if char == "[":
            end = pattern.find("]", place + 2)
            if end < 0:
                raise BadPattern("a character class has no end")
            inner = pattern[place + 1 : end]
            found.append(_Token(_range(inner.removeprefix("!")), negated=inner.startswith("!")))
            place = end
        elif char == "\\" and place + 1 < len(pattern):
            place += 1
            found.append(_Token(pattern[place], negated=False))
        else:
            found.append(_EVERY if char == "*" else _ANY if char == "?" else _Token(char, negated=False))
        place += 1
    return tuple(found)


def _range(inner: str) -> str:
    if len(inner) == 3 and inner[1] == "-" and inner[0] <= inner[2] and ord(inner[2]) - ord(inner[0]) < 128:
        return "".join(map(chr, range(ord(inner[0]), ord(inner[2]) + 1)))
    return inner


@lru_cache(maxsize=4096)
def _alternatives(pattern: str) -> tuple[str, ...]:
    """Return the patterns without braces. Raises BadPattern if there are too many."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        if len(done) + len(waiting) > _MAX_ALTERNATIVES:
            raise BadPattern(f"it has more than {_MAX_ALTERNATIVES} alternatives")
        here = waiting.pop()
        end = here.find("}")
        start = here.rfind("{", 0, end) if end >= 0 else -1
        if start < 0:
            done.append(here)
        else:
            waiting.extend(here[:start] + choice + here[end + 1 :] for choice in here[start + 1 : end].split(","))
    return tuple(done)


def _matches(tokens: tuple[_Token, ...], name: str) -> bool:
    """Simulate the pattern as an automaton: the work is at most the product of both lengths."""
    if len(name) > MAX_NAME:
        return False
    states = _closed({0}, tokens)
    for char in name:
        following: set[int] = set()
        for state in states:
            if state < len(tokens) and tokens[state].takes(char):
                following.add(state if tokens[state].many else state + 1)
        states = _closed(following, tokens)
        if not states:
            return False
    return len(tokens) in states


def _closed(states: set[int], tokens: tuple[_Token, ...]) -> set[int]:
    """Add the states that a `*` reaches without a character."""
    for state in tuple(states):
        here = state
        while here < len(tokens) and tokens[here].many:
            here += 1
            states.add(here)
    return states
