"""The nearest right spelling, for what is misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 64


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The nearest right spelling; empty when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=alike) if len(word) <= LONGEST else []
    return near[0] if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest right spelling as a hint; empty when nothing is near."""
    near = closest(word, known)
    return f"did you mean {near}?" if near else ""
