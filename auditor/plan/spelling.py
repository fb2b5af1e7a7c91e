"""The nearest right spelling, for what is misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 64


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The nearest right spelling; empty when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=alike) if len(word) <= LONGEST else []
    return near[0] if near else ""


def as_hint(words: str) -> str:
    """Words such as `did you mean one?` as a hint: a sentence of its own; empty when there are none."""
    return words[:1].upper() + words[1:] + ("" if words.endswith(("?", ".")) or not words else ".")


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest right spelling as a hint; empty when nothing is near."""
    near = closest(word, known)
    return f"did you mean {near}?" if near else ""
