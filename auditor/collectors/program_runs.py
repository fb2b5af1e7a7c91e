"""Start child programs: found on a safe PATH, with limited time and output, and without a network on request.

No text from a file becomes an option: callers give fixed options, and operands that follow `--`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from auditor.errors import strerror

_CHUNK = 64 * 1024
_MOST_ERRORS = 64 * 1024
_MOST_DATA = 4 * 1024**3  # bytes of memory of a child program
_LAST_OUTPUT = 1.0  # seconds to wait for output after a program ended
_PROBE = 5.0
_MOST_USERS = 1024 * 1024  # bytes of /etc/passwd


class ProgramError(Exception):
    """A child program did not start, did not end in time, or wrote too much. `str(error)` follows the program's name."""


class TimedOut(ProgramError):
    """A child program did not end in time. It was killed."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a child program ended. `errors` is the beginning of its standard error."""

    status: int
    output: bytes
    errors: bytes


def _home() -> str:
    """Return the user's home folder, or an empty string.

    It is read from /etc/passwd: a CI job can set `$HOME` to its checkout, and other sources may need a network.
    """
    if sys.platform == "win32":
        return os.path.realpath(Path.home())
    with contextlib.suppress(OSError), Path("/etc/passwd").open("rb") as file:
        for line in file.read(_MOST_USERS).splitlines():
            fields = line.split(b":")
            if len(fields) > 5 and fields[2] == str(os.getuid()).encode():
                return os.path.realpath(os.fsdecode(fields[5]))
    return ""


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _distrusted(path: str, barred: Sequence[str]) -> bool:
    """Return whether a real path is in a barred folder. A folder that holds the user's home bars only itself."""
    home = _home()
    return any(path == folder or (_is_below(path, folder) and not (home and _is_below(home, folder))) for folder in barred)


def _barred(folders: Iterable[str | Path]) -> list[str]:
    return [os.path.realpath(folder) for folder in (os.curdir, *folders)]


def safe_path(path: str | None = None, apart_from: Iterable[str | Path] = ()) -> Iterator[str]:
    """Yield the folders of PATH that are absolute and outside the current directory and the folders `apart_from`."""
    barred = _barred(apart_from)
    for folder in (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep):
        if Path(folder).is_absolute() and not _distrusted(os.path.realpath(folder), barred):
            yield folder


def find(name: str, path: str | None = None, apart_from: Iterable[str | Path] = ()) -> str | None:
    """Return the absolute path of a program on PATH, or None.

    The current directory and the folders `apart_from` are not searched, and a link into them is not followed.
    """
    apart = [*apart_from]
    barred = _barred(apart)
    candidates = (shutil.which(str(Path(folder) / name)) for folder in safe_path(path, apart))
    return next((found for found in candidates if found and not _distrusted(os.path.realpath(found), barred)), None)


def without_network() -> tuple[str, ...] | None:
    """Return the prefix of a command that runs a program without a network, or None if the system does not allow it."""
    program, harmless = find("unshare"), find("true")
    if not sys.platform.startswith("linux") or program is None or harmless is None:
        return None
    return _isolating(program, harmless)


@functools.cache
def _isolating(program: str, harmless: str) -> tuple[str, ...] | None:
    for options in ("-n", "-rn"):
        command = (program, options, "--")
        try:
            tried = run(harmless, (), environment={}, seconds=_PROBE, most=_CHUNK, before=command)
        except ProgramError:
            continue
        if tried.status == 0:
            return command
    return None


def run(  # noqa: PLR0913 - each part of a command is stated by its caller
    program: str,
    options: Sequence[str],
    *,
    operands: Sequence[str] = (),
    environment: Mapping[str, str],
    seconds: float,
    most: int,
    folder: str | Path = os.sep,
    given: bytes = b"",
    before: Sequence[str] = (),
) -> Done:
    """Run a program to its end, in its own session, which is killed at the time limit.

    `program` is an absolute path, `operands` follow `--`, `most` limits its output in bytes, `given` is its standard input,
    `before` is the result of `without_network`. Raises ProgramError.
    """
    if not Path(program).is_absolute():
        raise ProgramError("could not be started: its path is not absolute")
    command = [*before, program, *options, *(("--", *operands) if operands else ())]
    deadline = time.monotonic() + seconds
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = strerror(error) if isinstance(error, OSError) else "its arguments cannot be passed to a program"
        raise ProgramError(f"could not be started: {reason}") from error
    try:
        return _ended(process, given, deadline, seconds, most)
    finally:
        _kill(process)
        process.wait()


def _ended(process: subprocess.Popen[bytes], given: bytes, deadline: float, seconds: float, most: int) -> Done:
    _limit_memory(process.pid)
    output, errors = _Reader(process.stdout, most, process), _Reader(process.stderr, _MOST_ERRORS)
    writer = threading.Thread(target=_write, args=(process.stdin, given), daemon=True)
    for thread in (output, errors, writer):
        thread.start()
    try:
        status = process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise TimedOut(f"had not finished after {seconds:g} s") from None
    # A child of the program may still hold the pipes.
    output.join(_LAST_OUTPUT)
    _kill(process)
    for thread in (output, errors):
        thread.join(_LAST_OUTPUT)
    if output.is_cut:
        raise ProgramError(f"wrote more than {most:,} bytes")
    return Done(status, bytes(output.data), bytes(errors.data))


class _Reader(threading.Thread):
    """Reads a pipe to its end and keeps the first `most` bytes. A program that writes more is killed if `process` is given."""

    def __init__(self, pipe: IO[bytes] | None, most: int, process: subprocess.Popen[bytes] | None = None) -> None:
        super().__init__(daemon=True)
        self.data = bytearray()
        self.is_cut = False
        self._pipe = pipe
        self._most = most
        self._process = process

    def run(self) -> None:
        """Read until the pipe ends."""
        if self._pipe is None:
            return
        with contextlib.suppress(OSError, ValueError), self._pipe:
            while chunk := self._pipe.read(_CHUNK):
                room = self._most - len(self.data)
                self.data += chunk[:room]
                if len(chunk) > room:
                    self.is_cut = True
                    if self._process is not None:
                        _kill(self._process)
                        return


def _write(pipe: IO[bytes] | None, given: bytes) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError), pipe:  # a program may end without reading its input
            pipe.write(given)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the program and everything in its session's process group."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _limit_memory(pid: int) -> None:
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - does not exist on Windows

        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (_MOST_DATA, _MOST_DATA))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
