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
_BARE_URL = re.compile(
    r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]{1,5})?|[A-Za-z0-9-]+:[0-9]{2,5}|localhost)(?:/.*)?", re.DOTALL
)
# The host is complete if its port has begun. Before `@`, a colon may also end the name of a user, which has no dot.
_PORT = re.compile(r"[a-z+]+://(?:[\w-]+(?:\.[\w-]+)+:[0-9]{0,5}|[\w-]+:[0-9]{2,5})", re.IGNORECASE)
# An image reference with a registry. skopeo writes `docker://` before it.
_REFERENCE = re.compile(
    r"(?:docker://)?(?P<reference>(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]{1,5})?|[A-Za-z0-9-]+:[0-9]{2,5})/[^\s${}]+)",
    re.DOTALL,
)
_LOCAL = re.compile(r"[./\\~]|(?:dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|ocidir|ocifile):(?!//)")
_BARE = {"curl": "AbcCdDeEFhHKmoPQrtTuUwxXyYz", "wget": "aBDeiIloOPQRtTUwX"}  # short options with a value
_PLAIN_OPTIONS = frozenset(
    {"--silent", "--fail", "--location", "--insecure", "--show-error", "--compressed", "--quiet", "--no-check-certificate"}
    | {"--verbose", "--head", "--remote-name", "--continue", "--no-verbose", "--spider", "--no-clobber", "--fail-with-body"}
)
_KUSTOMIZE = frozenset({"kubectl", "kustomize"})
_FORGES = ("github.com/", "gitlab.com/", "bitbucket.org/")
_NEAR = 8  # words after a program in which its subcommand is searched
_PYTHONS = frozenset({"python", "python3", "py"})


class Downloader(Fact, frozen=True, kw_only=True):
    """A program that downloads. `otherwise` is what it connects to if no argument is a URL; `registry` for the registries of
    the image references in its arguments.

    The other fields are about pods, whose image and environment are known: `hosts` of the default index, `variables` that name
    another one, `stops` for variables (`NAME` or `NAME=value`) that prevent every connection, configuration `files`, `images`
    whose entry point is the program, and the `error` that it prints, with `{host}`.
    """

    program: str
    otherwise: Literal["nothing", "argument", "unknown", "index", "registry"]
    aliases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    offline: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    error: str = ""


class PackageHosts(Fact, frozen=True, kw_only=True):
    """The hosts that the package managers of an image's distribution use by default. `tags`: parts of the tags that apply."""

    images: tuple[str, ...]
    programs: tuple[str, ...]
    hosts: tuple[str, ...]
    tags: tuple[str, ...] = ()


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


def names_downloader(words: Sequence[str]) -> bool:
    """Return whether words of a text that was not parsed may be a download command: a program, and its subcommand near it."""
    for position, word in enumerate(words):
        if (name := name_of(word)) in _names():
            after = {other.lower() for other in words[position + 1 : position + 1 + _NEAR]}
            if any(all(part & after for part in parts) for parts in _subcommands(name)):
                return True
    return False


def entry_program(path: str) -> str:
    """Return the program that is the entry point of an image with this path, or an empty string."""
    return next((row.program for row in _rows() for end in row.images if f"/{path}".endswith(f"/{end}")), "")


def package_hosts(program: str, path: str, tag: str) -> tuple[str, ...]:
    """Return the default hosts of an operating system's package manager in an image; empty if the facts lack the image."""
    rows: tuple[PackageHosts, ...] = table("package_hosts", PackageHosts)
    for row in rows:
        if (
            program in row.programs
            and any(f"/{path}".endswith(f"/{end}") or path == end.removeprefix("library/") for end in row.images)
            and (not row.tags or any(part in tag for part in row.tags))
        ):
            return row.hosts
    return ()


def _rows() -> tuple[Downloader, ...]:
    return table("downloaders", Downloader)


@cache
def _subcommands(name: str) -> tuple[tuple[frozenset[str], ...], ...]:
    """Return the words of each row of a program, each word with its aliases."""
    rows = (row for row in _rows() if name in {row.program, *row.aliases})
    return tuple(tuple(frozenset(part.split()) for part in row.words) for row in rows)


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
    if row.otherwise == "registry":
        urls, is_unsure = _registries(row, words)
    elif row.otherwise == "index":
        found, is_unsure = _instead(row, words)
        urls = [*found, *(url for url in urls if url not in found)]
    elif row.otherwise == "argument":
        is_unsure = not urls and any(not word.is_known and not word.text.startswith("-") for word in words)
    else:
        urls = urls or list(_bare_hosts(row, words))
        is_unsure = not urls and row.otherwise == "unknown" and not (row.words and _are_local(row, words))
    return Download(name, tuple(dict.fromkeys(urls)), is_unsure, row) if urls or is_unsure else None


def _registries(row: Downloader, words: Sequence[Argument]) -> tuple[list[str], bool]:
    """Return URLs for the image references in a line, and whether a reference is known only at run time."""
    subcommands = {name for part in row.words for name in part.split()}
    named = [
        word for word in words if not word.text.startswith("-") and word.text not in subcommands and not _LOCAL.match(word.text)
    ]
    urls = [f"oci://{found['reference']}" for word in named if (found := _REFERENCE.fullmatch(word.text)) is not None]
    is_open = any(not word.is_known and not word.text for word in named)
    if not urls and not is_open and row.hosts and named and "." not in named[0].text.rpartition("/")[0].partition("/")[0]:
        urls = [f"oci://{row.hosts[0]}/{named[0].text.removeprefix('docker://')}"]  # a name without a registry
    return urls, not urls and is_open


def _bare_hosts(row: Downloader, words: Sequence[Argument]) -> Iterator[str]:
    """Yield URLs for arguments without a scheme: curl and wget take them as HTTP, and kustomize as Git repositories."""
    if row.program not in _BARE:
        yield from (f"https://{word.text}" for word in words if word.text.startswith(_FORGES) and row.program in _KUSTOMIZE)
        return
    for before, word in zip((Argument(""), *words), words, strict=False):
        is_value = before.text.startswith("-") and _takes_value(before.text, _BARE[row.program])
        is_host = word.is_known or "/" in word.text
        if not is_value and is_host and _BARE_URL.fullmatch(word.text):
            yield f"http://{word.text}"


def _takes_value(option: str, short: str) -> bool:
    """Return whether the word after an option may be its value. Unknown long options may take one."""
    if option.startswith("--"):
        return "=" not in option and option not in _PLAIN_OPTIONS
    return option[-1:] in short


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
        is_whole = found is not None and (word.is_known or bool(found["rest"]) or _PORT.fullmatch(text) is not None)
        if is_whole or _AT_HOST.fullmatch(text):
            return text
    return ""
