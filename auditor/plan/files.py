"""The files that a plan names, read from disk within limits or taken from evidence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import ClassVar, Protocol

import msgspec

from auditor.errors import Location, Problem, strerror
from auditor.plan.off_limits import HINT, is_of_the_kernel, why_off_limits
from auditor.plan.plan_paths import below, is_inside, normal
from auditor.plan.spelling import nearest
from auditor.redaction import remember_found
from auditor.text import FORBIDDEN, clean, shown

MAX_FILE = 64 * 1024 * 1024
MAX_TOTAL = 256 * 1024 * 1024
MAX_FILES = 5_000
MAX_DEPTH = 40
_RELATIVE = "paths are relative to the folder of the file that names them"


class Files(Protocol):
    """A source of the plan's files."""

    @property
    def nothing(self) -> str:
        """The message for a name under which nothing was read."""
        ...

    def read(self, path: str, location: Location) -> dict[str, bytes]:
        """Return the file, or every file of the folder, by path. Raises `FileProblem`."""
        ...

    def read_file(self, path: str, location: Location, key: str) -> dict[str, bytes]:
        """Return the file that a key of the plan names, by path. Raises `FileProblem`, also for a folder."""
        ...


class FileProblem(Exception):
    """A file that the plan names cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _near(found: Path) -> str:
    """Return the similar name in the same folder that was probably intended."""
    try:
        return clean(nearest(found.name, [entry.name for entry in found.parent.iterdir() if entry.name != found.name]))
    except OSError:
        return ""  # the folder is missing too


@dataclass
class DiskFiles:
    """Files next to a plan on disk. Each is read once. Links are followed, also into folders, but never in a circle."""

    folder: Path
    nothing: ClassVar[str] = "the folder is empty"
    _total: int = 0
    _count: int = 0
    _read: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str, location: Location) -> dict[str, bytes]:
        """See `Files`. Any unreadable file in a folder is a problem, because it may be the one that matters."""
        name = normal(path)
        self._refuse(name, location)
        try:
            names = self._walk(name, location, ()) if self._is_folder(name) else iter((name,))
            return {inner: self._file(inner, location) for inner in names}
        except OSError as error:
            raise self._problem(name, error, location) from error

    def read_file(self, path: str, location: Location, key: str) -> dict[str, bytes]:
        """See `Files`. A folder is rejected before any file in it is read."""
        name = normal(path)
        self._refuse(name, location)
        try:
            if self._is_folder(name):
                message = f"{shown(name)[1:-1]}: it is a folder, but `{key}` names one file"
                raise FileProblem(Problem(location, message, self._file_in(name)))
            return {name: self._file(name, location)}
        except OSError as error:
            raise self._problem(name, error, location) from error

    def _file_in(self, name: str) -> str:
        """Return a hint with the only file of a folder, or a general one. Reads at most two names."""
        with os.scandir(self.folder / name) as entries:
            first = [entry.name for entry in islice(entries, 2)]
        if len(first) == 1 and not FORBIDDEN.search(first[0]):
            return f"name the file in it: {clean(below(name, first[0]))}"
        return "name one of the files in it"

    def _refuse(self, name: str, location: Location) -> None:
        if why := why_off_limits(self.folder / name):
            raise FileProblem(Problem(location, f"{shown(name)[1:-1]}: {why}", HINT))

    def _is_folder(self, name: str) -> bool:
        return stat.S_ISDIR((self.folder / name).stat().st_mode)

    def _problem(self, name: str, error: OSError, location: Location) -> FileProblem:
        found = Path(error.filename or self.folder / name)
        relative = _RELATIVE if isinstance(error, FileNotFoundError) and self.folder != Path() else ""
        inner = found.relative_to(self.folder).as_posix() if found.is_relative_to(self.folder) else name
        return FileProblem(Problem(location, f"{shown(inner)[1:-1]}: {strerror(error)}", _near(found) or relative))

    def _walk(self, name: str, location: Location, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
        here = (self.folder / name).stat()
        identity = (here.st_dev, here.st_ino)
        if identity in above or len(above) > MAX_DEPTH:
            raise FileProblem(
                Problem(location, f"{shown(name)[1:-1]}: its folders are linked in a circle or nested too deeply")
            )
        for entry in sorted(entry.name for entry in (self.folder / name).iterdir()):
            inner = below(name, entry)
            self._count += 1
            if self._count > MAX_FILES:
                raise FileProblem(Problem(location, f"{shown(name)[1:-1]}: the folder holds more than {MAX_FILES:,} files"))
            if FORBIDDEN.search(entry):
                raise FileProblem(
                    Problem(
                        location, f"{shown(inner)[1:-1]}: its name has characters that cannot be encoded", "rename the file"
                    )
                )
            self._refuse(inner, location)
            if self._is_folder(inner):
                yield from self._walk(inner, location, (*above, identity))
            else:
                yield inner

    def _file(self, name: str, location: Location) -> bytes:
        if name in self._read:
            return self._read[name]
        self._refuse(name, location)
        data = self._content(name, location)
        if len(data) > MAX_FILE:
            raise FileProblem(
                Problem(
                    location,
                    f"{shown(name)[1:-1]}: it is larger than {MAX_FILE:,} bytes, the limit for one file",
                )
            )
        self._total += len(data)
        if self._total > MAX_TOTAL:
            raise FileProblem(
                Problem(
                    location,
                    f"{shown(name)[1:-1]}: it brings the plan's files to more than {MAX_TOTAL:,} bytes in total",
                )
            )
        remember_found(data)
        self._read[name] = data
        return data

    def _content(self, name: str, location: Location) -> bytes:
        # Without O_NONBLOCK, opening a named pipe waits for a writer.
        with open(self.folder / name, "rb", opener=_opener) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or is_of_the_kernel(found.st_dev):
                raise FileProblem(Problem(location, f"{shown(name)[1:-1]}: it is not a regular file"))
            return file.read(MAX_FILE + 1)


@dataclass(frozen=True)
class CarriedFiles:
    """Files in an evidence file."""

    files: Mapping[str, bytes]
    nothing: ClassVar[str] = "the evidence does not contain it"

    def read_file(self, path: str, location: Location, key: str) -> dict[str, bytes]:
        """See `Files`. Older evidence may hold a folder under that name, so it is returned as such."""
        del key
        return self.read(path, location)

    def read(self, path: str, location: Location) -> dict[str, bytes]:
        """See `Files`. A file that was left out of the evidence is not returned; the loader records it in `Plan.left_out`."""
        del location
        name = normal(path)
        return {inner: data for inner, data in self.files.items() if is_inside(inner, name)}


def left_out_name(plan_file: str) -> str:
    """Return the name of the file in evidence that lists the files that were left out."""
    return f"{plan_file}.left-out"


def downloads_name(plan_file: str) -> str:
    """Return the name of the file in evidence that lists what pods download: evidence has no commands and no variables."""
    return f"{plan_file}.pod-downloads"


def earlier_downloads_name(plan_file: str) -> str:
    """Return the name of that file of an earlier run, if this run uses its renderings."""
    return f"{downloads_name(plan_file)}-earlier"


def left_out_of(plan_file: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files that `carried_files` left out of these files, with the reasons. Raises ValueError if that record is
    damaged."""
    try:
        return msgspec.json.decode(files.get(left_out_name(plan_file), b"{}"), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise ValueError(f"the record of left-out files is damaged: {error}") from error
