"""Open regular files only, and list the regular files of a folder. Links are reported, never followed."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from auditor.errors import AuditorError, strerror
from auditor.oci.defects import Defect, Unusable
from auditor.oci.layouts.entries import Entry
from auditor.oci.tar import MAX_ENTRIES, EntryKind

MAX_DEPTH = 32


class UnreadableArchive(AuditorError):
    """A path that the operating system does not let us read, or that is not an archive."""


def unreadable(path: Path, error: OSError) -> UnreadableArchive:
    """Return an UnreadableArchive for an error of the operating system."""
    hint = "Name a tar file, an OCI layout, or a folder of these under `copy.archives`."
    return UnreadableArchive(f"{path}: {strerror(error)}", hint)


def open_regular(path: str, *, follow: bool = False) -> io.FileIO:
    """Return the unbuffered file. Raises OSError for a link, and for a pipe or a device instead of waiting for it."""
    kept_out = 0 if follow else getattr(os, "O_NOFOLLOW", 0)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0) | kept_out)

    handle = io.FileIO(path, "r", opener=opener)
    if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
        handle.close()
        raise OSError(0, "not a regular file", path)
    return handle


class FolderEntry(NamedTuple):
    """One entry of a folder. `name` is relative, with slashes."""

    name: str
    path: str
    info: os.stat_result


def files_below(folder: Path, depth: int = MAX_DEPTH) -> Iterator[FolderEntry]:
    """Yield everything in a folder except the folders themselves, in order. Raises Unusable if it is too much."""
    left: list[tuple[str, str, int]] = [(str(folder), "", 0)]
    count = 0
    while left:
        path, prefix, level = left.pop()
        with os.scandir(path) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        count += len(entries)
        if count > MAX_ENTRIES:
            raise Unusable("", Defect.LIMIT, f"more than {MAX_ENTRIES:,} files")
        below = []
        for entry in entries:
            name = prefix + os.fsencode(entry.name).decode("utf-8", "backslashreplace")
            if not entry.is_dir(follow_symlinks=False):
                yield FolderEntry(name, entry.path, entry.stat(follow_symlinks=False))
            elif level < depth:
                below.append((entry.path, f"{name}/", level + 1))
            else:
                raise Unusable(name, Defect.LIMIT, f"folders nested more than {depth} deep")
        left += reversed(below)


def entry_for(found: FolderEntry) -> Entry | None:
    """Return the entry for anything but a regular file; None for a regular file, whose bytes must be read."""
    mode = found.info.st_mode
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        target = os.fsencode(os.readlink(found.path)).decode("utf-8", "backslashreplace")  # noqa: PTH115 - a str is wanted
        return Entry(found.name, EntryKind.SYMLINK, target=target.replace(os.sep, "/"))
    return Entry(found.name, EntryKind.OTHER, why="is a device, a pipe or a socket")
