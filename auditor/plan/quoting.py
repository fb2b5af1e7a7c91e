"""How a message quotes what stands in a plan: short, and without anything that a terminal would obey."""

from __future__ import annotations

import re

LONGEST = 80
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def clean(text: str) -> str:
    """The text with every control and direction character escaped."""
    return FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_PASSWORD = re.compile(r"(?<=[^\s/@:'\"]:)[^\s/@'\"]{1,200}(?=@(?!sha(?:256|384|512):))")


def without_passwords(text: str) -> str:
    """The text with what stands as a password before a host (`user:password@host`) struck out; tags before digests stay."""
    return _PASSWORD.sub("***", text)


def shown(value: object) -> str:
    """A value in quotes, its end cut off when it is long: enough to find it again."""
    if not isinstance(value, str):
        return clean(short(without_passwords(str(value))))
    return f"'{clean(short(without_passwords(value)))}'"


def short(text: str, longest: int = LONGEST) -> str:
    """The text, cut after `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}…"
