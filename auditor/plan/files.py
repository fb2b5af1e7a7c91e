"""The files that a plan names: found beside it, read within bounds, and carried across the gap without secrets."""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from auditor.errors import Location, Problem
from auditor.plan.model import Plan
from auditor.plan.problems import nearest

MAX_FILE = 64 * 1024 * 1024
MAX_TOTAL = 256 * 1024 * 1024
MAX_FILES = 5_000

_SECRET_KEYS = re.compile(
    rb"""["']?\b(?:password|passwd|identity_?token|registrytoken|auth|authorization|bearer_?token|secret_?key|secret)["']?\s*[:=]\s*["']?[^\s"'{\[]""",
    re.IGNORECASE,
)


class Files(Protocol):
    """Where the plan's files come from."""

    def read(self, path: str, location: Location) -> dict[str, bytes]:
        """The file, or every file of the folder, by path. Raises `FileProblem`."""
        ...


class FileProblem(Exception):
    """A file that the plan names cannot be had."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def normal(path: str) -> str:
    """A path as evidence and findings name it: `/` between parts, no `.` parts."""
    return str(PurePosixPath(path.replace("\\", "/")))


@dataclass
class DiskFiles:
    """Files beside a plan on disk."""

    folder: Path
    _total: int = 0
    _count: int = 0
    _read: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str, location: Location) -> dict[str, bytes]:
        """See `Files`. Only regular files are read, each once."""
        name = normal(path)
        found = self.folder / name
        try:
            if found.is_dir():
                return {inner: self._file(inner, location) for inner in self._walk(name, location)}
            return {name: self._file(name, location)}
        except OSError as error:
            raise FileProblem(Problem(location, f"{path}: {self._why(error)}", self._near(found))) from error

    @staticmethod
    def _why(error: OSError) -> str:
        return "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror or error)

    @staticmethod
    def _near(found: Path) -> str:
        try:
            return nearest(found.name, [entry.name for entry in found.parent.iterdir()])
        except OSError:
            return ""

    def _walk(self, name: str, location: Location) -> Iterator[str]:
        for parent, folders, names in os.walk(self.folder / name):
            folders.sort()
            for inner in sorted(names):
                path = Path(parent, inner)
                if path.is_file():
                    yield normal(str(PurePosixPath(name) / path.relative_to(self.folder / name).as_posix()))
                self._count += 1
                if self._count > MAX_FILES:
                    raise FileProblem(Problem(location, f"{name}: more than {MAX_FILES:,} files"))

    def _file(self, name: str, location: Location) -> bytes:
        if name in self._read:
            return self._read[name]
        with (self.folder / name).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileProblem(Problem(location, f"{name} is no regular file"))
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise FileProblem(Problem(location, f"{name} is larger than the {MAX_FILE:,} bytes that are read of one file"))
        self._total += len(data)
        if self._total > MAX_TOTAL:
            raise FileProblem(Problem(location, f"{name}: the plan's files are larger than {MAX_TOTAL:,} bytes together"))
        self._read[name] = data
        return data


@dataclass(frozen=True)
class CarriedFiles:
    """Files that an evidence file carries."""

    files: Mapping[str, bytes]

    def read(self, path: str, location: Location) -> dict[str, bytes]:
        """See `Files`. A file that was left out of the evidence counts as empty of evidence, not as a mistake in the plan."""
        del location
        name = normal(path)
        if name in self.files:
            return {name: self.files[name]}
        prefix = f"{name}/"
        return {inner: data for inner, data in self.files.items() if inner.startswith(prefix)}


def _is_private_key(data: bytes) -> bool:
    if b"PRIVATE KEY-----" in data:
        return True
    # PKCS#8 and SEC1 DER begin with a SEQUENCE that holds a small version number first; certificates hold a SEQUENCE there.
    if data[:1] == b"\x30" and len(data) > 8:
        length = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
        return data[length : length + 3] in {b"\x02\x01\x00", b"\x02\x01\x01"}
    return False


def _holds_encoded_key(data: bytes) -> bool:
    """Base64 of a PEM key, as Kubernetes secrets hold it."""
    for match in re.finditer(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,120}", data):
        try:
            if b"PRIVATE KEY" in base64.b64decode(match[0][: len(match[0]) // 4 * 4]):
                return True
        except binascii.Error:
            continue
    return False


def secret_in(data: bytes) -> str:
    """What kind of secret a file holds that must not be carried; empty when none was found."""
    if _is_private_key(data) or _holds_encoded_key(data):
        return "it holds a private key"
    if _SECRET_KEYS.search(data):
        return "it holds credentials"
    return ""


def carried_files(plan: Plan) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The plan and the files that it names, without secrets; and `path: reason` for those that are left out."""
    kept: dict[str, bytes] = {}
    left_out: list[str] = []
    for path, data in plan.files.items():
        if reason := secret_in(data):
            left_out.append(f"{path}: {reason}")
        else:
            kept[path] = data
    return kept, tuple(left_out)
