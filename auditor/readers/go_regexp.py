"""Find regular expressions that Go certainly rejects. Go may also reject a pattern that passes here."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"(?P<escape>\\(?:Q(?s:.*?)(?:\\E|$)|.))"
    r"|(?P<looks>\(\?(?:=|!|<=|<!|>|#|\(|P=))"
    r"|(?P<flags>\(\?[imsU-]*\))"
    r"|(?P<open>\((?:\?(?:[imsU-]*:|P?<\w+>))?)"
    r"|(?P<close>\))|(?P<bar>\|)|(?P<repeat>[*+?])"
    r"|(?P<set>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])"
    r"|(?P<broken>[\[\\])|(?P<plain>.)",
    re.DOTALL,
)
_BACK = frozenset("123456789")


def go_problem(pattern: str) -> str:
    """Return Go's error for a pattern, in the text of its package regexp; empty if rejection is not certain."""
    depth, before = 0, "open"
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup or ""
        if kind == "looks":
            return f"invalid or unsupported Perl syntax: `{token[0]}`"
        if kind == "escape" and token[0][1] in _BACK:
            return f"invalid escape sequence: `{token[0]}`"
        if kind == "repeat" and before in {"open", "bar"}:
            return f"missing argument to repetition operator: `{token[0]}`"
        if kind == "broken":
            return "missing closing ]" if token[0] == "[" else "trailing backslash at end of expression"
        depth += (kind == "open") - (kind == "close")
        if depth < 0:
            return "unexpected )"
        before = kind
    return "missing closing )" if depth else ""
