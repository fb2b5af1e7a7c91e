"""Text as HTML: a check's page as headings and paragraphs, and text between backticks as code."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from auditor.check import HEADINGS
from reports.cleaning import clean

_CODE = re.compile(r"`([^`]+)`")


def coded(text: str) -> Markup:
    """Return a sentence, escaped, with the text between backticks as code."""
    words = _CODE.split(clean(text))
    return Markup("").join(
        escape(word) if place % 2 == 0 else Markup("<code>{}</code>").format(word) for place, word in enumerate(words)
    )


def paragraphs(page: str) -> tuple[tuple[str, str], ...]:
    """Yield pairs of tag and text in reading order. The tag is `h3` for a heading, `li` for a list item and `p` otherwise."""
    return tuple(_blocks(page.splitlines()))


def examines(page: str) -> str:
    """Return the first sentence below the first heading of a check's page: what the check examines. Empty without one."""
    found = paragraphs(page)
    first = next((words for (above, _), (tag, words) in itertools.pairwise(found) if above == "h3" and tag != "h3"), "")
    sentence, end, _ = first.partition(". ")
    return f"{sentence}." if end else first


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    tag, words = "p", list[str]()
    for line in (*map(str.strip, lines), ""):
        opens = _opens(line)
        if (opens or not line) and words:
            yield tag, " ".join(words)
            tag, words = "p", []
        if opens and opens[0] == "h3":
            yield opens
        elif opens:
            tag, words = opens[0], [opens[1]]
        elif line:
            words.append(line)


def _opens(line: str) -> tuple[str, str] | None:
    """Return the block that this line starts, or None."""
    title = line.lstrip("#").strip()
    if title and (line.startswith("#") or title.rstrip(":") in HEADINGS):
        return "h3", title
    if line.startswith(("- ", "* ")):
        return "li", line[2:].strip()
    return None
