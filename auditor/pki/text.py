"""Text from certificates, made safe to print: whoever issued a certificate chose it."""

from __future__ import annotations

MAX_TEXT = 300


def printable(text: str, limit: int = MAX_TEXT) -> str:
    """`text` with everything that is not printable escaped, at most `limit` characters; a cut shows as `…`."""
    head = text[: limit + 1]
    safe = head if head.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in head)
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
