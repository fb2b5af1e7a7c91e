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
from auditor.plan.paths import normal
from auditor.plan.problems import nearest

MAX_FILE = 64 * 1024 * 1024
MAX_TOTAL = 256 * 1024 * 1024
MAX_FILES = 5_000

# What stands where a secret would, and is none: nothing, a variable, a template, a nested mapping, a switch.
_NO_SECRET = (
    rb"(?!\"\"|''|[\r\n#,}]|\{[ \t]*[\r\n}]|\[[ \t]*[\r\n\]]"
    rb"|[\"']?(?:\{\{|\$|<|~|null\b|true\b|false\b|none\b))"
)
_SECRET_NAMES = (
    rb"(?:password|passwd|passphrase|(?<![a-z0-9])(?:token|auth|authorization|secret|api[_-]?key|account[_-]?key"
    rb"|(?:identity|registry|access|refresh|bearer)[_-]?token|(?:client|http)[_-]?secret|secret[_-]?(?:access[_-]?)?key))"
)
_SECRETS = re.compile(
    rb"^[^#\r\n]{0,4096}?(?<![/.@-])" + _SECRET_NAMES + rb"[\"']?[ \t]{0,20}[:=][ \t]{0,20}" + _NO_SECRET + rb"\S"
    rb"|(?:--?(?:src-|dest-)?(?:password|creds|registry-token|token)|\blogin\b[^\r\n]{0,200}\s-p)[ =]" + _NO_SECRET + rb"[^\s-]"
    rb"|(?<=\s)(?:-u|--user)[ =]" + _NO_SECRET + rb"[^\s:]{1,200}:" + _NO_SECRET + rb"[^\s]"
    rb"|://[^/\s:@\"']{1,200}:(?!\$)[^/\s@\"']{1,200}@"
    rb"|^kind:[ \t]*[\"']?Secret[\"']?[ \t]*\r?$|\"kind\"\s{0,20}:\s{0,20}\"Secret\"",
    re.IGNORECASE | re.MULTILINE,
)
_PEM_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]{0,200000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_KEY_MARKS = (b"PRIVATE KEY-----", b"PuTTY-User-Key-File-")
_JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
# After the outer SEQUENCE: a small version number (PKCS#1, PKCS#8, SEC1; 3 for PKCS#12), or PBES (encrypted PKCS#8).
# A certificate holds a SEQUENCE of a SEQUENCE or of a tagged version there.
_DER_KEY = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)"
    rb"(?:\x02\x01[\x00\x01\x03]|\x30(?:[\x00-\x7f]|\x81.|\x82..)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05)",
    re.DOTALL,
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


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


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
        # Without O_NONBLOCK, opening a named pipe waits for a writer.
        with open(self.folder / name, "rb", opener=_opener) as file:
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


def _as_bytes(data: bytes) -> bytes:
    """UTF-16, which Windows PowerShell writes, as UTF-8; anything else as it is."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return data


def _is_private_key(data: bytes) -> bool:
    return any(mark in data for mark in _KEY_MARKS) or data.startswith(_JAVA_KEYSTORES) or _DER_KEY.match(data) is not None


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
    data = _as_bytes(data)
    if _is_private_key(data) or _holds_encoded_key(data):
        return "it holds a private key"
    if _SECRETS.search(data):
        return "it holds credentials"
    return ""


def carried_files(plan: Plan) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The plan and the files that it names, without secrets; and `path: reason` for those that are left out."""
    kept: dict[str, bytes] = {}
    left_out: list[str] = []
    always = {plan.file, *(source.list for source in plan.images)}  # without them there is nothing to judge
    for path, data in plan.files.items():
        if path in always:
            kept[path] = data
            continue
        # A key beside its certificates is cut out; blank lines take its place, so that line numbers stay.
        clean = _PEM_KEY.sub(lambda match: b"\n" * match[0].count(b"\n"), data)
        if reason := secret_in(clean):
            left_out.append(f"{path}: {reason}")
            continue
        kept[path] = clean
        if clean != data:
            left_out.append(f"{path}: only the private key in it")
    return kept, tuple(left_out)
