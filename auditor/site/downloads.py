"""The view of what the plan's scripts download from external and unknown hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.errors import Location
from auditor.net import Reach, Remote, Scope, fetch_remote, is_own_machine
from auditor.readers.scripts import Command, Word
from auditor.site.fetches import shown_url
from auditor.site.script_lines import ReadScript, UnreadScript
from auditor.site.scripts import bare, unread_shell
from auditor.transfer.download_commands import Argument, Download, is_downloader, read_download


@dataclass(frozen=True, slots=True)
class ScriptDownload:
    """An external host from which lines of one script download with one program."""

    download: Download
    remote: Remote
    url: str
    lines: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class UnknownDownload:
    """Lines of one script whose host is known only at run time or on the machine."""

    program: str
    lines: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class ScriptDownloads:
    """The downloads of one script, and their number of `lines`.

    `is_connected` is true if it copies from registries, so it runs on the connected side.
    """

    read: ReadScript
    lines: int
    outside: tuple[ScriptDownload, ...]
    unknown: tuple[UnknownDownload, ...]
    is_connected: bool


def script_downloads(reach: Reach, scripts: Iterable[ReadScript | UnreadScript]) -> Iterator[ScriptDownloads]:
    """Yield the downloads of every script that can be read."""
    for read in scripts:
        if isinstance(read, ReadScript):
            found = [(command, done) for command in read.script.commands if (done := _download(command)) is not None]
            unknown = (*_unknown(reach, found), *_unread(read.script.commands))
            connected = any(losses.line.call.origin == "registry" for losses in read.lines)
            yield ScriptDownloads(read, len(found), tuple(_outside(reach, found)), unknown, connected)


def _download(command: Command) -> Download | None:
    download = read_download([_argument(word) for word in command.words])
    # Requests to registries are copies: the checks of copies report them.
    return None if download is not None and download.row.otherwise == "registry" else download


def _argument(word: Word) -> Argument:
    return Argument(word.text) if word.is_known else Argument(word.start, is_known=False)


def _outside(reach: Reach, found: list[tuple[Command, Download]]) -> Iterator[ScriptDownload]:
    places: dict[tuple[Remote, str], list[tuple[str, Command, Download]]] = {}
    for command, download in found:
        for url in download.urls:
            remote = fetch_remote(url)
            # A request of a script to its own machine, such as a health check, needs no network.
            if remote is not None and reach.of(remote.host) is Scope.EXTERNAL and not is_own_machine(remote.host):
                places.setdefault((remote, download.program), []).append((url, command, download))
    for (remote, _), several in places.items():
        url, _, download = several[0]
        yield ScriptDownload(download, remote, shown_url(url), _lines(command for _, command, _ in several))


def _unknown(reach: Reach, found: list[tuple[Command, Download]]) -> Iterator[UnknownDownload]:
    programs: dict[str, list[Command]] = {}
    for command, download in found:
        if download.is_unsure or any(_is_unknown(reach, url) for url in download.urls):
            programs.setdefault(download.program, []).append(command)
    for program, commands in programs.items():
        yield UnknownDownload(program, _lines(commands))


def _is_unknown(reach: Reach, url: str) -> bool:
    remote = fetch_remote(url)
    return remote is None or reach.of(remote.host) is Scope.UNKNOWN


def _unread(commands: Iterable[Command]) -> Iterator[UnknownDownload]:
    """Yield the text that a line passes to a shell and that may contain a download; it is not parsed."""
    for command in commands:
        texts = [bare(word) for word in command.words]
        if not command.is_read and texts:
            shell = unread_shell(texts, is_downloader)
            if shell and any(is_downloader(part) for text in texts[1:] for part in text.split()):
                yield UnknownDownload(shell, _lines([command]))


def _lines(commands: Iterable[Command]) -> tuple[Location, ...]:
    return tuple(dict.fromkeys(command.location for command in commands))
