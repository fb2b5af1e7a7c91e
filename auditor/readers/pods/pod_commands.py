"""The commands of a container: its command line, the text that it passes to a shell, and the mounted scripts that it names."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.errors import Location
from auditor.readers.pods.inline_programs import inline_program
from auditor.readers.pods.model import CommandLine, Phase, PodProgram, PodText
from auditor.readers.scripts import Command, Script, UnreadableScript, Word, read_text
from auditor.readers.scripts.batch import BATCH
from auditor.readers.scripts.nested import text_in, with_nested
from auditor.readers.scripts.parsing import POWERSHELL, SHELL
from auditor.transfer.download_commands import entry_program

MAX_FILES = 100  # mounted scripts of one container
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFAULTED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,127}):?[-=]([^{}$`\"'\n]{0,1024})\}")
_ENVIRONMENT = re.compile(r"\$(?:env:(\w{1,128})|\{env:(\w{1,128})\})", re.IGNORECASE)
_BATCH_VARIABLE = re.compile(r"%(\w{1,128})%")
_SHELL_NAMES = ("sh", "bash", "dash", "ash", "ksh", "zsh")
_SCRIPT_ENDINGS = {".sh": SHELL, ".bash": SHELL, ".ps1": POWERSHELL, ".bat": BATCH, ".cmd": BATCH}
_ENCODED = re.compile(r"-e(?:n(?:c(?:odedcommand)?)?|c)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RunText:
    """The commands of one command line or script. `text` is everything that was read, for looking up settings.

    `unread` are the reasons why parts of it could not be parsed. `foreign` is text of a language that is not parsed.
    """

    phase: Phase
    commands: tuple[Command, ...]
    text: str
    location: Location
    unread: tuple[UnreadableScript, ...] = ()
    foreign: str = ""


@dataclass(slots=True)
class ScriptReader:
    """Reads the scripts of containers within one budget of characters. Containers often share a script."""

    left: int
    _run: dict[str, set[PodText]] = field(default_factory=dict)  # mounted scripts that a command names, by the owner of the pod
    _known: dict[tuple[str, str], Script | UnreadableScript] = field(default_factory=dict)

    def of(self, program: PodProgram) -> Iterator[RunText]:
        """Yield the command lines of a container, and the mounted scripts that they name; then the other mounted scripts."""
        files = {_normal(one.path): one.piece for one in program.files}
        done: set[str] = set()
        for line in program.lines:
            yield from self._line(program, line, files, done)
        run = self._run.setdefault(program.owner, set())
        for path, piece in files.items():
            if path not in done and piece not in run and (language := _language(path, piece.text)) and len(done) < MAX_FILES:
                done.add(path)
                yield self._text(program, Phase.MOUNTED, language, piece)

    def _line(self, program: PodProgram, line: CommandLine, files: Mapping[str, PodText], done: set[str]) -> Iterator[RunText]:
        pieces = line.words
        words = [Word(piece.text) for piece in pieces]
        if not line.has_command and _is_flag(pieces[0].text) and len(pieces) > 1:
            words.insert(0, Word("sh"))  # the image's entry point is a shell
        elif not line.has_command and program.image is not None and (entry := entry_program(program.image.path)):
            words.insert(0, Word(entry))
        command = Command(tuple(words), pieces[0].location)
        found = _shell_text(command)
        if found is not None:
            language, text = found
            piece = next((one for one in pieces if text.endswith(one.text) and one.text.strip()), pieces[-1])
            added = text[: -len(piece.text)] if text.endswith(piece.text) else ""
            read = self._text(program, line.phase, language, replace(piece, text=text), added.count("\n"))
        else:
            joined = " ".join(piece.text for piece in pieces)
            read = RunText(
                line.phase, (command,), joined, pieces[0].location, foreign=inline_program([one.text for one in pieces])
            )
        yield read
        yield from self._named(program, line.phase, read, files, done)

    def _named(
        self, program: PodProgram, phase: Phase, read: RunText, files: Mapping[str, PodText], done: set[str]
    ) -> Iterator[RunText]:
        """Yield the mounted scripts that commands name, and those that these name."""
        waiting = [read]
        while waiting and files:
            here = waiting.pop(0)
            for path in _paths(here):
                if path in files and path not in done and len(done) < MAX_FILES:
                    done.add(path)
                    piece = files[path]
                    self._run.setdefault(program.owner, set()).add(piece)
                    language = _language(path, piece.text, is_run=True)
                    if not language:
                        yield RunText(phase, (), piece.text, piece.location, foreign=piece.text)
                        continue
                    inner = self._text(program, phase, language, piece)
                    yield inner
                    waiting.append(inner)

    def _text(self, program: PodProgram, phase: Phase, language: str, piece: PodText, added: int = 0) -> RunText:
        values = program.environment.values
        filled = _with_environment(language, piece.text, values, is_open=program.environment.is_open)
        key = (language, filled)
        if key not in self._known:
            self.left -= len(filled)
            self._known[key] = _read(language, filled, values) if self.left >= 0 else _too_much(piece.location)
        script = self._known[key]
        if isinstance(script, UnreadableScript):
            return RunText(phase, (), piece.text, piece.location, unread=(UnreadableScript(str(script), piece.location),))
        commands = tuple(replace(one, location=piece.at(one.location.line - added)) for one in script.commands)
        # The text of an unparsed place may begin with values of variables, which may be secret: only the reason is kept.
        reasons = ((str(one).partition(": `")[0], one.location.line - added) for one in script.unread)
        unread = tuple(UnreadableScript(reason, piece.at(line)) for reason, line in reasons)
        return RunText(phase, commands, filled, piece.location, unread)


def _read(language: str, text: str, values: Mapping[str, str | None]) -> Script | UnreadableScript:
    def inner(of: str, file: str, given: str) -> Script:
        return read_text(of, file, _with_environment(of, given, values, is_open=True))

    try:
        return with_nested(read_text(language, "", text), inner)
    except UnreadableScript as error:
        return error
    except Exception as error:  # noqa: BLE001 - one script must not end the audit
        return UnreadableScript(f"the script cannot be parsed ({type(error).__name__})", Location(""))


def _too_much(location: Location) -> UnreadableScript:
    return UnreadableScript("the scripts of all pods have more text than is examined", location)


def _is_flag(text: str) -> bool:
    """Return whether the first argument for an unknown entry point is a shell's `-c`, alone or combined: `-ec`."""
    return text.startswith("-") and not text.startswith("--") and text.endswith("c") and 2 <= len(text) <= 5


def _shell_text(command: Command) -> tuple[str, str] | None:
    """Return the language and the text that a command passes to a shell; None for another command."""
    names = [word.text.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe") for word in command.words]
    for position, name in enumerate(names[:6]):
        if name == "cmd":
            rest = [one.text for one in command.words[position + 1 :]]
            while rest and rest[0].startswith("/"):
                rest = rest[1:]
            return (BATCH, " ".join(rest)) if rest else None
        if name in {"powershell", "pwsh"}:
            for at, option in enumerate(names[position + 1 : -1], start=position + 1):
                if _ENCODED.fullmatch(option) and (text := _decoded(command.words[at + 1].text)):
                    return POWERSHELL, text
            rest = [one.text for one in command.words[position + 1 :]]
            if rest and not rest[0].startswith("-") and not rest[0].lower().endswith(".ps1"):
                return POWERSHELL, " ".join(rest)  # Windows PowerShell takes a command without `-Command`
    found = text_in(command)
    return (found.language, found.text) if found is not None else None


def _decoded(text: str) -> str:
    """Return the text of `-EncodedCommand`: base64 of UTF-16."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        return ""


def _paths(read: RunText) -> Iterator[str]:
    """Yield each word of the commands that is a path."""
    for command in read.commands:
        for word in command.words:
            if word.is_known and len(word.text) < 1024 and ("/" in word.text or "\\" in word.text):
                yield _normal(word.text)


def _normal(path: str) -> str:
    """Return a path with slashes; a drive letter is lower case."""
    path = posixpath.normpath(path.replace("\\", "/"))
    return path[:1].lower() + path[1:] if path[1:2] == ":" else path


def _language(path: str, text: str, *, is_run: bool = False) -> str:
    """Return the language of a mounted file; empty if it is no script. `is_run`: a command names it."""
    first = text.lstrip()[:200].partition("\n")[0]
    if first.startswith("#!"):
        names = [word.rpartition("/")[2] for word in first[2:].split() if not word.startswith("-")]
        return SHELL if any(name in _SHELL_NAMES for name in names[:2]) else POWERSHELL if "pwsh" in names[:2] else ""
    ending = posixpath.splitext(path)[1].lower()
    if ending in _SCRIPT_ENDINGS:
        return _SCRIPT_ENDINGS[ending]
    return SHELL if is_run and not ending else ""


def _with_environment(language: str, text: str, values: Mapping[str, str | None], *, is_open: bool) -> str:
    """Return a script with the variables of its container in front, so that the reader can replace them."""
    if language == POWERSHELL:
        return _ENVIRONMENT.sub(lambda match: _plain(values, match[1] or match[2]) or match[0], text)
    if language == BATCH:
        return _BATCH_VARIABLE.sub(lambda match: _plain(values, match[1]) or match[0], text)
    names = dict.fromkeys(_IDENTIFIER.findall(text)) if "$" in text else {}

    def chosen(match: re.Match[str]) -> str:
        if known := _plain(values, match[1]):
            return known
        is_free = match[1] not in values and not is_open and f"{match[1]}=" not in text
        return match[2] if is_free else match[0]

    filled = _DEFAULTED.sub(chosen, text) if "${" in text else text
    known = [f"{name}='{value}'; " for name in names if (value := _plain(values, name)) and f"{name}=" not in text]
    if not known:
        return filled
    head, line, rest = filled.partition("\n") if filled.startswith("#!") else ("", "", filled)
    return f"{head}{line}{''.join(known)}{rest}"


def _plain(values: Mapping[str, str | None], name: str) -> str:
    """Return the value of a variable if it can stand between single quotes on one line."""
    value = (values.get(name) or "").rstrip("\n")
    return "" if len(value) > 4096 or "'" in value or "\n" in value else value
