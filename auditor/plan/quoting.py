"""How a message quotes what stands in a plan: short, and without anything that a terminal would obey."""

from __future__ import annotations

import re

from auditor.redaction import redact

LONGEST = 80
MAX_QUOTED = 4096  # of a longer text, no more is searched for secrets
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)


def clean(text: str) -> str:
    """The text with every control and direction character escaped."""
    return FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def shown(value: object) -> str:
    """A value in quotes, its end cut off when it is long: enough to find it again."""
    if not isinstance(value, str):
        return clean(short(redact(str(value)[:MAX_QUOTED])))
    return f"'{clean(short(redact(value[:MAX_QUOTED])))}'"


def short(text: str, longest: int = LONGEST) -> str:
    """The text, cut after `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}…"
