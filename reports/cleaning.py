"""Cleaning of untrusted text before output. Names, messages and symptoms may come from a hostile registry or certificate."""

from __future__ import annotations

REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """Return `text` on one line, without characters that control a terminal or reorder text.

    Line breaks, tabs and unusual spaces become a space. Control, bidirectional, zero-width and unassigned characters and
    lone surrogates become U+FFFD. Removing them would make a forged name look like the real one.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else REPLACEMENT for char in text)
