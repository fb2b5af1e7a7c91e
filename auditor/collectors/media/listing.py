"""List everything below a folder: regular files, symbolic links with their targets, and what is neither."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from auditor.errors import UsageError, strerror

MAX_ENTRIES: Final = 2_000_000
MAX_DEPTH: Final = 256
_KINDS: Final = (
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class FoundFile(NamedTuple):
    """A regular file. `name` is relative with slashes; bytes that are not UTF-8 are surrogates (os.fsdecode)."""

    name: str
    path: str
    info: os.stat_result


@dataclass(slots=True)
class Medium:
    """Everything below a folder, by relative name. `unreadable` maps folders to the reason; their content is unknown."""

    files: dict[str, FoundFile] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """The size of all regular files."""
        return sum(found.info.st_size for found in self.files.values())


def list_medium(folder: Path, leave_out: frozenset[tuple[int, int]] = frozenset()) -> Medium:
    """List a folder. `leave_out` holds the device and inode of files that are not part of it.

    Raises UsageError if the folder cannot be read, or holds too much.
    """
    found = Medium()
    root = str(folder)
    left: list[tuple[str, str, int]] = [(root, "", 0)]
    count = 0
    while left:
        path, prefix, depth = left.pop()
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            if path == root:
                raise UsageError(f"{folder}: {strerror(error)}", "Name the folder of the medium.") from error
            found.unreadable[prefix.rstrip("/")] = strerror(error)
            continue
        count += len(entries)
        if count > MAX_ENTRIES or depth > MAX_DEPTH:
            limit = (
                f"more than {MAX_ENTRIES:,} entries" if count > MAX_ENTRIES else f"folders nested more than {MAX_DEPTH} deep"
            )
            raise UsageError(f"{folder}: it holds {limit}", "Name a smaller folder.")
        below = [item for entry in entries if (item := _sorted_in(entry, prefix, depth, found, leave_out)) is not None]
        left += reversed(below)
    return found


def _sorted_in(
    entry: os.DirEntry[str], prefix: str, depth: int, found: Medium, leave_out: frozenset[tuple[int, int]]
) -> tuple[str, str, int] | None:
    """Add one entry to the medium. Return the folder to list, if it is one."""
    name = prefix + entry.name
    try:
        info = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            return entry.path, f"{name}/", depth + 1
        if stat.S_ISLNK(info.st_mode):
            found.links[name] = os.readlink(entry.path)  # noqa: PTH115 - a str is wanted
        elif stat.S_ISREG(info.st_mode):
            if os.name == "nt":  # scandir gives no inode on Windows
                info = os.stat(entry.path, follow_symlinks=False)  # noqa: PTH116
            if (info.st_dev, info.st_ino) not in leave_out:
                found.files[name] = FoundFile(name, entry.path, info)
        else:
            found.others[name] = next((kind for is_it, kind in _KINDS if is_it(info.st_mode)), "a special file")
    except OSError as error:
        found.unreadable[name] = strerror(error)
    return None


def file_at(path: Path, name: str) -> FoundFile:
    """Return one file that the user named, under the name `name`. A link is followed. Raises UsageError."""
    try:
        real = path.resolve(strict=True)
        info = real.stat()
    except (OSError, RuntimeError) as error:
        reason = strerror(error) if isinstance(error, OSError) else "its links form a circle"
        raise UsageError(f"{path}: {reason}", "Name an existing file.") from error
    if not stat.S_ISREG(info.st_mode):
        raise UsageError(f"{path}: it is {'a folder' if real.is_dir() else 'not a regular file'}", "Name a file.")
    return FoundFile(name, str(real), info)
