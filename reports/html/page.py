"""A check's page, which is the docstring of its module, as headings and paragraphs."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check import HEADINGS


def paragraphs(page: str) -> tuple[tuple[str, str], ...]:
    """Pairs of tag and text in reading order; the tag is `h4` for a heading, `li` for a list item and `p` otherwise."""
    return tuple(_blocks(page.splitlines()))


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    tag, words = "p", list[str]()
    for line in (*map(str.strip, lines), ""):
        opens = _opens(line)
        if (opens or not line) and words:
            yield tag, " ".join(words)
            tag, words = "p", []
        if opens and opens[0] == "h4":
            yield opens
        elif opens:
            tag, words = opens[0], [opens[1]]
        elif line:
            words.append(line)


def _opens(line: str) -> tuple[str, str] | None:
    """The block that this line begins by itself, if it does."""
    title = line.lstrip("#").strip()
    if title and (line.startswith("#") or title.rstrip(":") in HEADINGS):
        return "h4", title
    if line.startswith(("- ", "* ")):
        return "li", line[2:].strip()
    return None
