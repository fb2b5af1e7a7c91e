"""Plain lists: one reference per line, in all variants that tools write.

Comments (`#` to the end, also after a reference), blank lines, CRLF and CR, a byte-order mark, `ref source,source` (Rancher
sources), `ref sha256:…` (Rancher digests), and several references on a line (k0s). Format notes: rancher/rancher and
k0sproject/k0s sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.errors import Location
from auditor.oci.reference import InvalidReference, is_digest, parse_reference
from auditor.readers.lists.source import ListSource, text_problem
from auditor.readers.model import ListLine

MAX_LINES = 200_000
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
# A line may begin with an unfilled ###ZARF_VARIABLE###, which is a mistake to report, not a comment.
_COMMENT = re.compile(r"(?:^|[ \t])#(?!##ZARF_).*$")
_SOURCES = re.compile(r"[\w.+:~-]+(?:,[\w.+:~-]+)*,?")
_TOKEN = re.compile(r"\S+")
# Lines of one word that begins with no key of a structured format, and comments. No other importer recognises these.
_WORD = rb"(?!(?:apiVersion|annotations|kind|sync|version):)[A-Za-z0-9](?:[\w./@+-]|:(?![ \t\r\n]|\Z)){0,1000}+"
_REMARK = rb"(?<![\w./@+:-])#[^\x00-\x08\x0a-\x1f\"]{0,1000}+"
_BARE = re.compile(rb"(?:(?:%b)?[ \t]{0,100}+(?:%b)?(?:\r?\n|\Z))*+" % (_WORD, _REMARK))
_TAR_MAGIC = slice(257, 262)


def recognises(data: bytes) -> bool:
    """Return True: every file that no other importer recognises is a plain list."""
    del data
    return True


def is_bare(data: bytes) -> bool:
    """Return whether a file is certainly a plain list: one reference or comment per line. False proves nothing."""
    return data[_TAR_MAGIC] != b"ustar" and _BARE.fullmatch(data) is not None


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every reference with its line and column."""
    lines = _LINE_END.split(data.removeprefix(_BOM), maxsplit=MAX_LINES)
    sourced = _has_sources(lines[:MAX_LINES])
    for number, raw in enumerate(lines[:MAX_LINES], start=1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield source.error(raw.decode("utf-8", "backslashreplace"), number, 1, "not UTF-8 text")
            continue
        yield from _line(source, _COMMENT.sub("", text), number, sourced=sourced)
    if len(lines) > MAX_LINES:
        yield ListLine(
            "…", Location(source.file, MAX_LINES + 1), source.pools, error=f"the list has more than {MAX_LINES:,} lines"
        )


def _has_sources(lines: list[bytes]) -> bool:
    """Return whether second words are Rancher sources in this file: some are chart names or a list, which cannot be references.

    A single `chart:1.2` looks like a reference; only other lines decide. In a file without sources it is a reference.
    """
    words = (line.split(b"#", 1)[0].split() for line in lines)
    return any(len(pair) == 2 and (b"," in pair[1] or b"+" in pair[1] or not pair[1].count(b":")) for pair in words)


def _line(source: ListSource, text: str, number: int, *, sourced: bool) -> Iterator[ListLine]:
    stripped = text.strip(" \t")
    if not stripped:
        return
    if problem := text_problem(stripped):
        yield source.error(stripped, number, text.index(stripped) + 1, problem)
        return
    tokens = [(match[0], match.start() + 1) for match in _TOKEN.finditer(text)]
    first, column = tokens[0]
    if len(tokens) == 1:
        yield source.entry(first, number, column)
    elif all(_is_reference(token, sourced=sourced) for token, _ in tokens[1:]):
        for token, place in tokens:
            yield source.entry(token, number, place)
    elif len(tokens) == 2 and is_digest(tokens[1][0]):
        yield source.entry(first, number, column, digest=tokens[1][0])
    elif len(tokens) == 2 and _SOURCES.fullmatch(tokens[1][0]) and not tokens[1][0].startswith("sha"):
        yield source.entry(first, number, column, sources=tuple(part for part in tokens[1][0].split(",") if part))
    else:
        yield source.error(stripped, number, column, "more than one word, and the others are neither references nor a digest")


def _is_reference(token: str, *, sourced: bool) -> bool:
    """Return whether a further word is a separate reference: with a tag, and in a file with sources also with a path."""
    if (sourced and "/" not in token) or (":" not in token and "@" not in token) or token.startswith("sha"):
        return False
    try:
        parse_reference(token)
    except InvalidReference:
        return False
    return True
