"""The view of what the plan's scripts download: from which hosts outside, and where nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.errors import Location
from auditor.plan.model import Plan
from auditor.readers.scripts import Command, Word
from auditor.site.fetches import is_inside, shown_url
from auditor.site.script_lines import ReadScript, UnreadScript
from auditor.site.scripts import bare, unread_shell
from auditor.transfer.downloads import Argument, Download, is_downloader, read_download
from auditor.transfer.network import Dial, fetch_dial


@dataclass(frozen=True, slots=True)
class ScriptDownload:
    """A host outside that lines of one script download from, by one program."""

    download: Download
    dial: Dial
    url: str
    lines: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class UnknownDownload:
    """Lines of one script of which only the running script, or the machine, knows where they download from."""

    program: str
    lines: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class ScriptDownloads:
    """What one script downloads, in how many `lines`. `is_connected`: it copies out of registries, and runs where these are."""

    read: ReadScript
    lines: int
    outside: tuple[ScriptDownload, ...]
    unknown: tuple[UnknownDownload, ...]
    is_connected: bool


def script_downloads(plan: Plan, scripts: Iterable[ReadScript | UnreadScript]) -> Iterator[ScriptDownloads]:
    """The downloads of every script that can be read."""
    for read in scripts:
        if isinstance(read, ReadScript):
            found = [(command, done) for command in read.script.commands if (done := _download(command)) is not None]
            unknown = (*_unknown(found), *_unread(read.script.commands))
            connected = any(losses.line.call.origin == "registry" for losses in read.lines)
            yield ScriptDownloads(read, len(found), tuple(_outside(plan, found)), unknown, connected)


def _download(command: Command) -> Download | None:
    return read_download([_argument(word) for word in command.words])


def _argument(word: Word) -> Argument:
    return Argument(word.text) if word.is_known else Argument(word.start, is_known=False)


def _outside(plan: Plan, found: list[tuple[Command, Download]]) -> Iterator[ScriptDownload]:
    places: dict[tuple[Dial, str], list[tuple[str, Command, Download]]] = {}
    for command, download in found:
        for url in download.urls:
            dial = fetch_dial(url)
            if dial is not None and not is_inside(plan, dial):
                places.setdefault((dial, download.program), []).append((url, command, download))
    for (dial, _), several in places.items():
        url, _, download = several[0]
        yield ScriptDownload(download, dial, shown_url(url), _lines(command for _, command, _ in several))


def _unknown(found: list[tuple[Command, Download]]) -> Iterator[UnknownDownload]:
    programs: dict[str, list[Command]] = {}
    for command, download in found:
        if download.is_unsure or any(fetch_dial(url) is None for url in download.urls):
            programs.setdefault(download.program, []).append(command)
    for program, commands in programs.items():
        yield UnknownDownload(program, _lines(commands))


def _unread(commands: Iterable[Command]) -> Iterator[UnknownDownload]:
    """Text that a line hands to a shell, which is not read and speaks of downloads."""
    for command in commands:
        texts = [bare(word) for word in command.words]
        if not command.is_read and texts:
            shell = unread_shell(texts, is_downloader)
            if shell and any(is_downloader(part) for text in texts[1:] for part in text.split()):
                yield UnknownDownload(shell, _lines([command]))


def _lines(commands: Iterable[Command]) -> tuple[Location, ...]:
    return tuple(dict.fromkeys(command.location for command in commands))
