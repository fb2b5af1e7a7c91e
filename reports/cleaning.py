"""Outside text made fit to be shown. Names, messages and symptoms may come from a hostile registry or certificate."""

from __future__ import annotations

REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """`text` on one line, without anything that steers a terminal or reorders what is read.

    Line breaks, tabs and odd spaces become a space. Control, bidirectional, zero-width and unassigned characters and
    lone surrogates become U+FFFD: taking them out without a trace would make a forged name look like the real one.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else REPLACEMENT for char in text)
