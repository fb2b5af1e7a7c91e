"""Find the nearest known spelling for a misspelt word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 64


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """Return the nearest known spelling, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=alike) if len(word) <= LONGEST else []
    return near[0] if near else ""


def as_hint(words: str) -> str:
    """Return a question such as `did you mean one?` as a hint, which is a sentence of its own; empty for an empty string."""
    return words[:1].upper() + words[1:] + ("" if words.endswith(("?", ".")) or not words else ".")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the nearest known spelling as a hint, or an empty string."""
    near = closest(word, known)
    return f"did you mean {near}?" if near else ""
