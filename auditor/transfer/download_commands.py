"""Command lines that download, and the hosts that the line states. Programs: auditor/facts/downloaders.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from auditor.facts import Fact, table
from auditor.transfer.copy_commands import name_of, position_of

_URL = re.compile(
    r"(?:https?|ftps?|oci|git|ssh|git\+https|git\+ssh|hkps?)://[^/?#\s{}$<>%]+(?P<rest>[/?#].*)?", re.IGNORECASE | re.DOTALL
)
_AT_HOST = re.compile(r"git@[\w.-]+:(?!//).+")
_PATH = re.compile(r"[./\\~].*|[A-Za-z]:[\\/].*", re.DOTALL)
_CMDLETS = re.compile(r"-[a-z]{2,}")
_PYTHONS = frozenset({"python", "python3", "py"})


class Downloader(Fact, frozen=True, kw_only=True):
    """A program that downloads. `otherwise` is what it connects to if no argument is a URL."""

    program: str
    otherwise: Literal["nothing", "unknown", "index"]
    aliases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    offline: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument:
    """A word of a command: its whole text, or the known beginning of it."""

    text: str
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Download:
    """The downloads of one line: URLs whose hosts are known. `is_unsure`: there may be more."""

    program: str
    urls: tuple[str, ...]
    is_unsure: bool
    row: Downloader


def read_download(words: Sequence[Argument]) -> Download | None:
    """Return what a command downloads, or None if it is not a known download command."""
    texts = [word.text for word in words]
    start = position_of(texts, _names() | _PYTHONS)
    if start is None:
        return None
    if name_of(texts[start]) in _PYTHONS and texts[start + 1 : start + 2] == ["-m"]:
        start += 2
    name = name_of(texts[start]) if start < len(texts) else ""
    for row in _rows():
        if name in {row.program, *row.aliases} and _is_called(row, texts[start + 1 :]):
            return _download(name, row, words[start + 1 :])
    return None


def is_downloader(word: str) -> bool:
    """Return whether a word names a program whose only purpose is to download."""
    return any(name_of(word) in {row.program, *row.aliases} for row in _rows() if row.otherwise == "unknown" and not row.words)


def _rows() -> tuple[Downloader, ...]:
    return table("downloaders", Downloader)


@cache
def _names() -> frozenset[str]:
    return frozenset(name for row in _rows() for name in (row.program, *row.aliases))


def _is_called(row: Downloader, texts: Sequence[str]) -> bool:
    """Return whether the line calls the subcommand of the row. Options and their values may stand before it."""
    left = list(row.words)
    for before, text in zip(("", *texts), texts, strict=False):
        if not left:
            break
        if text.lower() in left[0].split():
            left.pop(0)
        elif not text.startswith("-") and not before.startswith("-"):
            return False
    return not left


def _download(name: str, row: Downloader, words: Sequence[Argument]) -> Download | None:
    if any(_is_one(word.text.partition("=")[0], row.offline) for word in words):
        return None
    urls = [url for word in words if (url := _url(word))]
    if row.otherwise == "index":
        found, is_unsure = _instead(row, words)
        urls = [*found, *(url for url in urls if url not in found)]
    else:
        is_unsure = not urls and row.otherwise == "unknown" and not (row.words and _are_local(row, words))
    return Download(name, tuple(dict.fromkeys(urls)), is_unsure, row) if urls or is_unsure else None


def _are_local(row: Downloader, words: Sequence[Argument]) -> bool:
    """Return whether a package manager installs only local files, such as `./package.deb`."""
    subcommands = {name for part in row.words for name in part.split()}
    bare = [word for word in words if not word.text.startswith("-") and word.text.lower() not in subcommands]
    return bool(bare) and all(word.is_known and _PATH.fullmatch(word.text) for word in bare)


def _instead(row: Downloader, words: Sequence[Argument]) -> tuple[list[str], bool]:
    """Return the sources that options name, and whether there may be more: the line does not show the tool's configuration."""
    named = list(_values(row.instead, words))
    more = list(_values(row.also, words))
    urls = [url for value in (*named, *more) if (url := _url(value))]
    is_unsure = not named or any(not _url(value) and not _PATH.fullmatch(value.text) for value in (*named, *more))
    return urls, is_unsure


def _values(options: tuple[str, ...], words: Sequence[Argument]) -> Iterator[Argument]:
    for position, word in enumerate(words):
        option, joined, value = word.text.partition("=")
        if not _is_one(option, options):
            continue
        if joined:
            yield Argument(value, word.is_known)
        elif position + 1 < len(words):
            yield words[position + 1]


def _is_one(option: str, options: tuple[str, ...]) -> bool:
    """Return whether an option is among these. PowerShell options such as `-Source` ignore case."""
    return any(option == known or (_CMDLETS.fullmatch(known) is not None and option.lower() == known) for known in options)


def _url(word: Argument) -> str:
    """Return the URL in a word or in an option's value; empty if it is not a URL or its host is not fully known."""
    for text in (word.text, word.text.partition("=")[2]):
        found = _URL.fullmatch(text)
        if (found is not None and (word.is_known or found["rest"])) or _AT_HOST.fullmatch(text):
            return text
    return ""
