"""What the commands of containers download. Programs: auditor/facts/downloaders.yaml, auditor/facts/package_hosts.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.net import Remote, Scope, fetch_remote
from auditor.readers.pods.model import Phase, PodProgram
from auditor.readers.pods.pod_commands import RunText
from auditor.readers.scripts import Command, Word
from auditor.redaction import REDACTED
from auditor.site.fetches import shown_url
from auditor.site.pods.foreign_programs import downloading_call, foreign_text, without_comments
from auditor.site.pods.model import DownloadEffect, PodDownload, PodUnknown
from auditor.site.pods.pod_hosts import PodReach, remote_of_host, remotes_in, urls_in
from auditor.site.scripts import unread_shell
from auditor.text import listed
from auditor.transfer.copy_commands import name_of
from auditor.transfer.download_commands import (
    Argument,
    Download,
    Downloader,
    is_downloader,
    names_downloader,
    package_hosts,
    read_download,
)

_SYSTEM = frozenset({"apt-get", "apt", "dnf", "zypper", "apk"})
_OPTIONAL = frozenset({"silentlycontinue", "ignore"})
_TRUE = frozenset({"1", "true", "yes", "on"})
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LOGIN = re.compile(r"([a-z+]{2,9})://[^/@\s]{1,256}@([A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)(?=[/\"']|$)")
_MAX_SHOWN = 3
_EFFECTS = {
    Phase.INIT: "The init container fails, so the pod does not start.",
    Phase.MAIN: "The container fails.",
    Phase.POST_START: "The postStart hook fails, so kubelet kills the container.",
    Phase.PRE_STOP: "The preStop hook fails before the container stops.",
    Phase.PROBE: "The probe fails.",
    Phase.MOUNTED: "If the image runs this script, it fails.",
}
_WRAPPERS = {"busybox": 0, "dumb-init": 0, "tini": 0, "catatonit": 0, "gosu": 1, "su-exec": 1}  # words before the program
_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_WEAK = frozenset({Phase.PRE_STOP, Phase.MOUNTED})


@dataclass(slots=True)
class _Call:
    """One download command: the program, and what it connects to."""

    run: RunText
    command: Command
    download: Download
    remotes: tuple[Remote, ...] = ()
    is_default: bool = False  # the hosts are those of the program's or the image's default configuration


@dataclass(slots=True)
class CommandDownloads:
    """The downloads of one container's commands. `open` are the reasons why hosts are unknown, with the location."""

    program: PodProgram
    reach: PodReach
    calls: list[_Call] = field(default_factory=list)
    open: dict[str, Location] = field(default_factory=dict)
    piped: dict[str, Location] = field(default_factory=dict)
    unread: dict[str, Location] = field(default_factory=dict)

    def read(self, texts: Sequence[RunText]) -> None:
        """Read every command of the container."""
        hidden = (piece for line in self.program.lines for piece in line.words if REDACTED in piece.text)
        if (piece := next(hidden, None)) is not None:
            self.open["the evidence does not contain its command"] = piece.location
        for text in texts:
            self._troubles(text)
            for command in text.commands:
                if text.text and not text.foreign:
                    self._foreign(foreign_text(command), command.location)
                words = _without_wrapper(command.words)
                download = read_download([_argument(word) for word in words])
                if download is not None:
                    self._decide(text, command, download, texts)
                elif not command.is_read:
                    self._hidden(text, command)

    def _troubles(self, text: RunText) -> None:
        if text.unread and _may_download(text.text):
            first = text.unread[0]
            self.unread.setdefault(str(first), first.location)
        self._foreign(text.foreign, text.location)

    def _foreign(self, text: str, at: Location) -> None:
        """Note a program in another language that may download: it names an external host, or calls a known function."""
        text = without_comments(text)
        for url in urls_in(text):
            remote = fetch_remote(url)
            if remote is not None and self.reach.of(remote.host) is Scope.EXTERNAL:
                why = f"it runs a program in a language that the audit does not parse, whose text names {remote.host}"
                self.open.setdefault(why, at)
                return
        if (call := downloading_call(text)) and not self.program.environment.values.get("HF_HUB_OFFLINE"):
            why = f"it runs a program in a language that the audit does not parse, whose text calls {call}, which may download"
            self.open.setdefault(why, at)

    def _hidden(self, text: RunText, command: Command) -> None:
        words = [word.text if word.is_known else word.text.strip("\"'") for word in command.words]
        if len(text.commands) > 1 and _reads_input(command, words):
            self.piped.setdefault(f"it pipes text to {words[0]} that is known only at run time", command.location)
            return
        if words and unread_shell(words, is_downloader) and any(is_downloader(part) for word in words for part in word.split()):
            self.open.setdefault(f"it passes text to {words[0]} that is known only at run time", command.location)

    def _decide(self, text: RunText, command: Command, download: Download, texts: Sequence[RunText]) -> None:
        remotes = [remote for url in download.urls if (remote := fetch_remote(url)) is not None]
        call = _Call(text, command, download, tuple(remotes))
        unknown = any(self.reach.of(one.host) is Scope.UNKNOWN for one in remotes) or len(remotes) < len(download.urls)
        if download.is_unsure:
            source = self._source(download, command, texts)
            if source is None:
                unknown = True
            else:
                call.remotes = tuple(dict.fromkeys((*call.remotes, *source)))
                call.is_default = bool(source)
        if not self._proxied(command.location) and self.reach.external(call.remotes):
            self.calls.append(call)
        elif unknown and not self._is_off(download.row, texts):
            self.open.setdefault(self._why(download), command.location)

    def _proxied(self, at: Location) -> bool:
        scope = self.reach.proxy(self.program.environment.values)
        if scope is Scope.UNKNOWN:
            self.open.setdefault("its HTTP proxy is unknown", at)
        return scope in {Scope.INTERNAL, Scope.UNKNOWN}

    def _why(self, download: Download) -> str:
        image = self.program.image
        if (download.is_unsure and download.row.otherwise not in {"unknown", "registry"}) or download.row.program in _SYSTEM:
            named = f" {image.repository}" if image is not None else ""
            return f"the configuration of {download.program} in the image{named} is unknown, and so is the host that it uses"
        return f"the host that {download.program} downloads from is unknown"

    def _is_off(self, row: Downloader, texts: Sequence[RunText]) -> bool:
        for entry in row.stops:
            name, equals, wanted = entry.partition("=")
            value = self._variable(name, texts)
            if value and (value.lower() == wanted.lower() if equals else value.lower() in _TRUE):
                return True
        return False

    def _variable(self, name: str, texts: Sequence[RunText]) -> str | None:
        """Return the value of a variable of the container or in its scripts: empty if unset, None if unknown."""
        values = self.program.environment.values
        if name in values:
            return values[name]
        for text in texts:
            if (found := assigned(text.text, name)) is not None:
                return found or None
        return ""

    def _source(self, download: Download, command: Command, texts: Sequence[RunText]) -> tuple[Remote, ...] | None:
        """Return what a package manager connects to without a URL in the line; None if unknown."""
        row = download.row
        if self._is_off(row, texts):
            return ()
        for name in row.variables:
            value = self._variable(name, texts)
            if value is None:
                return None
            if value:
                named = " ".join(
                    part for part in value.replace(",", " ").replace("|", " ").split() if part not in {"direct", "off"}
                )
                return remotes_in(named)
        configured = self._configured(row, command, texts)
        if configured is not None:
            return configured or None
        return self._defaults(row)

    def _configured(self, row: Downloader, command: Command, texts: Sequence[RunText]) -> tuple[Remote, ...] | None:
        """Return the hosts of the program's configuration, if the pod or its scripts set it; empty if they are unknown."""
        for file in self.program.files:
            if any(path in file.path for path in row.files):
                return self._named(file.piece.text)
        if any(path in word.text for word in command.words for path in row.files):
            return ()
        mounted = (*self.program.unknown_files, *self.program.folders)
        if any(
            path.startswith(f"{at.rstrip('/')}/") or path.rstrip("/") == at.rstrip("/") for path in row.files for at in mounted
        ):
            return ()
        for text in texts:
            for other in text.commands:
                words = [word.text for word in other.words]
                is_own = "config" in words[1:3] and words[0].rpartition("/")[2] in {row.program, *row.aliases}
                if is_own and (urls := [url for word in words for url in urls_in(word)]):
                    return remotes_in(" ".join(urls)) or ()
            if any(path in text.text for path in row.files):
                own = [line for line in text.text.splitlines() if any(path in line for path in row.files)]
                inside = [url for url in urls_in(text.text) if self._is_inside(url)]
                if inside:
                    return tuple(remote for url in inside if (remote := fetch_remote(url)) is not None)
                if any("$" in line for line in own):
                    return ()
        return None

    def _is_inside(self, url: str) -> bool:
        remote = fetch_remote(url)
        return remote is not None and self.reach.of(remote.host) is Scope.INTERNAL

    def _named(self, text: str) -> tuple[Remote, ...]:
        return tuple(dict.fromkeys(remote for url in urls_in(text) if (remote := fetch_remote(url)) is not None))

    def _defaults(self, row: Downloader) -> tuple[Remote, ...] | None:
        """Return the hosts of the default configuration. An image that was built for the site may have another one."""
        image = self.program.image
        if image is None:
            return None
        if row.program in _SYSTEM:
            hosts = package_hosts(row.program, image.path, image.tag)
        elif self.reach.reach.of(image.domain) is Scope.INTERNAL and not _is_public(self.program):
            return None
        else:
            hosts = row.hosts
        return tuple(remote_of_host(host) for host in hosts) or None

    def found(self) -> Iterator[PodDownload]:
        """Yield one download per program and host."""
        groups: dict[tuple[str, tuple[Remote, ...], bool], list[_Call]] = {}
        for call in self.calls:
            remotes = self.reach.external(call.remotes)
            groups.setdefault((call.download.program, remotes, _is_weak(call)), []).append(call)
        for (name, remotes, weak), calls in groups.items():
            yield self._download(name, remotes, calls, is_weak=weak)

    def _download(self, name: str, remotes: tuple[Remote, ...], calls: list[_Call], *, is_weak: bool) -> PodDownload:
        first, row = calls[0], calls[0].download.row
        hosts = list(dict.fromkeys(remote.host for remote in remotes))
        phase = first.run.phase
        url = next((shown_url(one) for one in first.download.urls if (r := fetch_remote(one)) is not None and r in remotes), "")
        return PodDownload(
            subject=self.program.id,
            who=self.program.who,
            remotes=remotes,
            does=f"{_in_phase(phase)}{name} downloads from {listed(hosts, _MAX_SHOWN)}",
            breaks=_breaks(first, self.program),
            effect=DownloadEffect.DEGRADED if is_weak else DownloadEffect.FAILS,
            fix=_fix(name, first, self.program, hosts),
            case=f"{name} {' '.join(f'{remote.host}:{remote.port}' for remote in remotes)}{' optional' if is_weak else ''}",
            location=self.program.location,
            source=row.source,
            confidence=row.confidence,
            pools=self.program.pools,
            error="" if hosts[0].rpartition(".")[2].isdigit() or ":" in hosts[0] else row.error.replace("{host}", hosts[0]),
            url=url,
            lines=tuple(dict.fromkeys(call.command.location for call in calls)),
        )

    def unknown(self) -> Iterator[PodUnknown]:
        """Yield one outcome for unknown hosts, and one for unparsed text."""
        # In `curl URL | sh`, the download itself is reported.
        opened = self.open if self.calls else {**self.open, **self.piped}
        for reasons, malformed in ((opened, False), (self.unread, True)):
            if reasons:
                whys = list(reasons)
                more = f" (and {len(whys) - 1} more)" if len(whys) > 1 else ""
                why, at, place = f"{whys[0]}{more}", self.program.location, reasons[whys[0]]
                yield PodUnknown(self.program.id, why, at, place, is_malformed=malformed)


def assigned(text: str, name: str) -> str | None:
    """Return the value that a script assigns to a variable; empty if it is not plain text, None if there is no assignment."""
    at = text.find(f"{name}=")
    while at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_-"):
        at = text.find(f"{name}=", at + 1)
    if at < 0:
        return None
    rest = text[at + len(name) + 1 : at + len(name) + 1025]
    value = rest[1:].partition(rest[0])[0] if rest[:1] in {"'", '"'} else re.split(r"[\s;&|]", rest, maxsplit=1)[0]
    return "" if "$" in value else value


def _without_wrapper(words: Sequence[Word]) -> Sequence[Word]:
    """Return a command without programs that only start another one, and without their options."""
    while words and (name := name_of(words[0].text)) in _WRAPPERS:
        words = words[1:]
        while words and words[0].text.startswith("-"):
            words = words[1:]
        words = words[_WRAPPERS[name] :]
    return words


def _reads_input(command: Command, words: Sequence[str]) -> bool:
    """Return whether a command is a shell that runs its input: `… | sh`."""
    is_bare = bool(words) and name_of(words[0]) in _SHELLS and all(word.startswith("-") for word in words[1:])
    return is_bare and not command.document


def _argument(word: Word) -> Argument:
    if word.is_known:
        return Argument(word.text)
    login = _LOGIN.match(word.text.strip("\"'"))  # `https://user:$TOKEN@host/path`: the host is known
    return Argument(f"{login[1]}://{login[2]}/") if login is not None else Argument(word.start, is_known=False)


def _may_download(text: str) -> bool:
    return "://" in text or names_downloader([match[0] for match in _WORDS.finditer(text)])


def _is_weak(call: _Call) -> bool:
    quiet = any(word.text.lower() in _OPTIONAL for word in call.command.words)
    return call.command.is_optional or quiet or call.run.phase in _WEAK


def _in_phase(phase: Phase) -> str:
    return f"in its {phase.value}, " if phase not in {Phase.INIT, Phase.MAIN} else ""


def _breaks(call: _Call, program: PodProgram) -> str:
    if call.command.is_optional:
        return "The script continues without the result."
    if call.run.phase is Phase.MAIN and program.is_job:
        return "The job fails."
    return _EFFECTS[call.run.phase]


def _fix(name: str, call: _Call, program: PodProgram, hosts: Sequence[str]) -> str:
    row = call.download.row
    if call.is_default and row.variables:
        return (
            f"Set `{row.variables[0]}` of container {program.container} to an internal mirror that `network.reachable` covers. "
            f"Or build an image that already contains what {name} installs."
        )
    if call.is_default:
        mirror = f" Or mount a configuration that names an internal mirror ({row.files[0]})." if row.files else ""
        return f"Build an image that already contains what {name} installs, and remove the command.{mirror}"
    return (
        f"Put what {name} downloads from {listed(hosts, _MAX_SHOWN)} into the image, a ConfigMap or a volume, and remove "
        "the command. Or serve it from an internal host that `network.reachable` covers."
    )


def _is_public(program: PodProgram) -> bool:
    """Return whether the image is a public one, or its copy under the same path."""
    image = program.image
    return image is not None and any(package_hosts(name, image.path, image.tag) for name in _SYSTEM)
